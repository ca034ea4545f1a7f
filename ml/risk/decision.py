"""What more support given by a model would reach: net benefit against giving it to everybody or to nobody, weighted for censoring.

Vickers AJ, Elkin EB (2006), Med Decis Making 26:565-574; with weights for censoring Vickers AJ et al. (2008), BMC Med Inform Decis Mak
8:53. The threshold is not chosen: it follows from how many people an office can give more support.
"""

import numpy as np
import numpy.typing as npt

from ml.risk.calibration import by_cluster
from ml.risk.labels import Labels

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

CURVE = (0.1, 0.2, 0.3, 0.4, 0.5)


def threshold_of(p: Floats, capacity: float) -> float:
    """The lowest threshold that at most the share `capacity` of the probabilities (n,) reach; people who tie stay below together."""
    if not len(p):
        return 1.0
    down = np.sort(p)[::-1]
    cut = float(down[min(int(capacity * len(p)), len(p) - 1)])
    return float(np.nextafter(cut, np.inf))


def benefits(p: Floats, labels: Labels, group: Ints, times: Floats, capacity: float) -> dict[str, Floats]:
    """(1 + draws,) each: threshold, false_negative_rate at the capacity; net_benefit and net_benefit_all along the curve of capacities.

    Net benefit counts, per person, those reached who had the outcome, less those reached who had not at the odds of the threshold.
    """
    at = threshold_of(p, capacity)
    out = {"threshold": np.full(len(times) + 1, at), **missed(p, labels, group, times, at)}
    for share in sorted({*CURVE, capacity}):
        cut = threshold_of(p, share)
        odds = cut / (1.0 - cut)
        reached = p >= cut
        values = np.column_stack(
            [
                labels.event * reached - odds * labels.other * reached,
                labels.event - odds * labels.other,
                labels.total,
            ]
        )
        sums = by_cluster(values, group, times)
        whole = np.maximum(sums[:, 2], 1e-12)
        out[f"net_benefit_capacity_{round(100 * share)}"] = sums[:, 0] / whole
        out[f"net_benefit_all_capacity_{round(100 * share)}"] = sums[:, 1] / whole
    return out


def missed(p: Floats, labels: Labels, group: Ints, times: Floats, cut: float) -> dict[str, Floats]:
    """false_negative_rate: of those who had the outcome, the share below the threshold, (1 + draws,); NaN where nobody had it."""
    below = p < cut
    sums = by_cluster(np.column_stack([labels.event * below, labels.event]), group, times)
    with np.errstate(invalid="ignore", divide="ignore"):
        return {"false_negative_rate": np.where(sums[:, 1] > 0, sums[:, 0] / sums[:, 1], np.nan)}
