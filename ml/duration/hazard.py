"""One smooth hazard from what is known in intervals: penalised maximum likelihood with exact derivatives.

Every observation says: under observation from day `start` on (nothing had happened by then), nothing had happened by day
`left`, and it had by day `right`. An exact day d is (d - 1, d]; never seen is right = NEVER; `start` -1 is from intake.
With H the cumulative hazard and c = exp(x @ gamma) the contribution to the log likelihood is

    log(1 - exp(-c (H(right) - H(left)))) - c (H(left) - H(start)),   without the first term where never seen.

The amount of smoothing, and of shrinkage of `gamma` where it is pooled, is the one that makes the data most likely:
Wood SN, Fasiolo M (2017), Biometrics 73:1071-1081.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ml.duration.basis import Basis, basis

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

NEVER = 10**9
RIDGE = 1e-6
SMOOTHING = (1e-3, 1e7)
ROUNDS, NEWTON_STEPS, BLOCK = 40, 60, 8192
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
class Penalty:
    """Twice the cost of theta is theta @ matrix @ theta; smoothing and shrinkage are its two amounts."""

    smoothing: float
    shrinkage: float
    matrix: Floats


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
    penalty = penalty or _penalty(over, cells.x.shape[1], smoothing=10.0, shrinkage=1.0 if pooled else 0.0)
    theta = _begin(cells, weight, over) if theta is None else theta
    free = np.inf
    for _ in range(ROUNDS):
        theta, value, information, converged = _newton(cells, weight, over, theta, penalty.matrix)
        if given:
            break
        better, now_free = _tuned(over, theta, information, penalty)
        if abs(now_free - free) < FREE_ENOUGH:
            break
        penalty, free = better, now_free
    return Fitted(over, theta, penalty, information, value, converged)


def scores(cells: Cells, over: Basis, theta: Floats) -> Floats:
    """d log likelihood / d theta of one observation of each cell, without the penalty, (m, k + p)."""
    return _slopes(cells, over, theta)[1]


def loglik(cells: Cells, weight: Floats, over: Basis, theta: Floats) -> float:
    """The log likelihood, without the penalty."""
    cumulative = np.concatenate([[0.0], np.cumsum(over.hazard(theta[: over.design.shape[1]]))])
    c = np.exp(cells.x @ theta[over.design.shape[1] :])
    seen = cells.is_seen
    before = c * (cumulative[cells.left + 1] - cumulative[cells.start + 1])
    within = c[seen] * (cumulative[cells.right[seen] + 1] - cumulative[cells.left[seen] + 1])
    return float(weight[seen] @ np.log(-np.expm1(-np.maximum(within, 1e-300))) - weight @ before)


def information(cells: Cells, weight: Floats, over: Basis, theta: Floats) -> Floats:
    """Minus the second derivative of the log likelihood, without the penalty, (k + p, k + p)."""
    return _summed(cells, over, theta, weight)[1]


def _summed(cells: Cells, over: Basis, theta: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """The score of all cells together, and their information; in blocks that stay near the processor."""
    score, info = np.zeros(len(theta)), np.zeros((len(theta), len(theta)))
    for begin in range(0, len(weight), BLOCK):
        part = slice(begin, begin + BLOCK)
        of = Cells(cells.start[part], cells.left[part], cells.right[part], cells.x[part])
        _, each, block = _slopes(of, over, theta, weight[part])
        score += weight[part] @ each
        info += block
    return score, info


def _slopes(cells: Cells, over: Basis, theta: Floats, weight: Floats | None = None) -> tuple[Floats, Floats, Floats]:
    """Hazard of each day, scores of each cell, and (with weights) the observed information."""
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
    score = odds[:, None] * d_within - d_before
    if weight is None:
        return hazard, score, np.empty((0, 0))
    info = (d_within * (weight * odds * (odds + 1.0))[:, None]).T @ d_within
    size, pull, push = len(total) + 1, weight * c * odds, weight * c
    step = np.bincount(end + 1, push + pull, size + 1) - np.bincount(begin + 1, push, size + 1)
    step -= np.bincount(last + 1, pull, size + 1)
    curve = hazard * np.cumsum(step)[1 : len(total)]
    info[:k, :k] -= (over.design * curve[:, None]).T @ over.design
    cross = (score[:, :k] * weight[:, None]).T @ cells.x
    info[:k, k:] -= cross
    info[k:, :k] -= cross.T
    info[k:, k:] -= (cells.x * (weight * (odds * within - before))[:, None]).T @ cells.x
    return hazard, score, info


def _newton(
    cells: Cells, weight: Floats, over: Basis, theta: Floats, cost: Floats
) -> tuple[Floats, float, Floats, bool]:
    """theta, log likelihood and penalised information at the maximum, and whether it was reached."""
    value = loglik(cells, weight, over, theta) - 0.5 * float(theta @ cost @ theta)
    converged = False
    for _ in range(NEWTON_STEPS):
        score, info = _summed(cells, over, theta, weight)
        gradient = score - cost @ theta
        step = _solve(info + cost, gradient)
        gain = float(gradient @ step)
        if gain < 1e-8:
            converged = True
            break
        size = min(1.0, 5.0 / float(np.abs(step).max()))
        for _ in range(30):
            trial = theta + size * step
            found = loglik(cells, weight, over, trial) - 0.5 * float(trial @ cost @ trial)
            if found > value:
                break
            size /= 2
        else:
            converged = gain < 1e-4
            break
        theta, value = trial, found
    info = _summed(cells, over, theta, weight)[1] + cost
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


def _penalty(over: Basis, p: int, *, smoothing: float, shrinkage: float) -> Penalty:
    k = over.design.shape[1]
    matrix = RIDGE * np.eye(k + p)
    matrix[:k, :k] += smoothing * over.wiggle
    matrix[k:, k:] += shrinkage * np.eye(p)
    return Penalty(smoothing, shrinkage, matrix)


def _tuned(over: Basis, theta: Floats, info: Floats, penalty: Penalty) -> tuple[Penalty, float]:
    """The penalty after one step towards the amounts that make the data most likely, and the coefficients left free.

    A step of the smoothing is twice that of Wood and Fasiolo on the log scale, which is cautious.
    """
    k = over.design.shape[1]
    spread = np.linalg.pinv(info, hermitian=True)
    bent = over.rank - penalty.smoothing * float(np.trace(spread[:k, :k] @ over.wiggle))
    aim = _amount(bent, float(theta[:k] @ over.wiggle @ theta[:k]))
    smoothing = float(np.clip(aim * np.clip(aim / penalty.smoothing, 0.1, 10.0), *SMOOTHING))
    apart, shrinkage = 0.0, penalty.shrinkage
    if shrinkage:
        apart = len(theta) - k - shrinkage * float(np.trace(spread[k:, k:]))
        shrinkage = _amount(apart, float(theta[k:] @ theta[k:]))
    return _penalty(over, len(theta) - k, smoothing=smoothing, shrinkage=shrinkage), bent + apart


def _amount(free: float, size: float) -> float:
    return float(np.clip(max(free, 1e-6) / max(size, 1e-12), *SMOOTHING))
