"""What was known at the initial assessment: item scores and two kinds of flag, nothing else.

No protected attribute, no partner or office, no "ever" flag, no count over the stay (privacy: feature policy).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.contracts import InputError

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Layout:
    """Which items there are, and the domain of each, sorted by domain then code."""

    indicators: tuple[str, ...]
    domain_of: tuple[str, ...]

    @property
    def domains(self) -> tuple[str, ...]:
        """The domains, sorted."""
        return tuple(sorted(set(self.domain_of)))

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the feature columns: scores, then a missing and a not-applicable flag per domain."""
        flags = [f"{kind}:{domain}" for kind in ("missing", "not_applicable") for domain in self.domains]
        return (*(f"score:{code}" for code in self.indicators), *flags)

    def columns(self, domain: str) -> list[int]:
        """Positions of all feature columns of one domain: its scores and its flags."""
        scores = [j for j, name in enumerate(self.domain_of) if name == domain]
        at, size = self.domains.index(domain), len(self.domains)
        return [*scores, len(self.indicators) + at, len(self.indicators) + size + at]


def layout(scores: pd.DataFrame) -> Layout:
    """The items in rows of aso.fct_score. Raises InputError when an indicator is in two domains."""
    pairs = scores[["domain_code", "indicator_code"]].drop_duplicates()
    pairs = pairs.astype(str).sort_values(["domain_code", "indicator_code"])
    if twice := int(pairs["indicator_code"].duplicated().sum()):
        raise InputError(f"column domain_code: {twice:,} indicators are in more than one domain")
    return Layout(tuple(pairs["indicator_code"]), tuple(pairs["domain_code"]))


def features(scores: pd.DataFrame, assessments: pd.Series, items: Layout) -> Floats:
    """(n, p) with the columns of `items.names`, one row per key in `assessments`; scores are rows of aso.fct_score.

    An unscored item (missing or not applicable) takes the mean of the person's own scored items of its domain, NaN
    when there is none (`model.fit` then takes the mean of the training rows). `missing:` and `not_applicable:` say 1
    when any item of the domain is so; an item without a row is missing. Raises InputError when an item is there twice.
    """
    n, width = len(assessments), len(items.indicators)
    row = pd.Index(assessments).get_indexer(pd.Index(scores["assessment_key"]))
    column = pd.Index(items.indicators).get_indexer(pd.Index(scores["indicator_code"].astype(object)))
    kept = (row >= 0) & (column >= 0)
    cell = row[kept] * width + column[kept]
    if twice := len(cell) - len(np.unique(cell)):
        raise InputError(f"column indicator_code: {twice:,} rows repeat an item of an assessment")
    score, absent = np.full(n * width, np.nan), np.zeros(n * width, dtype=bool)
    status = scores["score_status"].astype(object).to_numpy()[kept]
    score[cell] = np.where(status == "scored", scores["score"].astype("float64").to_numpy()[kept], np.nan)
    absent[cell] = status == "not_applicable"
    return _assemble(score.reshape(n, width), absent.reshape(n, width), items)


def _assemble(score: Floats, absent: npt.NDArray[np.bool_], items: Layout) -> Floats:
    missing = np.isnan(score) & ~absent
    out = np.empty((len(score), len(items.names)))
    for domain in items.domains:
        *own, miss, skip = items.columns(domain)
        known = ~np.isnan(score[:, own])
        n_known = known.sum(axis=1)
        mean = np.where(n_known > 0, np.nansum(score[:, own], axis=1) / np.maximum(n_known, 1), np.nan)
        out[:, own] = np.where(known, score[:, own], mean[:, None])
        out[:, miss], out[:, skip] = missing[:, own].any(axis=1), absent[:, own].any(axis=1)
    return out
