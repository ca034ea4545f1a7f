"""The panel likelihood where an exit is `ratio` times as likely after a restoration that nobody has seen yet.

The sensitivity of the headline: ratio 0 says nobody leaves between restoration and the assessment that shows it; ratio 1
is `panel`. The three hazards no longer part, so all coefficients are fitted together, by scoring with the outer product
of the scores (Berndt E et al. (1974), Ann Econ Soc Meas 3:653-665).

With S the survival of each hazard and G(t) the chance of restoration by t, times S_exit(t) ** -ratio at that time, the
chance of being unseen and in care at t, last found not restored at `left`, is

    S_restored(t) S_exit(t) + S_exit(t) ** ratio (G(t) - G(left)).
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.linalg import block_diag

from ml.duration.hazard import NEVER
from ml.duration.panel import Curves, Panel, occupied
from ml.duration.stays import Stays

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

STEPS, ENOUGH = 100, 1e-5
BLOCK = 50_000  # stays


@dataclass(frozen=True)
class Valued:
    """Values and their derivatives by theta: value (n,), slope (n, q)."""

    value: Floats
    slope: Floats

    def at(self, rows: Ints) -> "Valued":
        """The same at some rows, in their order."""
        return Valued(self.value[rows], self.slope[rows])

    def __add__(self, other: "Valued") -> "Valued":
        return Valued(self.value + other.value, self.slope + other.slope)

    def __sub__(self, other: "Valued") -> "Valued":
        return Valued(self.value - other.value, self.slope - other.slope)

    def __mul__(self, other: "Valued") -> "Valued":
        slope = self.slope * other.value[:, None] + other.slope * self.value[:, None]
        return Valued(self.value * other.value, slope)

    def times(self, number: float | Floats) -> "Valued":
        """A number times it, or (n,) numbers."""
        return Valued(self.value * number, self.slope * np.reshape(number, (-1, 1)))

    def exp_minus(self) -> "Valued":
        """exp(-value)."""
        value = np.exp(-self.value)
        return Valued(value, -value[:, None] * self.slope)

    def summed(self) -> "Valued":
        """Cumulative sums with a leading 0, so that entry d + 1 is what has come up by day d."""
        slope = np.concatenate([np.zeros((1, self.slope.shape[1])), np.cumsum(self.slope, axis=0)])
        return Valued(np.concatenate([[0.0], np.cumsum(self.value)]), slope)


@dataclass(frozen=True)
class Unequal:
    """theta (q,) under a ratio, and its covariance (q, q) by clusters; converged: the maximum was found."""

    theta: Floats
    covariance: Floats
    loglik: float
    converged: bool
    start: Panel

    def curves(self, *, last: int, days: Ints | None = None) -> Curves:
        """Curves of days 0 .. last, or on some of these days, rising."""
        rates = np.stack([one.value[: last + 1] for one in _rates(self.start, self.theta)], axis=1)
        return occupied(rates, [one.basis.design[: last + 1] for one in self.start.hazards], days=days)


@dataclass(frozen=True)
class ByDay:
    """What depends on the day alone: the exits' hazards, the sums of all of them, and the flow into restoration."""

    exits: list[Valued]
    total: Valued
    gone: Valued
    flow: Valued
    faded: Valued
    ratio: float

    def unseen(self, day: Ints, left: Ints) -> Valued:
        """The chance of being in care on `day`, with no restoration seen since `left`."""
        return self.alone(day, left) + _since(self.faded, self.flow, day, left, day)

    def alone(self, day: Ints, left: Ints) -> Valued:
        """The chance of being in care on `day` and not restored."""
        return (self.total.at(np.maximum(day, left) + 1) + self.gone.at(day + 1)).exp_minus()


def contributions(seen: Stays, start: Panel, theta: Floats, ratio: float) -> tuple[Floats, Floats]:
    """Log likelihood of each stay (n,), and its derivatives by theta (n, q); worked out for some stays at a time, since each step on
    the way has the size of all derivatives."""
    restored, *exits = _rates(start, theta)
    total, gone = restored.summed(), (exits[0] + exits[1]).summed()
    # S_restored(d - 1) S_exit(d - 1) ** (1 - ratio) (1 - exp(-restored(d))): the flow of day d into G.
    before = (total + gone.times(1 - ratio)).at(np.arange(len(restored.value))).exp_minus()
    flow = (before * _event(restored)).summed()
    by_day = ByDay(exits, total, gone, flow, gone.times(ratio).exp_minus(), ratio)
    starts = range(0, max(len(seen.start), 1), BLOCK)
    parts = [_contributions(seen.take(slice(first, first + BLOCK)), by_day) for first in starts]
    return np.concatenate([each for each, _ in parts]), np.concatenate([slope for _, slope in parts])


