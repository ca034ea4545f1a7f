"""Logistic regression on many rows, for who is treated and who leaves."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from ml.services.columns import Columns

Floats = npt.NDArray[np.float64]

RIDGE = 0.5  # of columns as they are: points of a score, dummies
THIN, MANY = 8, 100_000
STEPS, CLOSE = 30, 1e-7


@dataclass(frozen=True)
class Fitted:
    """theta (k,), the intercept first; the chance of each row (r,); whether the maximum was found."""

    theta: Floats
    chance: Floats
    converged: bool


def fit(columns: Columns, outcome: Floats, *, begin: Floats | None = None) -> Fitted:
    """The fit with a slight ridge on all but the intercept, so that rare groups have a finite effect.

    The search begins at `begin`, the theta of a fit on the first columns; of many rows at the fit of every eighth.
    """
    theta = np.zeros(columns.width)
    if begin is not None:
        theta[: len(begin)] = begin
        theta, converged = _search(columns, outcome, theta)
        return Fitted(theta, expit(columns.times(theta)), converged)
    share = float(np.clip(outcome.mean() if len(outcome) else 0.5, 1e-6, 1 - 1e-6))
    theta[0] = np.log(share / (1 - share))
    if len(columns) > MANY:
        theta = _search(columns.thinned(THIN), outcome[::THIN], theta)[0]
    theta, converged = _search(columns, outcome, theta)
    return Fitted(theta, expit(columns.times(theta)), converged)


def _search(columns: Columns, outcome: Floats, theta: Floats) -> tuple[Floats, bool]:
    cost = np.full(columns.width, RIDGE)
    cost[0] = 1e-6
    for _ in range(STEPS):
        gradient, curve = -cost * theta, np.diag(cost)
        for which, x in columns.blocks():
            chance = expit(x @ theta)
            gradient += x.T @ (outcome[which] - chance)
            curve += (x * (chance * (1 - chance))[:, None]).T @ x
        step = np.linalg.solve(curve, gradient)
        theta = theta + step * min(1.0, 4.0 / max(float(np.abs(step).max()), 1e-300))
        if float(gradient @ step) < CLOSE * max(len(columns), 1) ** 0.5:
            return theta, True
    return theta, False
