"""Assessments that come sooner or later because of how she is: how far they do, and what follows when that is undone.

The panel likelihood takes the days of assessments as given. Where they depend on the last score, a fit in which each stretch
between two assessments counts by the inverse of how likely its assessment was made then is right for everybody: Lin H,
Scharfstein DO, Rosenheck RA (2004), J R Stat Soc B 66:791-813; Buzkova P, Lumley T (2007), Can J Stat 35:485-500.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.duration import panel
from ml.duration.hazard import NEVER
from ml.duration.panel import Part, Watched
from ml.duration.stays import Stays

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

TRIM = (1.0, 99.0)  # percentiles of the weights
SCORE_STEP = 0.1  # points of the total; scores this close are one pattern of assessments
LEAST_VISITS = 50


@dataclass(frozen=True)
class Stretches:
    """Stretches between two assessments of stays that are used, (m,): of each stay, in order of time.

    row: the stay; (begin, end]: the days; is_seen: found restored at its end; total and number: of the assessment it begins
    with, NaN and 0 where it begins at intake without one; total_at_end, number_at_end: of the one it ends with. Numbers
    count the scored assessments of the stay from 1.
    """

    row: Ints
    begin: Ints
    end: Ints
    is_seen: Bools
    total: Floats
    number: Ints
    total_at_end: Floats
    number_at_end: Ints

    def watched(self, weight: Floats) -> Watched:
        """The same as observations of restoration, each counting by its weight (m,)."""
        left = np.where(self.is_seen, self.begin, self.end)
        return Watched(self.row, self.begin, left, np.where(self.is_seen, self.end, NEVER), weight)


@dataclass(frozen=True)
class Timing:
    """How the days of assessments go with the last score: log ratio of their rate a point, its standard error, visits."""

    log_ratio: float
    error: float
    n: int


def stretches(seen: Stays, episode_key: pd.Series, visits: pd.DataFrame) -> Stretches:
    """The stretches of stays that are used, (n,), with their episode_key, and visits (episode_key, day, total).

    With weights of 1 they say of restoration what the stays say: their likelihoods add up to that of the stay.
    """
    row = pd.Index(episode_key).get_indexer(pd.Index(visits["episode_key"]))
    day, total = np.maximum(visits["day"].to_numpy(np.int64), 0), visits["total"].to_numpy(np.float64)
    known = row >= 0
    row, day, total = row[known], day[known], total[known]
    bound = np.minimum(seen.left, seen.stop)
    inside = (day >= seen.start[row]) & (day <= bound[row])
    stays, is_seen = np.arange(len(seen.used)), seen.right < NEVER
    ends = seen.left > seen.start
    frame = pd.DataFrame(
        {
            "row": np.concatenate([row[inside], stays, stays[ends], stays[is_seen]]),
            "day": np.concatenate([day[inside], seen.start, seen.left[ends], seen.right[is_seen]]),
            "total": np.concatenate([total[inside], np.full(len(stays) + ends.sum() + is_seen.sum(), np.nan)]),
        }
    )
    nodes = frame.groupby(["row", "day"], as_index=False)["total"].max()
    number = nodes["total"].notna().groupby(nodes["row"]).cumsum().where(nodes["total"].notna(), 0)
    at, when, score, which = (
        np.asarray(one) for one in (nodes["row"], nodes["day"], nodes["total"], number.astype("int64"))
    )
    same = at[1:] == at[:-1]
    row, end = at[:-1][same], when[1:][same]
    return Stretches(
        row, when[:-1][same], end, end == seen.right[row],
        score[:-1][same], which[:-1][same], score[1:][same], which[1:][same],
    )  # fmt: skip


def timing(seen: Stays, found: Stretches, cluster: Ints) -> Timing | None:
    """How much sooner the next assessment comes a point of the last total score, of stays found not restored and in care.

    A proportional effect on a smooth hazard of the days since the last assessment, beside one of its being the first; None
    where fewer than 50 assessments followed another.
    """
    gaps = _gaps(seen, found)
    n = int(gaps["is_made"].sum())
    if n < LEAST_VISITS or np.ptp(gaps["total"]) < SCORE_STEP:
        return None
    days, made = gaps["days"].to_numpy(np.int64), gaps["is_made"].to_numpy(bool)
    x = np.column_stack(
        [SCORE_STEP * np.round((gaps["total"] - gaps["total"].mean()) / SCORE_STEP), gaps["number"] == 1]
    )
    left, right, once = np.where(made, days - 1, days), np.where(made, days, NEVER), np.ones(len(x))
    watched = Watched(np.arange(len(x)), np.zeros(len(x), np.int64), left, right, once)
    codes = np.unique(cluster[gaps["row"]], return_inverse=True)[1].astype(np.int64)
    part = Part.of(watched, x, codes, int(days.max()), pooled=False)
    if not part.fitted.converged:
        return None
    k = len(part.fitted.theta) - 2
    return Timing(float(part.fitted.theta[k]), float(np.sqrt(max(panel.sandwich([part])[k, k], 0.0))), n)


def weights(found: Stretches, rate: Timing) -> Floats:
    """How much each stretch counts, (m,): the inverse of the rate of its assessment by the score before it, mean 1."""
    known = ~np.isnan(found.total)
    centred = np.where(known, found.total - found.total[known].mean(), 0.0)
    weight = np.exp(-rate.log_ratio * centred)
    low, high = np.percentile(weight[known], TRIM)
    return np.where(known, np.clip(weight, low, high) / np.clip(weight, low, high)[known].mean(), 1.0)


def _gaps(seen: Stays, found: Stretches) -> pd.DataFrame:
    """Days from each scored assessment in care to the next, or to the end of watching where none was made by then."""
    last = np.ones(len(found.row), dtype=bool)
    last[:-1] = found.row[1:] != found.row[:-1]
    waits = last & ~found.is_seen & (seen.stop[found.row] > found.end)
    made = {"row": found.row, "days": found.end - found.begin, "total": found.total, "number": found.number}
    still = {
        "row": found.row[waits],
        "days": (seen.stop[found.row] - found.end)[waits],
        "total": found.total_at_end[waits],
        "number": found.number_at_end[waits],
    }
    both = pd.concat([pd.DataFrame(made).assign(is_made=True), pd.DataFrame(still).assign(is_made=False)])
    return both[both["total"].notna()].reset_index(drop=True)
