"""A ridge logistic model that is nothing but numbers.

scikit-learn's `LogisticRegression` (newton-cholesky), each person standing in it once per outcome she may have, with
her weight.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression

from ml.risk.labels import Labels

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

CLIP = 1e-6


@dataclass(frozen=True)
class Model:
    """Means, scales and coefficients (p,) on the standardised scale, intercept, penalty, and the null probability."""

    mean: Floats
    scale: Floats
    coefficient: Floats
    intercept: float
    penalty: float
    null: float

    def standardised(self, x: Floats) -> Floats:
        """(n, p) of mean 0 and deviation 1 in training; NaN becomes the training mean."""
        return np.nan_to_num((x - self.mean) / self.scale, nan=0.0)

    def linear(self, x: Floats) -> Floats:
        """The log odds of the outcome, (n,), for features (n, p)."""
        return np.asarray(self.standardised(x) @ self.coefficient + self.intercept)


def probability(linear: Floats) -> Floats:
    """Probabilities of log odds, kept off 0 and 1 by 1e-6 so that a log loss is finite."""
    return np.clip(1.0 / (1.0 + np.exp(-np.clip(linear, -30, 30))), CLIP, 1.0 - CLIP)


def log_odds(p: Floats) -> Floats:
    """Log odds of probabilities, these kept off 0 and 1 by 1e-6."""
    kept = np.clip(p, CLIP, 1.0 - CLIP)
    return np.asarray(np.log(kept / (1.0 - kept)))


def losses(p: Floats, labels: Labels) -> Floats:
    """Weighted log loss of each person, (n,); 0 for the unknown."""
    return -(labels.event * np.log(p) + labels.other * np.log(1.0 - p))


def stacked(labels: Labels, rows: Bools) -> tuple[Ints, Ints, Floats]:
    """Positions, outcomes (1 = it came) and weights of mean 1 of everyone in `rows` with a known outcome."""
    one, zero = np.flatnonzero(rows & (labels.event > 0)), np.flatnonzero(rows & (labels.other > 0))
    weight = np.concatenate([labels.event[one], labels.other[zero]])
    outcome = np.repeat([1, 0], [len(one), len(zero)])
    return np.concatenate([one, zero]), outcome, weight / weight.mean()


def scaling(x: Floats) -> tuple[Floats, Floats]:
    """Means and deviations (p,) that ignore NaN; a constant or empty column gets deviation 1."""
    known = ~np.isnan(x)
    n = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, x, 0.0).sum(axis=0) / n
    spread = np.sqrt(np.where(known, x - mean, 0.0).__pow__(2).sum(axis=0) / n)
    return mean, np.where(spread > 1e-12, spread, 1.0)


def intercept(x: Floats, labels: Labels, rows: Bools, penalty: float = 0.0) -> Model:
    """The model that knows nobody: the weighted share of the rows (n,) bool that had the outcome."""
    null = float(labels.event[rows].sum() / labels.total[rows].sum())
    p = x.shape[1]
    return Model(np.zeros(p), np.ones(p), np.zeros(p), float(log_odds(np.array(null))), penalty, null)


def fit(x: Floats, labels: Labels, rows: Bools, penalty: float) -> Model:
    """The model of the rows (n,) bool of features (n, p); both outcomes must be among them."""
    known = rows & (labels.total > 0)
    mean, scale = scaling(x[known])
    who, outcome, weight = stacked(labels, rows)
    z = np.nan_to_num((x[who] - mean) / scale, nan=0.0)
    ridge = LogisticRegression(C=penalty, solver="newton-cholesky", tol=1e-6, max_iter=200)
    ridge.fit(z, outcome, sample_weight=weight)
    null = float(labels.event[known].sum() / labels.total[known].sum())
    return Model(mean, scale, ridge.coef_[0].astype(np.float64), float(ridge.intercept_[0]), penalty, null)
