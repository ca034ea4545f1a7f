"""How good held-out probabilities are, with each person's weight for censoring, and 95 % limits by a bootstrap of
clusters.

Brier and its null: Graf E et al. (1999), Stat Med 18:2529-2545, weights normed to their sum. AUC: Uno H et al.
(2007), JASA 102:527-537. Calibration: Cox DR (1958), Biometrika 45:562-565; drawn by one Newton step from the
estimate on each sample's own scores and curvature.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.resampling import percentile_interval
from ml.risk.labels import Labels
from ml.risk.model import losses, probability

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def metrics(linear: Floats, null: Floats, labels: Labels, group: Ints, times: Floats) -> pd.DataFrame:
    """metric, estimate, lower, upper, n of held-out log odds (n,) and null probabilities (n,).

    group (n,): cluster codes; times (draws, k): how often each cluster is drawn. Metrics: auc, brier, scaled_brier
    (1 - brier / null brier), log_loss, calibration_slope (1 is right), calibration_in_the_large (log odds observed
    beyond predicted; 0 is right).
    """
    p = probability(linear)
    averages = np.column_stack([losses(p, labels), _squares(p, labels), _squares(null, labels), labels.total])
    sums = _by_cluster(averages, group, times)
    log_loss, brier, null_brier = (sums[:, j] / sums[:, 3] for j in range(3))
    found = {
        "auc": _auc(linear, labels, group, times),
        "brier": brier,
        "scaled_brier": 1.0 - brier / null_brier,
        "log_loss": log_loss,
        "calibration_slope": _calibration(linear, labels, group, times, slope=True),
        "calibration_in_the_large": _calibration(linear, labels, group, times, slope=False),
    }
    rows = []
    for name, values in found.items():
        drawn = values[1:][np.isfinite(values[1:])]
        lower, upper = percentile_interval(values[0], drawn) if len(drawn) else (values[0], values[0])
        rows.append((name, values[0], float(lower), float(upper)))
    table = pd.DataFrame(rows, columns=["metric", "estimate", "lower", "upper"])
    return table.assign(n=int((labels.total > 0).sum()))


def _by_cluster(values: Floats, group: Ints, times: Floats) -> Floats:
    """Sums (1 + draws, columns): of everyone first, then of each draw."""
    k = times.shape[1]
    sums = np.column_stack([np.bincount(group, weights=column, minlength=k) for column in values.T])
    return np.concatenate([sums.sum(axis=0)[None], times @ sums])


def _squares(p: Floats, labels: Labels) -> Floats:
    return labels.unrestored * (1.0 - p) ** 2 + labels.restored * p**2


def _auc(linear: Floats, labels: Labels, group: Ints, times: Floats) -> Floats:
    """P(an unrestored person's log odds exceed a restored one's), ties half, (1 + draws,)."""
    order = np.argsort(linear, kind="stable")
    step = np.concatenate([[0], np.flatnonzero(np.diff(linear[order])) + 1])
    case, control, who = labels.unrestored[order], labels.restored[order], group[order]
    out = np.full(len(times) + 1, np.nan)
    for draw in range(len(times) + 1):
        weight = np.ones(len(who)) if draw == 0 else times[draw - 1][who]
        ones, zeros = np.add.reduceat(weight * case, step), np.add.reduceat(weight * control, step)
        pairs = ones.sum() * zeros.sum()
        if pairs > 0:
            out[draw] = ones @ (np.cumsum(zeros) - zeros / 2) / pairs
    return out


def _calibration(linear: Floats, labels: Labels, group: Ints, times: Floats, *, slope: bool) -> Floats:
    """Slope of the outcome on the log odds, or intercept at slope 1, (1 + draws,); NaN when it is not defined."""
    design = np.column_stack([linear, np.ones(len(linear))]) if slope else np.ones((len(linear), 1))
    offset = np.zeros(len(linear)) if slope else linear
    beta = np.zeros(design.shape[1])
    if slope:
        beta[0] = 1.0
    if slope and np.ptp(linear) < 1e-9:
        return np.full(len(times) + 1, np.nan)
    for _ in range(30):
        score, bend = _newton_parts(design, offset + design @ beta, labels)
        step = np.linalg.solve(bend.sum(axis=0), score.sum(axis=0))
        beta = beta + step
        if np.abs(step).max() < 1e-10:
            break
    score, bend = _newton_parts(design, offset + design @ beta, labels)
    size = design.shape[1]
    sums = _by_cluster(np.column_stack([score, bend.reshape(len(linear), -1)]), group, times)
    curvature = sums[:, size:].reshape(-1, size, size) + 1e-12 * np.eye(size)
    drawn = np.linalg.solve(curvature, sums[:, :size, None])[:, :, 0]
    return beta[0] + np.concatenate([[0.0], drawn[1:, 0]])


def _newton_parts(design: Floats, linear: Floats, labels: Labels) -> tuple[Floats, Floats]:
    """Scores (n, q) and curvatures (n, q, q) of the weighted logistic log likelihood."""
    p = probability(linear)
    score = (labels.unrestored - labels.total * p)[:, None] * design
    bend = (labels.total * p * (1.0 - p))[:, None, None] * design[:, :, None] * design[:, None, :]
    return score, bend
