"""What to expect of each person: models of the case mix that never saw her, nor anybody who belongs with her.

Hazards are those of the panel likelihood (ml/duration/hazard.py), so a restoration is known in an interval and an exit
to the day; means are ridge regressions. Indirect standardisation with cross-fitting: docs/methods/offices.md.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.linalg import block_diag

from ml.duration import hazard
from ml.duration.hazard import NEVER, Cells
from ml.duration.smoothing import Penalty

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

RIDGE = 1.0


@dataclass(frozen=True)
class Hazards:
    """Cumulative hazards of each person by the model that did not see her.

    base (folds, last + 2): at the end of each day, from -1 on; factor (n,); fold (n,).
    """

    base: Floats
    factor: Floats
    fold: Ints

    def at(self, day: npt.ArrayLike) -> Floats:
        """The cumulative hazard of each person up to the end of her `day`, (n,); -1 is before intake."""
        index = np.clip(np.asarray(day, dtype=np.int64) + 1, 0, self.base.shape[1] - 1)
        return np.asarray(self.factor * self.base[self.fold, index])


def cross_fit_hazard(start: Ints, left: Ints, right: Ints, x: Floats, fold: Ints) -> Hazards:
    """Proportional hazards of the case mix x (n, p), one model a fold, of the people in the other folds.

    How smooth the common hazard is, is decided once, on all and without the case mix. Raises ValueError where a fold
    leaves nobody to learn from.
    """
    last = int(max(left.max(), start.max(), right[right < NEVER].max(initial=0)))
    distinct, times = np.unique(np.column_stack([start, left, right]), axis=0, return_counts=True)
    together = Cells(distinct[:, 0], distinct[:, 1], distinct[:, 2], np.zeros((len(distinct), 0)))
    over = hazard.basis_of(together, last)
    plain = hazard.fit(together, times.astype(np.float64), over)
    p, k = x.shape[1], len(plain.theta)
    cost = Penalty(plain.penalty.smoothing, RIDGE, block_diag(plain.penalty.matrix, RIDGE * np.eye(p)))
    theta, cells = np.concatenate([plain.theta, np.zeros(p)]), Cells(start, left, right, x)
    base, factor = np.zeros((int(fold.max()) + 1, last + 2)), np.empty(len(fold))
    for one in np.unique(fold):
        learnt = (fold != one).astype(np.float64)
        if not learnt.any():
            raise ValueError("a fold leaves nobody to learn from")
        theta = hazard.fit(cells, learnt, over, penalty=cost, theta=theta).theta
        base[one, 1:] = np.cumsum(over.hazard(theta[:k]))
        factor[fold == one] = np.exp(x[fold == one] @ theta[k:])
    return Hazards(base, factor, fold)


def cross_fit_mean(x: Floats, total: Floats, weight: Floats, fold: Ints) -> Floats:
    """What to expect of each person's `total` of `weight` units, (n,): ridge regression of total / weight, by fold."""
    design = np.column_stack([np.ones(len(x)), x])
    cost = RIDGE * np.diag([0.0, *np.ones(x.shape[1])])
    value = np.where(weight > 0, total / np.maximum(weight, 1e-12), 0.0)
    out = np.zeros(len(x))
    for one in np.unique(fold):
        learnt = np.where(fold != one, weight, 0.0)
        if not learnt.any():
            raise ValueError("a fold leaves nobody to learn from")
        weighted = design * learnt[:, None]
        out[fold == one] = design[fold == one] @ np.linalg.solve(weighted.T @ design + cost, weighted.T @ value)
    return out * weight


def restricted_days(day: Floats, seen: npt.NDArray[np.bool_], until: int) -> Floats:
    """Days before the event, at most `until`, made whole where follow-up ended earlier: pseudo-values, (n,).

    day: of the event where `seen`, else the last day under observation (0 or more). The restricted mean plus each
    person's influence on it (Andersen PK, Hansen MG, Klein JP (2004), Lifetime Data Anal 10:335-350): their mean is the
    restricted mean of Kaplan and Meier, and where nobody is censored each is the person's own days.
    """
    n, days = len(day), np.minimum(np.floor(day).astype(np.int64), until)
    counted = seen & (day < until)
    events = np.bincount(days[counted], minlength=until + 1)[:until].astype(np.float64)
    leaving = np.bincount(days, minlength=until + 1)
    at_risk = n - np.concatenate([[0], np.cumsum(leaving)[:-1]])[:until].astype(np.float64)
    rate = events / np.maximum(at_risk, 1.0)
    survival = np.cumprod(1.0 - rate)  # past each day; day d of care is survived by those without an event on it
    area = np.cumsum(survival[::-1])[::-1]
    ahead = area / np.maximum(1.0 - rate, 1e-12) * (rate < 1.0)
    compensator = np.concatenate([[0.0], np.cumsum(n / np.maximum(at_risk, 1.0) * rate * ahead)])
    jump = np.zeros(n)
    jump[counted] = (n / np.maximum(at_risk, 1.0) * ahead)[days[counted]]
    return np.asarray(survival.sum() + compensator[np.minimum(days + 1, until)] - jump)
