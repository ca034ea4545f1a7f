"""Cox regression with late entry, and the test of proportional hazards that R's `cox.zph` makes.

Own code, since lifelines' test is another one (tests/golden/test_lifelines.py). Ties by Efron. The test is the score test of a
coefficient that moves with 1 - S(t-), S the Kaplan-Meier curve (transform "km"): Grambsch PM, Therneau TM (1994), Biometrika
81:515-526, as `survival` 3.x computes it.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.stats import chi2

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

STEPS, CHUNK = 40, 2048


@dataclass(frozen=True)
class Cox:
    """beta (p,), log likelihood, information (p, p), and if the maximum was found."""

    beta: Floats
    loglik: float
    information: Floats
    converged: bool


@dataclass(frozen=True)
class Proportional:
    """Chi-squared of each covariate (p,) and of all together (p degrees of freedom), with their p-values."""

    each: Floats
    each_p: Floats
    all: float
    all_p: float


@dataclass(frozen=True)
class _Risk:
    """Who is at risk when: times (m,) of events, and sparse (m, n) who leaves at, enters after, and dies at each."""

    times: Floats
    leaves: sparse.csr_matrix
    enters: sparse.csr_matrix
    dies: sparse.csr_matrix

    @classmethod
    def of(cls, entry: Floats, time: Floats, event: Bools) -> "_Risk":
        times = np.unique(time[event & (time > entry)])
        m, row = len(times), np.arange(len(time))
        stop, start = np.searchsorted(times, time, "right") - 1, np.searchsorted(times, entry, "right")
        known = stop >= start

        def who(slot: Ints, of: Bools) -> sparse.csr_matrix:
            return sparse.csr_matrix((np.ones(of.sum()), (slot[of], row[of])), shape=(m, len(time)))

        return cls(times, who(stop, known), who(start, known & (start > 0)), who(stop, known & event))

    def at_risk(self, values: Floats) -> Floats:
        """Sums of values (n, ...) over those at risk at each time, (m, ...)."""
        left, came = self.leaves @ values, self.enters @ values
        below = came.sum(axis=0) - np.cumsum(came, axis=0)
        return np.asarray(np.cumsum(left[::-1], axis=0)[::-1] - below)


def cox(entry: npt.ArrayLike, time: npt.ArrayLike, event: npt.ArrayLike, x: npt.ArrayLike) -> Cox:
    """The fit of covariates x (n, p); at risk on (entry, time], entry -inf from the start. As `survival::coxph`, Efron."""
    entered, stop, given = (np.asarray(one, dtype=np.float64) for one in (entry, time, x))
    risk, centred = _Risk.of(entered, stop, np.asarray(event, dtype=bool)), given - given.mean(axis=0)
    beta, converged = np.zeros(given.shape[1]), False
    value, score, info = _sums(risk, centred, beta)
    for _ in range(STEPS):
        step = np.linalg.lstsq(info, score, rcond=1e-10)[0]
        if float(score @ step) < 1e-12:
            converged = True
            break
        size = 1.0
        while size > 1e-6 and (found := _sums(risk, centred, beta + size * step))[0] < value:
            size /= 2
        beta = beta + size * step
        if np.abs(beta).max() > 20 or size <= 1e-6:
            break
        value, score, info = found
    return Cox(beta, value, info, converged)


def proportional(
    entry: npt.ArrayLike, time: npt.ArrayLike, event: npt.ArrayLike, x: npt.ArrayLike, beta: Floats
) -> Proportional:
    """The test at a fit's beta (p,); the other arguments are those of `cox`. As `survival::cox.zph(transform = "km")`."""
    entered, stop, given = (np.asarray(one, dtype=np.float64) for one in (entry, time, x))
    risk, centred, p = _Risk.of(entered, stop, np.asarray(event, dtype=bool)), given - given.mean(axis=0), len(beta)
    n, dead = risk.at_risk(np.ones(len(stop))), np.asarray(risk.dies.sum(axis=1)).ravel()
    before = np.concatenate([[1.0], np.cumprod(1 - dead / n)[:-1]])
    g = (1 - before) - float(dead @ (1 - before)) / dead.sum()
    _, score, _ = _sums(risk, centred, beta, g)
    information = [_sums(risk, centred, beta, g**power)[2] for power in (0, 1, 2)]
    whole = np.block([[information[0], information[1]], [information[1].T, information[2]]])
    each = np.empty(p)
    for j in range(p):
        keep = [*range(p), p + j]
        each[j] = _score_test(whole[np.ix_(keep, keep)], np.append(np.zeros(p), score[j]))
    together = _score_test(whole, np.concatenate([np.zeros(p), score]))
    return Proportional(each, chi2.sf(each, 1), together, float(chi2.sf(together, p)))


def _score_test(information: Floats, score: Floats) -> float:
    return float(score @ np.linalg.lstsq(information, score, rcond=1e-10)[0])


def _sums(risk: _Risk, x: Floats, beta: Floats, by: Floats | None = None) -> tuple[float, Floats, Floats]:
    """Log likelihood, score and information by Efron; score and information summed with `by` (m,) at each time."""
    p, eta = x.shape[1], x @ beta
    weight = np.exp(eta)
    own = np.column_stack([np.ones(len(x)), x])
    second = np.stack([_both(risk, weight[:, None] * own[:, [a]] * own) for a in range(p + 1)], axis=2)
    dead = np.asarray(risk.dies.sum(axis=1)).ravel().astype(np.int64)
    which = np.repeat(np.arange(len(dead)), dead)
    share = (np.arange(len(which)) - np.repeat(np.cumsum(dead) - dead, dead)) / np.maximum(dead[which], 1)
    factor = np.ones(len(dead)) if by is None else by
    value, score, info = float((risk.dies @ eta).sum()), (risk.dies @ x).T @ factor, np.zeros((p, p))
    for begin in range(0, len(which), CHUNK):
        at, part = which[begin : begin + CHUNK], share[begin : begin + CHUNK, None, None]
        moment = second[0][at] - part * second[1][at]
        total, mean = moment[:, 0, 0], moment[:, 0, 1:] / moment[:, :1, 0]
        value -= float(np.log(total).sum())
        score = score - factor[at] @ mean
        info += np.einsum("k,kab->ab", factor[at], moment[:, 1:, 1:] / total[:, None, None])
        info -= (factor[at, None] * mean).T @ mean
    return value, np.asarray(score), info


def _both(risk: _Risk, values: Floats) -> Floats:
    """Sums over those at risk and over those who die, (2, m, ...)."""
    return np.stack([risk.at_risk(values), np.asarray(risk.dies @ values)])
