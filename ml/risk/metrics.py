"""How good held-out probabilities are, with each person's weight for censoring, and 95 % limits by a bootstrap of
clusters.

Brier and its null: Graf E et al. (1999), Stat Med 18:2529-2545, weights normed to their sum. AUC: Uno H et al.
(2007), JASA 102:527-537. Calibration: Cox DR (1958), Biometrika 45:562-565; drawn by one Newton step from the
estimate on each sample's own scores and curvature.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.resampling import percentile_interval
from ml.risk import decision
from ml.risk.calibration import by_cluster, distances, drawn_fit
from ml.risk.labels import Labels
from ml.risk.model import losses, probability

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def metrics(
    linear: Floats, null: Floats, labels: Labels, group: Ints, times: Floats, *, capacity: float | None = None
) -> pd.DataFrame:
    """metric, estimate, lower, upper, n of held-out log odds (n,) and null probabilities (n,).

    group (n,): cluster codes; times (draws, k): how often each cluster is drawn. Metrics: auc, brier, scaled_brier
    (1 - brier / null brier), log_loss, calibration_slope (1 is right), calibration_in_the_large (log odds observed
    beyond predicted; 0 is right), ici, e50, e90; with a capacity what `decision.benefits` gives. One that is not defined is NaN.
    """
    p = probability(linear)
    averages = np.column_stack([losses(p, labels), squares(p, labels), squares(null, labels), labels.total])
    sums = by_cluster(averages, group, times)
    log_loss, brier, null_brier = (sums[:, j] / sums[:, 3] for j in range(3))
    found = {
        "auc": auc(linear, labels, group, times),
        "brier": brier,
        "scaled_brier": 1.0 - brier / null_brier,
        "log_loss": log_loss,
        "calibration_slope": _calibration(linear, labels, group, times, slope=True),
        "calibration_in_the_large": _calibration(linear, labels, group, times, slope=False),
        **distances(linear, labels, group, times),
    }
    if capacity is not None:
        found |= decision.benefits(p, labels, group, times, capacity)
    return table(found, int((labels.total > 0).sum()))


def table(found: Mapping[str, Floats], n: int) -> pd.DataFrame:
    """metric, estimate, lower, upper, n of values (1 + draws,): the estimate, then the draws."""
    rows = []
    for name, values in found.items():
        drawn = values[1:][np.isfinite(values[1:])]
        lower, upper = percentile_interval(values[0], drawn) if len(drawn) else (values[0], values[0])
        rows.append((name, values[0], float(lower), float(upper)))
    return pd.DataFrame(rows, columns=["metric", "estimate", "lower", "upper"]).assign(n=n)


def squares(p: Floats, labels: Labels) -> Floats:
    """Weighted squared error of each person, (n,); 0 for the unknown."""
    return labels.event * (1.0 - p) ** 2 + labels.other * p**2


def auc(linear: Floats, labels: Labels, group: Ints, times: Floats) -> Floats:
    """P(the log odds of a person with the outcome exceed those of one without), ties half, (1 + draws,)."""
    order = np.argsort(linear, kind="stable")
    step = np.concatenate([[0], np.flatnonzero(np.diff(linear[order])) + 1])
    case, control, who = labels.event[order], labels.other[order], group[order]
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
    ones = np.ones((len(linear), 1))
    if not (labels.event.any() and labels.other.any()):
        return np.full(len(times) + 1, np.nan)
    if not slope:
        return drawn_fit(ones, linear, labels, group, times)[:, 0]
    if np.ptp(linear) < 1e-9:
        return np.full(len(times) + 1, np.nan)
    return drawn_fit(np.column_stack([linear, ones]), np.zeros(len(linear)), labels, group, times)[:, 0]
