"""Rows of outcomes.curve: which days are shown, and what holds of every curve."""

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

MONTH_DAYS = 30.4375
LAST_DAY = 1825
MIN_AT_RISK = 11


def grid() -> Ints:
    """The days of the curves: month ends of 30.4375 days, rounded, the last one day 1825."""
    months = np.arange(int(LAST_DAY // MONTH_DAYS) + 2) * MONTH_DAYS
    return np.unique(np.minimum(np.rint(months), LAST_DAY)).astype(np.int64)


def shown(at_risk: Ints) -> Ints:
    """The days of the grid up to the first with fewer than 11 of `at_risk` (one number a grid day)."""
    few = np.flatnonzero(at_risk < MIN_AT_RISK)
    return grid()[: few[0]] if len(few) else grid()


def limits(estimate: Floats, lower: Floats, upper: Floats, k: int, *, rising: bool) -> tuple[Floats, Floats, Floats]:
    """Estimate and limits in 0..1, monotone; a limit is opened where nothing (or everything) has happened.

    The open limit is Clopper-Pearson's for the number of clusters k.
    """
    open_limit = 0.025 ** (1.0 / k)
    upper = np.where(estimate <= 0.0, np.maximum(upper, 1.0 - open_limit), upper)
    lower = np.where(estimate >= 1.0, np.minimum(lower, open_limit), lower)
    monotone = np.maximum.accumulate if rising else np.minimum.accumulate
    estimate, lower, upper = (monotone(np.clip(values, 0.0, 1.0)) for values in (estimate, lower, upper))
    return estimate, np.minimum(lower, estimate), np.maximum(upper, estimate)


def rows(
    name: str, method: str, state: str, days: Ints, at_risk: Ints, values: tuple[Floats, Floats, Floats]
) -> pd.DataFrame:
    """Rows of one state of one curve; values are estimate, lower, upper of each day."""
    estimate, lower, upper = values
    columns = {"day": days, "state": state, "estimate": estimate, "lower": lower, "upper": upper, "n_at_risk": at_risk}
    return pd.DataFrame({"curve_name": name, **columns, "method": method})