def _contributions(seen: Stays, by_day: ByDay) -> tuple[Floats, Floats]:
    is_seen, is_exit = seen.right < NEVER, seen.cause > 0
    day = np.where(is_exit, seen.stop - 1, seen.stop)
    chance = by_day.unseen(day, seen.left)
    hidden = _since(by_day.faded, by_day.flow, day, seen.left, np.where(is_seen, seen.right, day))
    for k in (0, 1):
        exit_, rival = by_day.exits[k], by_day.exits[1 - k]
        leaves, other = _event(exit_), rival.exp_minus()
        late, stay = _event(exit_.times(by_day.ratio)), rival.times(by_day.ratio).exp_minus()
        on = np.where(seen.cause == k + 2, np.maximum(seen.stop, 0), 0)
        restored_here = _since(by_day.faded, by_day.flow, day, seen.left, day)
        left_here = by_day.alone(day, seen.left) * (leaves * other).at(on) + restored_here * (late * stay).at(on)
        seen_here = hidden * (late * stay).at(on)
        chance = _where(seen.cause == k + 2, _where(is_seen, seen_here, left_here), chance)
    chance = _where(is_seen & ~is_exit, hidden, chance)
    given = by_day.unseen(seen.exit_start, seen.start)
    p, q = np.maximum(chance.value, 1e-300), np.maximum(given.value, 1e-300)
    return np.log(p) - np.log(q), chance.slope / p[:, None] - given.slope / q[:, None]


def fit(seen: Stays, cluster: Ints, start: Panel, *, ratio: float) -> Unequal:
    """The model of the stays of `start` (a fit without covariates, whose penalties are kept) under a ratio from 0 to 1.

    Where the ratio is 0 an exit on the day its closing assessment shows restoration cannot be: such stays end seen.
    """
    if ratio == 0:
        shown = (seen.right < NEVER) & (seen.cause > 0)
        seen = replace(seen, stop=np.where(shown, seen.right, seen.stop), cause=np.where(shown, 0, seen.cause))
    cost = block_diag(*(one.penalty.matrix for one in start.hazards))
    theta, converged = start.theta, False
    each, slope = contributions(seen, start, theta, ratio)
    for _ in range(STEPS):
        step = np.linalg.solve(slope.T @ slope + cost, slope.sum(axis=0) - cost @ theta)
        gain = float((slope.sum(axis=0) - cost @ theta) @ step)
        value, size = each.sum() - 0.5 * theta @ cost @ theta, 1.0
        while gain >= ENOUGH and size > 1e-6:
            trial = theta + size * step
            found, found_slope = contributions(seen, start, trial, ratio)
            if found.sum() - 0.5 * trial @ cost @ trial > value:
                theta, each, slope = trial, found, found_slope
                break
            size /= 2
        else:
            converged = gain < ENOUGH
            break
    spread = np.linalg.inv(slope.T @ slope + cost)
    members = sparse.csr_matrix((np.ones(len(cluster)), (cluster, np.arange(len(cluster)))))
    together = members @ slope
    return Unequal(theta, spread @ (together.T @ together + cost) @ spread, float(each.sum()), converged, start)


def _since(faded: Valued, flow: Valued, day: Ints, left: Ints, right: Ints) -> Valued:
    """In care on `day`, restored between left and right (none where left is not before right)."""
    return faded.at(day + 1) * (flow.at(np.maximum(right, left) + 1) - flow.at(left + 1))


def _event(rate: Valued) -> Valued:
    """The chance of an event in a day of this hazard."""
    stays = np.exp(-rate.value)
    return Valued(-np.expm1(-rate.value), rate.slope * stays[:, None])


def _rates(start: Panel, theta: Floats) -> list[Valued]:
    out, begin = [], 0
    size = len(theta)
    for one in start.hazards:
        k = len(one.theta)
        value = one.basis.hazard(theta[begin : begin + k])
        slope = np.zeros((len(value), size))
        slope[:, begin : begin + k] = value[:, None] * one.basis.design
        out.append(Valued(value, slope))
        begin += k
    return out


def _where(which: npt.NDArray[np.bool_], one: Valued, other: Valued) -> Valued:
    return Valued(np.where(which, one.value, other.value), np.where(which[:, None], one.slope, other.slope))
