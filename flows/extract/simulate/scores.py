"""Item scores of every form, so that what the form says about restoration is what was meant."""

import numpy as np

from flows.extract.simulate.codes import DOMAIN_ITEMS, INDICATORS
from flows.extract.simulate.frame import Column, Frame
from flows.extract.simulate.mechanism import keep_below
from flows.extract.simulate.parameters import Parameters
from flows.extract.simulate.visits import INITIAL

MISSING, NOT_APPLICABLE, ABSENT = 0, -1, -2
"""What stands in the score matrix where no score does; `ABSENT`: the item has no row."""
SOMETIMES_NOT_APPLICABLE = {"LEG2": 0.10, "ECO3": 0.12}
"""Items that do not apply to some people at all, and to how many; never the first of a domain, one a domain."""
_ITEMS_NEEDED = (2, 2, 3, 3, 2, 2)


def score_forms(parameters: Parameters, rng: np.random.Generator, stays: Frame, forms: Frame) -> Column:
    """Scores of all forms, forms x 20, int8: 1 to 4, or one of the marks above.

    The form at intake shows the needs at intake; later ones move towards the aims and reach them at restoration.
    A form that says restored has every domain mean at 3 or more; one that does not has its weakest domain below 3.
    """
    scores = _levels(rng, stays, forms)
    marks = _gaps(parameters, rng, stays, forms)
    is_scored = marks == 1
    for items in DOMAIN_ITEMS:
        block = scores[:, items]
        total = np.where(is_scored[:, items], block, 0).sum(axis=1)
        low = forms["restored"] & (total < 3 * is_scored[:, items].sum(axis=1))
        block[low] = np.maximum(block[low], 3)
    keep_below(scores, stays["weakest"][forms["owner"]], ~forms["restored"])
    return np.where(is_scored, scores, marks)


def _levels(rng: np.random.Generator, stays: Frame, forms: Frame) -> Column:
    owner = forms["owner"]
    base = stays["base"][owner].astype(np.float32)
    progress = np.clip(forms["day"] / stays["restored_day"][owner], 0, 1).astype(np.float32)
    progress = np.where(forms["kind"] == INITIAL, 0, progress)
    noise = rng.standard_normal(base.shape, dtype=np.float32)
    noise *= np.where(forms["kind"] == INITIAL, 0.0, 0.35).astype(np.float32)[:, None]
    level = base + (stays["target"][owner] - base) * progress[:, None] + noise
    return np.clip(np.rint(level), 1, 4).astype(np.int8)


def _gaps(parameters: Parameters, rng: np.random.Generator, stays: Frame, forms: Frame) -> Column:
    """1 where an item is scored, else a mark; five domains and the weakest one are scored unless the form is sparse."""
    n = len(forms["owner"])
    u = rng.random((n, len(INDICATORS)), dtype=np.float32)
    share = parameters.missing_item_share
    marks = np.where(u < share, MISSING, 1).astype(np.int8)
    for domain, items in enumerate(DOMAIN_ITEMS):
        is_weakest = stays["weakest"][forms["owner"]] == domain
        marks[is_weakest, items] = 1
    for code, _ in SOMETIMES_NOT_APPLICABLE.items():
        item = INDICATORS.index(code)
        marks[stays[f"no_{code}"][forms["owner"]], item] = NOT_APPLICABLE
    enough = np.stack([(marks[:, i] == 1).sum(axis=1) for i in DOMAIN_ITEMS], axis=1) >= _ITEMS_NEEDED
    too_few = enough.sum(axis=1) < 5
    marks[too_few] = np.where(marks[too_few] == MISSING, 1, marks[too_few])
    _make_sparse(rng, marks, forms["sparse"])
    marks[(marks == MISSING) & (u < share * parameters.absent_row_share)] = ABSENT
    return marks


def _make_sparse(rng: np.random.Generator, marks: Column, sparse: Column) -> None:
    which = np.flatnonzero(sparse)
    first = rng.integers(0, 6, len(which))
    for domain, items in enumerate(DOMAIN_ITEMS):
        rows = which[((domain - first) % 6) < 2]
        block = marks[rows, items]
        marks[rows, items] = np.where(block == 1, MISSING, block)
