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
    - otherwise (lost, left or open with less follow-up): censored at the last assessment that showed her not
      restored, weight 0.
    The weight is 1 / G at the end of follow-up, where G(t) = P(still being assessed at t), Kaplan-Meier with events
    before censoring at a tie, by office where at least 200 people and 5 % followed to the horizon allow it, else of
    all others together. Weights are capped at their 99th percentile.
    """
    seen = observed(episodes)
    left = np.maximum(seen.left, time_zero) - time_zero
    right = seen.right - time_zero
    unrestored, restored = left >= horizon, right <= horizon
    straddles = ~unrestored & ~restored & np.isfinite(right)
    censored = ~unrestored & ~restored & ~straddles
    until = np.where(restored, right, np.where(censored, left, horizon))
    offices = episodes["office_id"].astype(object).where(episodes["office_id"].notna(), "").to_numpy(dtype=str)
    followed = _followed(until, censored, restored, offices, horizon)
    weight = np.where(censored, 0.0, 1.0 / followed)
    if (~censored).any():
        weight = np.minimum(weight, np.quantile(weight[~censored], CAP_QUANTILE))
    share = np.where(restored, 1.0, np.where(straddles, _share_before(left, right, horizon), 0.0))
    counts = {
        "not_restored": int(unrestored.sum()),
        "restored": int(restored.sum()),
        "straddling": int(straddles.sum()),
        "unknown": int(censored.sum()),
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


def _followed(until: Floats, censored: Bools, restored: Bools, offices: npt.NDArray[np.str_], horizon: float) -> Floats:
    """G(until-) of each person, (n,), by office where the office allows it."""
    out = np.full(len(until), np.nan)
    pooled = np.ones(len(until), dtype=bool)
    for office in np.unique(offices):
        rows = offices == office
        if rows.sum() >= MIN_OFFICE and (own := _kaplan_meier(until, censored, restored, rows, horizon)) is not None:
            out[rows], pooled[rows] = own, False
    if pooled.any():
        together = _kaplan_meier(until, censored, restored, pooled, horizon) if pooled.sum() >= MIN_OFFICE else None
        if together is None:
            everyone = _kaplan_meier(until, censored, restored, np.ones(len(until), dtype=bool), horizon, floor=0.0)
            together = np.ones(int(pooled.sum())) if everyone is None else everyone[pooled]
        out[pooled] = together
    return out


def _kaplan_meier(
    until: Floats, censored: Bools, restored: Bools, rows: Bools, horizon: float, floor: float = MIN_FOLLOWED
) -> Floats | None:
    """G(until-) of the rows, or None where too few of them are followed to the horizon."""
    last = np.where(restored, until - 0.25, np.where(censored, until, horizon + 1.0))[rows]
    fitted = aalen_johansen.fit(np.full(len(last), -np.inf), last, censored[rows].astype(np.int64), causes=1)
    if fitted.survival_at([horizon])[0] <= floor:
        return None
    return fitted.survival_at(until[rows] - 0.5)
