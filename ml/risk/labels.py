"""Who was not restored in time, and how much each person counts.

Restoration happens between two assessments, so that it is known only within an interval.
 An unknown outcome has weight 0: it is never coded as a failure.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.duration import npmle
from ml.duration.observed import observed
from ml.risk.definition import HORIZON_DAYS
from ml.risk.followed import Followed, capped, offices_of

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Labels:
    """Weights of each person, (n,): as one who had the outcome (`event`) and as one who had not (`other`).

    Known people have one of the two, people restored in an interval around the horizon a part of each, unknown
    people none. counts: how many people each rule took.
    """

    other: Floats
    event: Floats
    counts: dict[str, int]

    @property
    def total(self) -> Floats:
        """The whole weight of each person, (n,)."""
        return self.other + self.event

    def take(self, rows: npt.NDArray[Any]) -> "Labels":
        """The same for some rows, bool or positions; without counts."""
        return Labels(self.other[rows], self.event[rows], {})


def eligible(episodes: pd.DataFrame, time_zero: Floats) -> Bools:
    """(n,): observed from time zero on and not yet seen restored then, so that the question is open."""
    seen = episodes["restored_right_day"].astype("float64").to_numpy()
    entry = episodes["entry_day"].astype("float64").to_numpy()
    return np.asarray(~(seen <= time_zero) & (entry <= time_zero))


def label(episodes: pd.DataFrame, time_zero: Floats, *, horizon: float = HORIZON_DAYS) -> Labels:
    """Labels of eligible episodes (columns of core.fct_episode); time_zero (n,) in days since intake.

    With tau = time zero + horizon, in this order:
    - assessed as not restored on or after tau: not restored (whatever came later);
    - seen restored on or before tau: restored;
    - last seen unrestored before tau, first seen restored after it: restored by tau with the probability that the
      NPMLE of all people gives to that part of the interval, not restored with the rest;
    - otherwise (lost, left or open with less follow-up, or not assessed again since tau): unknown, weight 0.
    Weights: G(t) = P(still observed at t), Kaplan-Meier of exit and as-of, events before censoring at a tie. Restored:
    1 / G(the day it was seen, or of exit if earlier). Assessed after tau: 1 / (G(tau) * c), where c is the share
    assessed again among those observed at tau and not seen restored by then: these stand for the others, not for
    failures. G and c are of the office where 200 people and 5 % for each allow it, else of all other offices together.
    Weights are capped at their 99th percentile.
    """
    seen = observed(episodes)
    left = np.maximum(seen.left, time_zero) - time_zero
    right, time = seen.right - time_zero, np.maximum(seen.time - time_zero, 0.0)
    unrestored, restored = left >= horizon, ~(left >= horizon) & (right <= horizon)
    straddles = ~unrestored & ~restored & np.isfinite(right)
    known = unrestored | restored | straddles
    followed = Followed(time, restored, known, known | (time >= horizon), horizon)
    offices = offices_of(episodes)
    weight = capped(known, followed.by_office(offices))
    share = np.where(restored, 1.0, np.where(straddles, _share_before(left, right, horizon), 0.0))
    counts = {
        "event": int(unrestored.sum()),
        "other": int(restored.sum()),
        "straddling": int(straddles.sum()),
        "unknown": int((~known).sum()),
    }
    return Labels(weight * share, weight * (1.0 - share), counts)


def _share_before(left: Floats, right: Floats, horizon: float) -> Floats:
    """P(restored by the horizon | restored in (left, right]), (n,), by the NPMLE of all intervals."""
    if not len(left):
        return np.zeros(0)
    fitted = npmle.fit(left, right, tol=1e-3)
    low, high = fitted.survival_at(left, "linear"), fitted.survival_at(right, "linear")
    middle = fitted.survival_at([horizon], "linear")[0]
    mass = np.where(np.isfinite(right), low - high, 0.0)
    even = (horizon - left) / np.where(np.isfinite(right), right - left, np.inf)
    return np.clip(np.where(mass > 1e-9, (low - middle) / np.maximum(mass, 1e-9), even), 0.0, 1.0)
