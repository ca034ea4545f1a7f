"""One smooth hazard from what is known in intervals: penalised maximum likelihood with exact derivatives.

Every observation says: under observation from day `start` on (nothing had happened by then), nothing had happened by day
`left`, and it had by day `right`. An exact day d is (d - 1, d]; never seen is right = NEVER; `start` -1 is from intake.
With H the cumulative hazard and c = exp(x @ gamma) the contribution to the log likelihood is

    log(1 - exp(-c (H(right) - H(left)))) - c (H(left) - H(start)),   without the first term where never seen.

The amount of smoothing, and of shrinkage of `gamma` where it is pooled, is the one that makes the data most likely.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ml.duration.basis import Basis, basis
from ml.duration.smoothing import Penalty, penalty_of, tuned

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

NEVER = 10**9
ROUNDS, NEWTON_STEPS = 40, 60
FREE_ENOUGH = 0.005  # coefficients: what one more round may still free or bind


@dataclass(frozen=True)
class Cells:
    """Distinct observations: start, left, right (m,) in days, x (m, p) covariates."""

    start: Ints
    left: Ints
    right: Ints
    x: Floats

    @property
    def is_seen(self) -> npt.NDArray[np.bool_]:
        """(m,): the event was seen to have happened."""
        return np.asarray(self.right < NEVER)


@dataclass(frozen=True)
class Fitted:
    """A fitted hazard: theta = (beta, gamma), its penalty, and the penalised information (k + p, k + p) at theta."""

    basis: Basis
    theta: Floats
    penalty: Penalty
    information: Floats
    loglik: float
    converged: bool

    def hazard(self, x: npt.ArrayLike = ()) -> Floats:
        """The hazard of each day (last + 1,) for covariates x (p,)."""
        k = self.basis.design.shape[1]
        return np.asarray(self.basis.hazard(self.theta[:k]) * np.exp(np.asarray(x) @ self.theta[k:]))

    def design(self, x: npt.ArrayLike = ()) -> Floats:
        """d log hazard / d theta of each day, (last + 1, k + p), for covariates x (p,)."""
        given = np.asarray(x, dtype=np.float64)
        return np.hstack([self.basis.design, np.tile(given, (len(self.basis.design), 1))])


def basis_of(cells: Cells, last: int) -> Basis:
    """The basis of days 0 .. last that lets events happen where they did."""
    seen = cells.is_seen
    return basis(last, at_intake=bool((seen & (cells.right <= 0)).any()), later=bool((seen & (cells.right > 0)).any()))


def fit(
    cells: Cells, weight: Floats, over: Basis, *, pooled: bool = False, penalty: Penalty | None = None,
    theta: Floats | None = None, near: Fitted | None = None,
) -> Fitted:  # fmt: skip
    """The fitted hazard of weighted cells ((m,) weights, zero allowed).

    `pooled`: gamma is drawn towards 0, by as much as the data ask. With `penalty` and `theta` of an earlier fit the
    penalty is kept and the search begins there (for resampling). `near`: a fit of like data, where the search begins.
    """
    given = penalty is not None
    if near is not None and len(near.theta) == over.design.shape[1] + cells.x.shape[1] and near.converged:
        theta = near.theta  # not its penalty: tuning that begins at much smoothing stops too soon
    penalty = penalty or penalty_of(over, cells.x.shape[1], smoothing=10.0, shrinkage=1.0 if pooled else 0.0)
    theta = _begin(cells, weight, over) if theta is None else theta
    free, before = np.inf, None
    for _ in range(0 if given else ROUNDS):
        theta, _, information, _ = _newton(cells, weight, over, theta, penalty.matrix, enough=1e-5)
        better, asked, now_free = tuned(over, theta, information, penalty, before)
        if abs(now_free - free) < FREE_ENOUGH:
            break
        before, penalty, free = (penalty, asked), better, now_free
    theta, value, information, converged = _newton(cells, weight, over, theta, penalty.matrix, enough=1e-8)
    return Fitted(over, theta, penalty, information, value, converged)


def scores(cells: Cells, over: Basis, theta: Floats) -> Floats:
    """d log likelihood / d theta of one observation of each cell, without the penalty, (m, k + p)."""
    k = over.design.shape[1]
    hazard, c, seen = over.hazard(theta[:k]), np.exp(cells.x @ theta[k:]), cells.is_seen
    slope = np.concatenate([np.zeros((1, k)), np.cumsum(hazard[:, None] * over.design, axis=0)])
    total = np.concatenate([[0.0], np.cumsum(hazard)])
    begin, end = cells.start + 1, cells.left + 1
    last = np.where(seen, cells.right + 1, end)
    before, within = c * (total[end] - total[begin]), c * (total[last] - total[end])
    d_before = np.hstack([c[:, None] * (slope[end] - slope[begin]), before[:, None] * cells.x])
    d_within = np.hstack([c[:, None] * (slope[last] - slope[end]), within[:, None] * cells.x])
    odds = np.zeros(len(c))
    odds[seen] = 1.0 / np.expm1(np.clip(within[seen], 1e-300, 500.0))
    return np.asarray(odds[:, None] * d_within - d_before)


def loglik(cells: Cells, weight: Floats, over: Basis, theta: Floats) -> float:
    """The log likelihood, without the penalty."""
    return _at(cells, weight, over, theta)[0]


def information(cells: Cells, weight: Floats, over: Basis, theta: Floats) -> Floats:
    """Minus the second derivative of the log likelihood, without the penalty, (k + p, k + p)."""
    return _at(cells, weight, over, theta)[2]


def _at(cells: Cells, weight: Floats, over: Basis, theta: Floats) -> tuple[float, Floats, Floats]:
    """The log likelihood, its score and its observed information, without the penalty.

    Sums over cells go by day: with `net` of a day what one unit more of its hazard adds to the log likelihood, the score
    of the spline is design.T @ (hazard * net), so that only cells where the event was seen need a row of slopes each.
    """
    k = over.design.shape[1]
    hazard, c = over.hazard(theta[:k]), np.exp(cells.x @ theta[k:])
    total = np.concatenate([[0.0], np.cumsum(hazard)])
    seen = np.flatnonzero(cells.is_seen)
    begin, end, stop = cells.start + 1, cells.left + 1, cells.right[seen] + 1
    before, within = c * (total[end] - total[begin]), c[seen] * (total[stop] - total[end[seen]])
    value = weight[seen] @ np.log(-np.expm1(-np.maximum(within, 1e-300))) - weight @ before
    odds = 1.0 / np.expm1(np.clip(within, 1e-300, 500.0))
    push, pull = weight * c, weight[seen] * c[seen] * odds
    pulled = -weight * before
    pulled[seen] += weight[seen] * odds * within
    net = _by_day(len(total), cells.x, (begin, end, -push), cells.x[seen], (end[seen], stop, pull))
    by_day = over.design.T @ (hazard[:, None] * net)
    score = np.concatenate([by_day[:, 0], pulled @ cells.x])
    slope = np.concatenate([np.zeros((1, k)), np.cumsum(hazard[:, None] * over.design, axis=0)])
    each = np.hstack([c[seen, None] * (slope[stop] - slope[end[seen]]), within[:, None] * cells.x[seen]])
    info = (each * (weight[seen] * odds * (odds + 1.0))[:, None]).T @ each
    info[:k, :k] -= (over.design * (hazard * net[:, 0])[:, None]).T @ over.design
    info[:k, k:] -= by_day[:, 1:]
    info[k:, :k] -= by_day[:, 1:].T
    info[k:, k:] -= (cells.x * pulled[:, None]).T @ cells.x
    return float(value), score, info


def _by_day(size: int, *spans: Any) -> Floats:
    """What spans of days weigh on each day, (size - 1, 1 + p): x (m, p) and (first, after last, weight) by turns.

    The first column adds up the weights, the others the weights times each covariate.
    """
    steps = np.zeros((size + 1, 1 + spans[0].shape[1]))
    for x, (first, after, weight) in zip(spans[::2], spans[1::2], strict=True):
        for column, part in enumerate([weight, *(weight * each for each in x.T)]):
            steps[:, column] += np.bincount(first, part, size + 1) - np.bincount(after, part, size + 1)
    return np.asarray(np.cumsum(steps, axis=0)[: size - 1])


def _newton(
    cells: Cells, weight: Floats, over: Basis, theta: Floats, cost: Floats, enough: float
) -> tuple[Floats, float, Floats, bool]:
    """theta, log likelihood and penalised information where a step gains less than `enough`, and whether that was reached."""

    def at(theta: Floats) -> tuple[float, Floats, Floats]:
        value, score, info = _at(cells, weight, over, theta)
        return value - 0.5 * float(theta @ cost @ theta), score - cost @ theta, info + cost

    value, gradient, info = at(theta)
    converged = False
    for _ in range(NEWTON_STEPS):
        step = _solve(info, gradient)
        gain = float(gradient @ step)
        converged = gain < enough
        if converged:
            break
        size = min(1.0, 5.0 / float(np.abs(step).max()))
        for _ in range(30):
            with np.errstate(over="ignore", invalid="ignore"):  # a step that is too long: half of it is tried next
                trial = at(theta + size * step)
            if trial[0] > value:
                break
            size /= 2
        else:
            converged = gain < 1e-4
            break
        theta, (value, gradient, info) = theta + size * step, trial
    return theta, value + 0.5 * float(theta @ cost @ theta), info, converged


def _solve(matrix: Floats, gradient: Floats) -> Floats:
    """An uphill step: Newton's where the information is positive definite, else a damped one."""
    damping = 0.0
    scale = float(np.abs(np.diag(matrix)).max())
    while True:
        try:
            root = np.linalg.cholesky(matrix + damping * np.eye(len(matrix)))
        except np.linalg.LinAlgError:
            damping = max(10 * damping, 1e-8 * scale)
            continue
        return np.asarray(np.linalg.solve(root.T, np.linalg.solve(root, gradient)))


def _begin(cells: Cells, weight: Floats, over: Basis) -> Floats:
    """A constant hazard: events by days at risk."""
    seen = cells.is_seen
    days = weight @ np.maximum(np.where(seen, cells.right, cells.left) - cells.start, 1)
    rate = max(float(weight[seen].sum()), 0.5) / max(float(days), 1.0)
    return np.concatenate([np.full(over.design.shape[1], np.log(rate)), np.zeros(cells.x.shape[1])])
