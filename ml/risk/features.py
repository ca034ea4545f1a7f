"""What was known at the initial assessment: scores, their means, three kinds of flag, the age band; nothing else.

ml/risk/policy.py says why each may be used and what never may.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.contracts import InputError

Floats = npt.NDArray[np.float64]
FLAGS = ("missing", "not_applicable", "quarantined")
AGE_BANDS = ("0-11", "12-17", "18-24", "25-34", "35-49", "50+")


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
        """Names of the item columns: scores, then a missing, a not-applicable and a quarantined flag per domain."""
        flags = [f"{kind}:{domain}" for kind in FLAGS for domain in self.domains]
        return (*(f"score:{code}" for code in self.indicators), *flags)

    @property
    def summaries(self) -> tuple[str, ...]:
        """Names of the columns that stand beside the items: domain means, the total, age bands."""
        return (*(f"domain:{domain}" for domain in self.domains), "total", *(f"age:{band}" for band in AGE_BANDS))

    def columns(self, domain: str) -> list[int]:
        """Positions of all item columns of one domain: its scores and its flags."""
        scores = [j for j, name in enumerate(self.domain_of) if name == domain]
        at, size = self.domains.index(domain), len(self.domains)
        return [*scores, *(len(self.indicators) + kind * size + at for kind in range(len(FLAGS)))]

    def rung(self, rung: str) -> tuple[str, ...]:
        """Names of the columns that a rung of the ladder uses."""
        if rung in ("indicators", "boosting"):
            return self.names
        kinds = {"intercept": (), "total_age": ("total", "age"), "domains": ("domain",)}[rung]
        return tuple(name for name in self.summaries if name.partition(":")[0] in kinds)


def layout(scores: pd.DataFrame) -> Layout:
    """The items in rows of aso.fct_score. Raises InputError when an indicator is in two domains."""
    pairs = scores[["domain_code", "indicator_code"]].drop_duplicates()
    pairs = pairs.astype(str).sort_values(["domain_code", "indicator_code"])
    if twice := int(pairs["indicator_code"].duplicated().sum()):
        raise InputError(f"column domain_code: {twice:,} indicators are in more than one domain")
    return Layout(tuple(pairs["indicator_code"]), tuple(pairs["domain_code"]))


def features(scores: pd.DataFrame, assessments: pd.Series, items: Layout) -> Floats:
    """(n, p) with the columns of `items.names`, one row per key in `assessments`; scores are rows of aso.fct_score.

    An unscored item (missing, not applicable or quarantined) takes the mean of the person's own scored items of its domain, NaN
    when there is none (`model.fit` then takes the mean of the training rows). A flag of a domain says 1 when any item of it is so;
    an item without a row is missing. Raises InputError when an item is there twice.
    """
    n, width = len(assessments), len(items.indicators)
    row = pd.Index(assessments).get_indexer(pd.Index(scores["assessment_key"]))
    column = pd.Index(items.indicators).get_indexer(pd.Index(scores["indicator_code"].astype(object)))
    kept = (row >= 0) & (column >= 0)
    cell = row[kept] * width + column[kept]
    if twice := len(cell) - len(np.unique(cell)):
        raise InputError(f"column indicator_code: {twice:,} rows repeat an item of an assessment")
    score, said = np.full(n * width, np.nan), np.zeros((len(FLAGS), n * width), dtype=bool)
    status = scores["score_status"].astype(object).to_numpy()[kept]
    score[cell] = np.where(status == "scored", scores["score"].astype("float64").to_numpy()[kept], np.nan)
    for kind in (1, 2):
        said[kind, cell] = status == FLAGS[kind]
    said[0] = np.isnan(score) & ~said[1] & ~said[2]
    return _assemble(score.reshape(n, width), said.reshape(len(FLAGS), n, width), items)


def with_summaries(x: Floats, items: Layout, age_band: pd.Series) -> Floats:
    """(n, p) with the columns of `items.names` and `items.summaries`: domain means and total are of scored items; NaN when none is."""
    means = np.full((len(x), len(items.domains)), np.nan)
    for at, domain in enumerate(items.domains):
        own = [j for j in items.columns(domain) if j < len(items.indicators)]
        means[:, at] = x[:, own].mean(axis=1)  # an unscored item holds the mean of the scored ones
    n_known = (~np.isnan(means)).sum(axis=1)
    total = np.where(n_known > 0, np.nansum(means, axis=1) / np.maximum(n_known, 1), np.nan)
    bands = age_band.astype(object).to_numpy()[:, None] == np.array(AGE_BANDS, dtype=object)[None, :]
    return np.column_stack([x, means, total, bands.astype(np.float64)])


def _assemble(score: Floats, said: npt.NDArray[np.bool_], items: Layout) -> Floats:
    out = np.empty((len(score), len(items.names)))
    for domain in items.domains:
        columns = items.columns(domain)
        own, flags = columns[: -len(FLAGS)], columns[-len(FLAGS) :]
        known = ~np.isnan(score[:, own])
        n_known = known.sum(axis=1)
        mean = np.where(n_known > 0, np.nansum(score[:, own], axis=1) / np.maximum(n_known, 1), np.nan)
        out[:, own] = np.where(known, score[:, own], mean[:, None])
        for kind, column in enumerate(flags):
            out[:, column] = said[kind][:, own].any(axis=1)
    return out
