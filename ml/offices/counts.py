"""People counted against the number expected, where some are known in an interval only.

A group's factor on the hazard maximises its likelihood given the expected hazards; observed is how many events that is
within the window, expected is the cumulative hazard of the time in which they could happen, the unknown times filled in
by what is likely at the group's own pace (Dempster AP, Laird NM, Rubin DB (1977), JRSS B 39:1-38). So a group that
assesses late has wide intervals, not late events. Where times are known to the day these are the usual O and E.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import gammainc, gammaincc
from scipy.stats import gamma, norm

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

STEPS, CLOSE = 500, 1e-10


@dataclass(frozen=True)
class Events:
    """Cumulative expected hazards of each person, (n,) each.

    before: from the start to the last time nothing had happened, within the window; within: the part of the interval
    of a seen event that lies in the window; after: the part beyond it, where the pace is taken as expected.
    """

    before: Floats
    within: Floats
    after: Floats

    @property
    def seen(self) -> Bools:
        """(n,): the event happened in an interval that reaches into the window."""
        return self.within > 0


@dataclass(frozen=True)
class Counted:
    """By group, (k,): observed and expected, their ratio, and how many exactly known events tell as much.

    residual (n,): each person's events less those expected at the pace of her group.
    """

    observed: Floats
    expected: Floats
    ratio: Floats
    effective: Floats
    residual: Floats


def count(events: Events, group: Ints, k: int) -> Counted:
    """The counts of groups 0 .. k - 1; group -1 is nobody's."""
    theta, own = np.ones(k), group >= 0
    at = np.where(own, group, 0)
    for _ in range(STEPS):
        happened, slope, _ = _person(events, theta[at])
        observed, score = _sums(happened, at, own, k), _sums(slope, at, own, k)
        pace = observed / np.maximum(observed / np.maximum(theta, 1e-12) - score, 1e-12)
        moved = np.abs(pace - theta).max(initial=0.0)
        theta = np.where(observed > 0, pace, 0.0)
        if moved < CLOSE:
            break
    happened, slope, told = _person(events, theta[at])
    observed = _sums(happened, at, own, k)
    at_risk = _sums(events.before + events.within, at, own, k)
    expected = np.where(observed > 0, observed / np.maximum(theta, 1e-12), at_risk)
    residual = np.where(own, np.where(theta[at] > 0, theta[at] * slope, 0.0), 0.0)
    return Counted(observed, expected, theta, _sums(told, at, own, k), residual)


def _person(events: Events, theta: Floats) -> tuple[Floats, Floats, Floats]:
    """Events within the window, d log likelihood / d theta, and theta ** 2 times the information, of each person."""
    seen, within = events.seen, np.maximum(events.within, 1e-300)
    size = np.maximum(theta * within + events.after, 1e-300)
    odds = 1.0 / np.expm1(np.minimum(size, 500.0))
    happened = np.where(seen, np.expm1(-theta * within) / np.expm1(-size), 0.0)
    slope = np.where(seen, within * odds, 0.0) - events.before
    told = np.where(seen, (theta * within) ** 2 * odds * (odds + 1.0), 0.0)
    return happened, slope, told


def _sums(values: Floats, at: Ints, own: Bools, k: int) -> Floats:
    return np.asarray(np.bincount(at[own], values[own], k), dtype=np.float64)


def design_effect(residual: Floats, cluster: Ints) -> float:
    """How much more a count varies because people belong together; at least 1."""
    together = np.bincount(cluster, residual)
    alone = float(residual @ residual)
    return max(1.0, float(together @ together) / alone) if alone > 0 else 1.0


def poisson_limits(observed: npt.ArrayLike, expected: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Exact 95 % limits of observed / expected (Garwood 1936; R `poisson.test(12, 8.4)`: 0.738 to 2.495).

    observed may have parts: then the limits are those of the gamma distributions that join the whole numbers.
    """
    o, e = np.asarray(observed, dtype=np.float64), np.asarray(expected, dtype=np.float64)
    low = np.where(o > 0, gamma.ppf(0.025, np.maximum(o, 1e-12)), 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):  # nothing expected: no limit
        return low / e, gamma.ppf(0.975, o + 1.0) / e


def normal_score(observed: npt.ArrayLike, expected: npt.ArrayLike) -> Floats:
    """How far observed lies from expected on the normal scale, by the Poisson mid-P."""
    o, e = np.asarray(observed, dtype=np.float64), np.asarray(expected, dtype=np.float64)
    below = (gammaincc(o + 1.0, e) + gammaincc(o, e)) / 2
    above = (gammainc(o + 1.0, e) + np.where(o > 0, gammainc(np.maximum(o, 1e-300), e), 1.0)) / 2
    return np.where(below < 0.5, norm.ppf(np.maximum(below, 1e-300)), norm.isf(np.maximum(above, 1e-300)))


def at_score(score: npt.ArrayLike, expected: npt.ArrayLike) -> Floats:
    """The count that lies so far from expected, by halving; 0 where none lies so far below."""
    z, e = np.broadcast_arrays(np.asarray(score, dtype=np.float64), np.asarray(expected, dtype=np.float64))
    low, high = np.zeros(e.shape), e + 60.0 + 40.0 * np.sqrt(e + 1.0)
    for _ in range(60):
        middle = (low + high) / 2
        above = normal_score(middle, e) > z
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    return np.asarray((low + high) / 2 * (normal_score(0.0, e) < z))
