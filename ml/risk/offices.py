"""What a programme's offices add to a person's log odds: an intercept each, shrunken to none. It keeps predictions right in every office.

It is estimated on held-out log odds after the model is fitted, so that it is no predictor: the model's coefficients do not know the
office. Variances are clustered; between-office variance by moments: DerSimonian R, Laird N (1986), Control Clin Trials 7:177-188.
"""

import numpy as np
import numpy.typing as npt

from ml.risk.labels import Labels
from ml.risk.model import probability

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Names = npt.NDArray[np.str_]

MIN_OFFICE = 50


def intercepts(linear: Floats, labels: Labels, group: Ints, offices: Names) -> dict[str, float]:
    """The shrunken log odds that each office of 50 known people adds to held-out log odds (n,); group (n,): cluster codes."""
    known = labels.total > 0
    names, sizes = np.unique(offices[known], return_counts=True)
    found = {}
    for name in names[sizes >= MIN_OFFICE]:
        rows = known & (offices == name)
        if min((labels.event[rows] > 0).sum(), (labels.other[rows] > 0).sum()) >= 5:
            found[str(name)] = _own(linear[rows], labels.take(rows), group[rows])
    if len(found) < 2:
        return {}
    shift, variance = (np.array(column) for column in zip(*found.values(), strict=True))
    weight = 1.0 / variance
    centre = (weight * shift).sum() / weight.sum()
    excess = (weight * (shift - centre) ** 2).sum() - (len(shift) - 1)
    between = max(0.0, excess / (weight.sum() - (weight**2).sum() / weight.sum()))
    return {name: float(one * between / (between + v)) for name, one, v in zip(found, shift, variance, strict=True)}


def held_out(linear: Floats, labels: Labels, group: Ints, offices: Names, fold: Ints) -> Floats:
    """What each person's office adds (n,), estimated without her fold."""
    out = np.zeros(len(linear))
    for k in np.unique(fold):
        rows = fold != k
        out[fold == k] = added(
            offices[fold == k], intercepts(linear[rows], labels.take(rows), group[rows], offices[rows])
        )
    return out


def added(offices: Names, found: dict[str, float]) -> Floats:
    """What each person's office adds (n,); 0 for an office that has no intercept."""
    return np.array([found.get(str(name), 0.0) for name in offices], dtype=np.float64)


def _own(linear: Floats, labels: Labels, group: Ints) -> tuple[float, float]:
    shift = 0.0
    for _ in range(30):
        p = probability(linear + shift)
        step = (labels.event - labels.total * p).sum() / max((labels.total * p * (1 - p)).sum(), 1e-9)
        shift += float(np.clip(step, -1.0, 1.0))
        if abs(step) < 1e-9:
            break
    p = probability(linear + shift)
    _, code = np.unique(group, return_inverse=True)
    scores = np.bincount(code, weights=labels.event - labels.total * p)
    bend = max(float((labels.total * p * (1 - p)).sum()), 1e-9)
    return shift, max(float((scores**2).sum()) / bend**2, 1e-6)
