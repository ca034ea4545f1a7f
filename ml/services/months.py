"""Months in care of the people asked about: what was known before each, and which services fell into it."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.contracts import InputError
from ml.services.people import DOMAINS, MONTH_DAYS, People, average, filled

Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

LAGS = 3
KNOTS = np.log1p(np.array([1.0, 6.0, 14.0, 30.0, 60.0]))


@dataclass(frozen=True)
class Months:
    """Rows are months in care before restoration was seen, by episode and month, (r,) each.

    episode: row of `people`; month: from 0; offset (n,): row of each episode's month 0, -1 where she has none.
    known (r, 7): six domain means known before the month, in points around the mean at intake, and how many are not
    known; a mean that is not known is that of the first assessment.
    """

    episode: Ints
    month: Ints
    offset: Ints
    known: Singles
    recent: dict[str, Singles]

    def lag(self, values: Bools, before: Bools, k: int) -> Bools:
        """Values (r,) of k months earlier; `before` (n, LAGS): those of months -1, -2, -3 of each episode."""
        rows = np.arange(len(values)) - k
        inside = self.month >= k
        out = np.empty(len(values), dtype=bool)
        out[inside] = values[rows[inside]]
        late = ~inside
        out[late] = before[self.episode[late], k - self.month[late] - 1]
        return out


def months(asked: People, table: pd.DataFrame) -> Months:
    """The months of eligible people, up to the end of what each stay says.

    `table`, sorted by episode (row of the episodes' frame) and month: <domain>_before, and n_all, n_health, n_community,
    n_legal: delivered services of the three months before. Raises InputError where months of a stay are missing.
    """
    episode = table["episode"].to_numpy(dtype=np.int64)
    month = table["month"].to_numpy(dtype=np.int64)
    kept = asked.eligible[episode] & (month * MONTH_DAYS < asked.end[episode])
    episode, month = episode[kept], month[kept]
    starts = np.flatnonzero(month == 0)
    offset = np.full(len(asked.start), -1, dtype=np.int64)
    offset[episode[starts]] = starts
    wrong = int((offset[episode] + month != np.arange(len(month))).sum())
    if wrong:
        raise InputError(f"column month: {wrong:,} of {len(month):,} rows do not follow the month before")
    mean = average(asked.first, asked.eligible)
    scores = table[[f"{domain}_before" for domain in DOMAINS]].to_numpy(dtype=np.float32)[kept]
    first = filled(asked.first, mean).astype(np.float32)
    unknown = np.isnan(scores)
    now = np.where(unknown, first[episode], scores) - mean.astype(np.float32)
    known = np.column_stack([now, unknown.sum(axis=1).astype(np.float32)])
    every = table["n_all"].to_numpy(dtype=np.float32)[kept]
    recent = {
        name: np.log1p(every - table[f"n_{name}"].to_numpy(dtype=np.float32)[kept])
        for name in ("health", "community", "legal")
    }
    return Months(episode, month, offset, known, recent)


def given(rows: Months, n: int, episode: Ints, day: Ints) -> tuple[Bools, Bools, Bools]:
    """If a service fell into each month (r,); into the months -1, -2, -3 (n, LAGS); and at any time before intake (n,)."""
    month = np.floor(day / MONTH_DAYS).astype(np.int64)
    inside = (month >= 0) & (rows.offset[episode] >= 0)
    at = rows.offset[episode[inside]] + month[inside]
    within = (at < len(rows.episode)) & (rows.episode[np.minimum(at, len(rows.episode) - 1)] == episode[inside])
    in_month = np.zeros(len(rows.episode), dtype=bool)
    in_month[at[within]] = True
    before = np.zeros((n, LAGS), dtype=bool)
    just = (month < 0) & (month >= -LAGS)
    before[episode[just], -month[just] - 1] = True
    ever = np.zeros(n, dtype=bool)
    ever[episode[month < 0]] = True
    return in_month, before, ever


def running(rows: Months, values: Floats, first: Ints) -> Floats:
    """Sums of values (r,) within the episode from month `first` (n,) up to and including each row; 0 before it."""
    counted = np.where(rows.month >= first[rows.episode], values, 0.0)
    total = np.cumsum(counted)
    base = rows.offset[rows.episode]
    return np.asarray(total - total[base] + counted[base])


def spline(month: Ints) -> Singles:
    """A restricted cubic spline of log(month + 1) with five fixed knots, (r, 4)."""
    axis = np.log1p(np.maximum(month, 0))
    last, before_last = KNOTS[-1], KNOTS[-2]

    def cube(knot: float) -> Floats:
        return np.asarray(np.maximum(axis - knot, 0.0) ** 3)

    bent = [
        cube(knot)
        - cube(before_last) * (last - knot) / (last - before_last)
        + cube(last) * (before_last - knot) / (last - before_last)
        for knot in KNOTS[:-2]
    ]
    return np.column_stack([axis - 2.0, *bent]).astype(np.float32)
