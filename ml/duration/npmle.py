"""The interval-censored NPMLE: what can be said of a distribution known only to lie in intervals, without a model.

Turnbull BW (1976), J R Stat Soc B 38:290-295. The fit alternates the EM step of Turnbull with the iterative convex
minorant step of Wellner JA, Zhan Y (1997), JASA 92:945-959 (R: `Icens::EMICM`, `interval::icfit`), and stops on the
bound of Gentleman R, Geyer CJ (1994), Biometrika 81:618-623: n * (max_j d_j - 1) is never less than what the log
likelihood could still gain.

Convention: an interval is (left, right]; left == right is an exact time, the point {right}; right = inf was never seen.
`lifelines` is not used: it closes the interval on the left and reads the curve just before the jump.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.optimize import isotonic_regression

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Placement = Literal["right", "left", "linear"]


@dataclass(frozen=True)
class Cells:
    """Distinct intervals and the support they can put mass on.

    support_left, support_right: (m,) innermost intervals (support_left, support_right], or a point where both are
    equal. start, stop: (k,) cell i covers the support intervals start[i] .. stop[i] - 1.
    """

    support_left: Floats
    support_right: Floats
    start: Ints
    stop: Ints


@dataclass(frozen=True)
class Npmle:
    """A fitted distribution: `mass[j]` lies in (left[j], right[j]] (all (m,)); the data do not say where in it.

    gap bounds how far `loglik` is from its maximum, in log likelihood units; converged says it is below the tolerance.
    """

    left: Floats
    right: Floats
    mass: Floats
    loglik: float
    gap: float
    converged: bool
    iterations: int

    def survival_at(self, times: npt.ArrayLike, placement: Placement = "right") -> Floats:
        """P(T > t), (k,) for k times in the unit of the data; right-continuous.

        Inside a support interval the value is a convention. `right`: all mass at the right end (the largest survival
        the data allow);
        `left`: just after the left end (the smallest); `linear`: spread evenly. Mass of (l, inf) stays above l
        except with `left`.
        """
        t = np.atleast_1d(np.asarray(times, dtype=np.float64))
        if placement == "linear":
            return self._linear(t)
        above = np.concatenate([[0.0], np.cumsum(self.mass)])
        if placement == "right":
            done = np.searchsorted(self.right, t, side="right")
        else:
            begins = np.where(self.left == self.right, self.left, np.nextafter(self.left, np.inf))
            done = np.searchsorted(begins, t, side="right")
        return np.clip(1.0 - above[done], 0.0, 1.0)

    def _linear(self, t: Floats) -> Floats:
        total = np.concatenate([[0.0], np.cumsum(self.mass)])
        done = np.searchsorted(self.right, t, side="right")
        j = np.minimum(done, len(self.mass) - 1)
        inside = (done < len(self.mass)) & (t > self.left[j])
        share = np.zeros(len(t))
        np.divide(t - self.left[j], self.right[j] - self.left[j], out=share, where=inside)
        return np.clip(1.0 - total[done] - share * self.mass[j], 0.0, 1.0)


def cells(left: npt.ArrayLike, right: npt.ArrayLike) -> Cells:
    """The support of the NPMLE for intervals (left, right], (k,) each, in any order.

    Raises ValueError when a bound is NaN or left > right.
    """
    lo, hi = np.asarray(left, dtype=np.float64), np.asarray(right, dtype=np.float64)
    if np.isnan(lo).any() or np.isnan(hi).any() or (lo > hi).any() or len(lo) == 0:
        raise ValueError("intervals need left <= right, no NaN, and at least one row")
    values = np.unique(np.concatenate([lo, hi]))
    # Position 2k is the point values[k], 2k + 1 the open gap after it: (l, r] runs from 2l + 1 to 2r, an exact x is 2x.
    first = 2 * np.searchsorted(values, lo) + (lo < hi)
    last = 2 * np.searchsorted(values, hi)
    starts, ends = np.unique(first), np.unique(last)
    end_of = ends[np.searchsorted(ends, starts)]
    next_start = np.append(starts[1:], np.iinfo(np.int64).max)
    innermost = next_start > end_of
    begin, end = starts[innermost], end_of[innermost]
    return Cells(
        support_left=np.where(begin % 2 == 0, values[end // 2], values[begin // 2]),
        support_right=values[end // 2],
        start=np.searchsorted(begin, first, side="left").astype(np.int64),
        stop=np.searchsorted(end, last, side="right").astype(np.int64),
    )


def fit(left: npt.ArrayLike, right: npt.ArrayLike, weight: npt.ArrayLike | None = None, *, tol: float = 1e-7) -> Npmle:
    """The NPMLE of intervals (left, right], (n,) each, with weights (n,) >= 0; equal intervals are joined first.

    Does not depend on the order of rows. tol: how much log likelihood may still be missing (absolute).
    """
    lo, hi = np.asarray(left, dtype=np.float64), np.asarray(right, dtype=np.float64)
    w = np.ones(len(lo)) if weight is None else np.asarray(weight, dtype=np.float64)
    pairs, which = np.unique(np.column_stack([lo, hi]), axis=0, return_inverse=True)
    return fit_cells(cells(pairs[:, 0], pairs[:, 1]), np.bincount(which.ravel(), weights=w).astype(np.float64), tol=tol)


def fit_cells(
    known: Cells, weight: Floats, *, start: Floats | None = None, tol: float = 1e-7, limit: int = 2000
) -> Npmle:
    """The NPMLE of weighted cells ((k,) weights, zero allowed), from `start` masses (m,) when given (a warm start).

    One iteration costs O(k + m). Raises ValueError when no weight is positive.
    """
    used = weight > 0
    if not used.any():
        raise ValueError("no interval has positive weight")
    begin, end, w = known.start[used], known.stop[used], weight[used]
    m, n = len(known.support_right), float(w.sum())
    mass = np.full(m, 1.0 / m) if start is None else 0.95 * start / start.sum() + 0.05 / m
    gap, iterations = np.inf, 0
    while iterations < limit:
        iterations += 1
        score = _score(mass, begin, end, w) / n
        gap = n * max(float(score.max()) - 1.0, 0.0)
        if gap < tol:
            break
        mass = mass * score
        mass = _minorant_step(mass / mass.sum(), begin, end, w)
    loglik = _loglik(_cumulative(mass), begin, end, w)
    return Npmle(known.support_left, known.support_right, mass, loglik, gap, gap < tol, iterations)


def _cumulative(mass: Floats) -> Floats:
    total = np.concatenate([[0.0], np.cumsum(mass)])
    return total / total[-1]


def _score(mass: Floats, begin: Ints, end: Ints, w: Floats) -> Floats:
    """d loglik / d mass[j], (m,): the weight of the cells that hold j, each divided by its probability."""
    cumulative = np.concatenate([[0.0], np.cumsum(mass)])
    ratio = w / np.maximum(cumulative[end] - cumulative[begin], 1e-300)
    size = len(mass) + 1
    change = np.bincount(begin, weights=ratio, minlength=size) - np.bincount(end, weights=ratio, minlength=size)
    return np.cumsum(change)[:-1]


def _loglik(cumulative: Floats, begin: Ints, end: Ints, w: Floats) -> float:
    prob = cumulative[end] - cumulative[begin]
    return float((w * np.log(prob)).sum()) if (prob > 0).all() else -np.inf


def _minorant_step(mass: Floats, begin: Ints, end: Ints, w: Floats) -> Floats:
    """One convex-minorant step on the cumulative distribution, shortened until the log likelihood does not fall."""
    m = len(mass)
    if m == 1:
        return mass
    old = _cumulative(mass)
    prob = np.maximum(old[end] - old[begin], 1e-300)
    slope, bend = w / prob, w / prob**2
    inner = slice(1, m)
    gradient = (np.bincount(end, slope, m + 1) - np.bincount(begin, slope, m + 1))[inner]
    curve = (np.bincount(end, bend, m + 1) + np.bincount(begin, bend, m + 1))[inner]
    curve = np.maximum(curve, 1e-8 * curve.max())
    target = isotonic_regression(old[1:m] + gradient / curve, weights=curve).x
    step = np.concatenate([[0.0], np.clip(target, 0.0, 1.0), [1.0]]) - old
    floor = _loglik(old, begin, end, w)
    for halving in range(8):
        new = old + step * 0.5**halving
        if _loglik(new, begin, end, w) >= floor:
            return np.maximum(np.diff(new), 0.0)
    return mass
