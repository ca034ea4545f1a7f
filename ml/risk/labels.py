"""Who was not restored in time, and how much each person counts: inverse-probability-of-censoring weights.

Robins JM, Finkelstein DM (2000), Biometrics 56:779-788; for a fixed horizon Graf E et al. (1999), Stat Med
18:2529-2545. An unknown outcome has weight 0: it is never coded as a failure.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.duration import aalen_johansen, npmle
from ml.duration.observed import observed
from ml.risk.definition import HORIZON_DAYS

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

MIN_OFFICE = 200
MIN_FOLLOWED = 0.05
CAP_QUANTILE = 0.99


@dataclass(frozen=True)
class Labels:
    """Weights of each person, (n,): as restored in time (`restored`) and as not restored in time (`unrestored`).

    Known people have one of the two, people restored in an interval around the horizon a part of each, unknown
    people none. counts: how many people each rule took.
    """

    restored: Floats
    unrestored: Floats
    counts: dict[str, int]

    @property
    def total(self) -> Floats:
        """The whole weight of each person, (n,)."""
        return self.restored + self.unrestored


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
    followed = _Followed(time, restored, known, known | (time >= horizon), horizon)
    offices = episodes["office_id"].astype(object).where(episodes["office_id"].notna(), "").to_numpy(dtype=str)
    weight = np.where(known, 1.0 / followed.by_office(offices), 0.0)
    if known.any():
        weight = np.minimum(weight, np.quantile(weight[known], CAP_QUANTILE))
    share = np.where(restored, 1.0, np.where(straddles, _share_before(left, right, horizon), 0.0))
    counts = {
        "not_restored": int(unrestored.sum()),
        "restored": int(restored.sum()),
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


@dataclass(frozen=True)
class _Followed:
    """How likely it was that each person's outcome became known. All (n,), days since time zero.

    time: restoration seen, exit or as-of; known: the outcome is; reached: restored in time, or observed to the horizon.
    """

    time: Floats
    restored: Bools
    known: Bools
    reached: Bools
    horizon: float

    def by_office(self, offices: npt.NDArray[np.str_]) -> Floats:
        """The probability of each person, (n,), by office where the office allows it."""
        out = np.ones(len(offices))
        pooled = np.ones(len(offices), dtype=bool)
        for office in np.unique(offices):
            rows = offices == office
            if rows.sum() >= MIN_OFFICE and (own := self._probability(rows)) is not None:
                out[rows], pooled[rows] = own[rows], False
        for donors in (pooled, np.ones(len(offices), dtype=bool)):
            if pooled.any() and (donors.sum() >= MIN_OFFICE or donors.all()):
                together = self._probability(donors, floor=0.0 if donors.all() else MIN_FOLLOWED)
                if together is not None:
                    out[pooled] = together[pooled]
                    break
        return out

    def _probability(self, donors: Bools, floor: float = MIN_FOLLOWED) -> Floats | None:
        """Probabilities (n,) as estimated on the donors, or None where too few of them are followed to the horizon."""
        last = np.where(self.restored, self.time - 0.25, np.where(self.reached, self.horizon + 1.0, self.time))[donors]
        start, censored = np.full(len(last), -np.inf), ~self.reached[donors]
        fitted = aalen_johansen.fit(start, last, censored.astype(np.int64), causes=1)
        open_at_horizon = donors & self.reached & ~self.restored
        again = float(self.known[open_at_horizon].mean()) if open_at_horizon.any() else 0.0
        at_horizon = float(fitted.survival_at([self.horizon])[0])
        if min(at_horizon, again) <= floor:
            return None
        return np.where(self.restored, fitted.survival_at(self.time - 0.5), at_horizon * again)
