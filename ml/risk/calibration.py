"""How far predicted probabilities are from what came, person by person: ICI, E50, E90.

Austin PC, Steyerberg EW (2019), Stat Med 38:4051-4065: the outcome is smoothed over the log odds, and predictions are compared with the
smooth. Here by a weighted logistic model on a restricted cubic spline of the log odds (Harrell FE), drawn by one Newton step from the
estimate on each bootstrap sample's own scores and curvature, and read at 400 quantiles of the predictions.
"""

import numpy as np
import numpy.typing as npt

from ml.risk.labels import Labels
from ml.risk.model import probability

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

KNOTS = (0.10, 0.50, 0.90)
GRID = 400
MIN_EACH = 10
MIN_VALUES = 20  # different predictions that a smooth needs
QUANTILES = {"e50": 0.5, "e90": 0.9}


def distances(linear: Floats, labels: Labels, group: Ints, times: Floats) -> dict[str, Floats]:
    """ici (mean), e50 and e90 (quantiles) of |predicted - smoothed observed| over people, (1 + draws,) each; NaN where none can be told.

    linear (n,): held-out log odds; group (n,): cluster codes; times (draws, k).
    """
    knots = np.unique(np.quantile(linear, KNOTS))
    few = min((labels.event > 0).sum(), (labels.other > 0).sum()) < MIN_EACH or len(np.unique(linear)) < MIN_VALUES
    if few or len(knots) < len(KNOTS) or np.diff(knots).min() < 1e-3:
        return {name: np.full(len(times) + 1, np.nan) for name in ("ici", *QUANTILES)}
    grid = np.quantile(linear, (np.arange(GRID) + 0.5) / GRID)
    beta = drawn_fit(spline(linear, knots), linear, labels, group, times)
    smooth = probability(np.clip(grid[:, None] + spline(grid, knots) @ beta.T, -30, 30))
    gap = np.abs(smooth - probability(grid)[:, None])
    return {"ici": gap.mean(axis=0)} | {name: np.quantile(gap, q, axis=0) for name, q in QUANTILES.items()}


def spline(values: Floats, knots: Floats) -> Floats:
    """Basis (n, 3) of a restricted cubic spline with three knots: constant, linear, and one curve that is straight outside."""
    low, middle, high = knots
    cubes = [np.maximum(values - knot, 0.0) ** 3 for knot in knots]
    span = (high - low) ** 2
    curve = cubes[0] - cubes[1] * (high - low) / (high - middle) + cubes[2] * (middle - low) / (high - middle)
    return np.column_stack([np.ones(len(values)), values, curve / span])


def drawn_fit(design: Floats, offset: Floats, labels: Labels, group: Ints, times: Floats) -> Floats:
    """Coefficients (1 + draws, q) of a weighted logistic model of the design (n, q) beside an offset (n,): of everyone, then one Newton
    step from there on each draw."""
    beta = np.zeros(design.shape[1])
    for _ in range(40):
        score, bend = newton_parts(design, offset + design @ beta, labels)
        step = np.linalg.solve(bend.sum(axis=0) + 1e-9 * np.eye(len(beta)), score.sum(axis=0))
        beta = beta + np.clip(step, -2.0, 2.0)
        if np.abs(step).max() < 1e-10:
            break
    score, bend = newton_parts(design, offset + design @ beta, labels)
    size = design.shape[1]
    sums = by_cluster(np.column_stack([score, bend.reshape(len(design), -1)]), group, times)
    curvature = sums[:, size:].reshape(-1, size, size) + 1e-9 * np.eye(size)
    drawn = np.linalg.solve(curvature, sums[:, :size, None])[:, :, 0]
    return np.asarray(beta + np.concatenate([np.zeros((1, size)), drawn[1:]]))


def newton_parts(design: Floats, linear: Floats, labels: Labels) -> tuple[Floats, Floats]:
    """Scores (n, q) and curvatures (n, q, q) of the weighted logistic log likelihood."""
    p = probability(linear)
    score = (labels.event - labels.total * p)[:, None] * design
    bend = (labels.total * p * (1.0 - p))[:, None, None] * design[:, :, None] * design[:, None, :]
    return score, bend


def by_cluster(values: Floats, group: Ints, times: Floats) -> Floats:
    """Sums (1 + draws, columns) of values (n, columns): of everyone first, then of each draw."""
    k = times.shape[1]
    sums = np.column_stack([np.bincount(group, weights=column, minlength=k) for column in values.T])
    return np.concatenate([sums.sum(axis=0)[None], times @ sums])
