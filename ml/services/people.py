"""Who is asked about, and what is known of each at the start: one row an episode."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml import resampling
from ml.duration.stays import Stays, stays

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

DOMAINS = ("saf", "leg", "men", "eco", "soc", "phy")
MONTH_DAYS = 30.4375
MIN_LEVEL = 25  # episodes: smaller groups of a covariate are one group


@dataclass(frozen=True)
class People:
    """Episodes in the order of the frame, (n,) each.

    seen: what each stay says (ml.duration.stays). start: day of the first assessment that found her not restored, from
    which she counts; eligible: by the rule that every question shares. end: first day that says nothing more: out of
    care, after as_of, or seen restored. first (n, 6): domain means of the first assessment, NaN where not scored.
    """

    seen: Stays
    start: Ints
    end: Ints
    eligible: Bools
    first: Floats
    design: Floats
    names: tuple[str, ...]
    office: npt.NDArray[np.str_]
    cluster: Ints


def people(episodes: pd.DataFrame, unrestored: pd.DataFrame, initial: pd.DataFrame) -> People:
    """Episodes with what is known at the start. `initial` has episode_key and the six domain means.

    Eligible: recorded from intake on, found in care and not restored by day 60, not seen restored before that.
    """
    seen = stays(episodes, unrestored)
    row = pd.Index(episodes["episode_key"]).get_indexer(pd.Index(unrestored["episode_key"]))
    day = unrestored["day"].to_numpy(dtype=np.int64)[row >= 0]
    start = np.full(len(episodes), 10**6, dtype=np.int64)
    np.minimum.at(start, row[row >= 0], np.maximum(day, 0))
    end = np.minimum(seen.stop, seen.right)
    late = episodes["entry_day"].to_numpy(dtype=np.int64) > 0
    eligible = ~late & (start <= 60) & (start < end)
    at = pd.Index(initial["episode_key"]).get_indexer(pd.Index(episodes["episode_key"]))
    scored = initial[list(DOMAINS)].to_numpy(dtype=np.float64)
    first = np.full((len(episodes), len(DOMAINS)), np.nan)
    first[at >= 0] = scored[at[at >= 0]]
    design, names = _design(episodes, first, eligible)
    office = episodes["office_id"].fillna("").to_numpy(dtype=str)
    cluster = resampling.clusters(episodes).code
    return People(seen, start, end, eligible, first, design, names, office, cluster)


def filled(scores: Floats, by: Floats) -> Floats:
    """Scores (r, 6) with means of each column (6,) in place of NaN."""
    return np.where(np.isnan(scores), by, scores)


def average(first: Floats, eligible: Bools) -> Floats:
    """Means of each domain among the eligible, (6,); 2.5, the middle of the scale, where nobody was scored."""
    known = ~np.isnan(first) & eligible[:, None]
    total = np.where(known, first, 0.0).sum(axis=0)
    return np.asarray(np.where(known.any(axis=0), total / np.maximum(known.sum(axis=0), 1), 2.5))


def _design(episodes: pd.DataFrame, first: Floats, eligible: Bools) -> tuple[Floats, tuple[str, ...]]:
    """Covariates of the start, (n, p), scores in points around their mean, and their names."""
    mean = average(first, eligible)
    parts: list[Floats] = list((filled(first, mean) - mean).T)
    names = [f"{domain}_first" for domain in DOMAINS]
    parts.append(np.isnan(first).sum(axis=1).astype(np.float64))
    names.append("domains_missing_first")
    parts.append((episodes["episode_number"].to_numpy() > 1).astype(np.float64))
    names.append("later_stay")
    years = pd.to_numeric(episodes["intake_quarter"].str.slice(0, 4), errors="coerce").to_numpy(dtype=np.float64)
    known = years[eligible & ~np.isnan(years)]
    middle = float(known.mean()) if len(known) else 0.0
    parts.append(np.where(np.isnan(years), 0.0, years - middle))
    names.append("intake_year")
    for column in ("office_id", "casework_type", "age_band", "gender"):
        for level, is_level in _levels(episodes[column], eligible):
            parts.append(is_level.astype(np.float64))
            names.append(f"{column}={level}")
    return np.column_stack(parts), tuple(names)


def _levels(values: pd.Series, eligible: Bools) -> list[tuple[str, Bools]]:
    """Levels that get a column: all large enough, without the largest, which is the reference."""
    text = values.fillna("").to_numpy(dtype=str)
    names, counts = np.unique(text[eligible], return_counts=True)
    large = names[counts >= MIN_LEVEL]
    if not len(large):
        return []
    reference = names[np.argmax(counts)]
    return [(str(level), np.asarray(text == level)) for level in large if level != reference]
