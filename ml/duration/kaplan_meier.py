"""Kaplan-Meier in numbers: medians and restricted means with late entry, and how long people have been followed. As R gives them."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ml.duration import aalen_johansen

Z = 1.959964


@dataclass(frozen=True)
class Median:
    """The median and its 95 % limits in the unit of the times; None where the curve, or its limit, does not come to a half."""

    estimate: float | None
    lower: float | None
    upper: float | None


def median(entry: npt.ArrayLike, time: npt.ArrayLike, event: npt.ArrayLike) -> Median:
    """The median time to an event; at risk on (entry, time]. As `survival::survfit`, limits on the log scale (its default)."""
    curve = aalen_johansen.fit(entry, time, np.asarray(event, dtype=np.int64), causes=1)
    positive = np.maximum(curve.survival, 1e-300)
    reach = np.exp(Z * curve.survival_se / positive)
    upper = np.where(curve.survival > 0, np.minimum(curve.survival * reach, 1.0), np.nan)
    lower = np.where(curve.survival > 0, curve.survival / reach, np.nan)
    return Median(*(_half(curve.times, one) for one in (curve.survival, lower, upper)))


def follow_up(entry: npt.ArrayLike, time: npt.ArrayLike, ended: npt.ArrayLike) -> Median:
    """The median follow-up: how long people would be watched if nothing ended it.

    Schemper M, Smith TL (1996), Control Clin Trials 17:343-346.
    """
    return median(entry, time, ~np.asarray(ended, dtype=bool))


@dataclass(frozen=True)
class Mean:
    """The mean within a time, and its standard error, in the unit of the times."""

    estimate: float
    error: float


def restricted_mean(entry: npt.ArrayLike, time: npt.ArrayLike, event: npt.ArrayLike, *, within: float) -> Mean:
    """The mean time to an event, or `within` where that is shorter; at risk on (entry, time]. As `print(survfit, rmean = within)`."""
    curve = aalen_johansen.fit(entry, time, np.asarray(event, dtype=np.int64), causes=1)
    inside = curve.times < within
    times, survival = curve.times[inside], curve.survival[inside]
    widths = np.diff(np.concatenate([[0.0], times, [within]]))
    areas = widths * np.concatenate([[1.0], survival])
    rest = np.cumsum(areas[::-1])[::-1][1:]
    left = np.concatenate([[1.0], survival[:-1]]) if len(survival) else survival
    hazard = 1 - survival / np.maximum(left, 1e-300)
    spread = hazard / np.maximum(curve.at_risk[inside] * (1 - hazard), 1e-300)
    return Mean(float(areas.sum()), float(np.sqrt((rest**2 * np.where(rest > 0, spread, 0.0)).sum())))


def _half(times: npt.NDArray[np.float64], curve: npt.NDArray[np.float64]) -> float | None:
    """The first time at which the curve is not above a half; the middle of the step where it is exactly a half."""
    below = np.flatnonzero(curve < 0.5 - 1e-9)
    even = np.flatnonzero(np.abs(curve - 0.5) <= 1e-9)
    if len(even):
        return float(times[even[0]] + (times[below[0]] if len(below) else times[even[0]])) / 2
    return float(times[below[0]]) if len(below) else None
