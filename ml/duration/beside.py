"""The two curves beside the headline: of the day restoration was seen, and model-free of the day it happened.

`restoration_detection_date` (method detection_date): Aalen-Johansen with competing exits and late entry. It dates
restoration on the day an assessment *showed* it, so it runs late by up to the gap between assessments.
`restoration_npmle` (method npmle): Turnbull's NPMLE of the day it *happened*, known only between two assessments.
Exits are censoring, so it estimates restoration had nobody left, and its complement is not "in care"; only episodes
observed from intake (entry_day 0) are in.

Intervals: 95 % percentiles of a bootstrap of clusters (see resampling.clusters).
"""

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml import resampling
from ml.contracts import CURVE, empty
from ml.duration import aalen_johansen, npmle
from ml.duration.observed import Observed
from ml.duration.rows import LAST_DAY, grid, limits, rows, shown

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

NPMLE_DRAW_TOLERANCE = 0.05  # log likelihood: far below the 1/2 that would move a curve by one standard error


def detection_date(seen: Observed, group: Ints, generator: np.random.Generator, draws: int) -> pd.DataFrame:
    """Rows of `restoration_detection_date`, without stratum; group (n,) are clusters."""
    in_study = seen.time > seen.entry
    seen, group = seen.take(in_study), np.unique(group[in_study], return_inverse=True)[1]
    days, at_risk = _days(seen)
    if not len(days):
        return empty(CURVE)
    fitted = aalen_johansen.fit(seen.entry, seen.time, seen.state, causes=3)
    estimate = np.column_stack([fitted.incidence_at(days), fitted.survival_at(days)])
    entry, time = np.maximum(seen.entry, -1.0).astype(np.int64), seen.time.astype(np.int64)
    k = int(group.max()) + 1
    drawn = np.empty((draws, *estimate.shape))
    for table, times in zip(drawn, resampling.multiplicity(generator, k, draws), strict=True):
        survival, incidence = aalen_johansen.on_days(entry, time, seen.state, times[group], causes=3, last=LAST_DAY)
        table[:] = np.column_stack([incidence, survival])[days]
    lower, upper = resampling.percentile_interval(estimate, drawn)
    return pd.concat(
        [
            rows(
                "restoration_detection_date",
                "detection_date",
                state,
                days,
                at_risk,
                limits(estimate[:, j], lower[:, j], upper[:, j], k, rising=j < 3),
            )
            for j, state in enumerate(("restored", "lost", "other_exit", "in_care"))
        ]
    )


def model_free(seen: Observed, group: Ints, generator: np.random.Generator, draws: int) -> pd.DataFrame:
    """Rows of `restoration_npmle`, without stratum; group (n,) are clusters."""
    from_intake = np.isneginf(seen.entry)
    seen, group = seen.take(from_intake), np.unique(group[from_intake], return_inverse=True)[1]
    days, at_risk = _days(seen)
    if not len(days):
        return empty(CURVE)
    pairs, which = np.unique(np.column_stack([seen.left, seen.right]), axis=0, return_inverse=True)
    known, n = npmle.cells(pairs[:, 0], pairs[:, 1]), len(pairs)
    cell, k = which.ravel(), int(group.max()) + 1
    full = npmle.fit_cells(known, np.bincount(cell, minlength=n).astype(np.float64), tol=1e-4)
    estimate = 1.0 - full.survival_at(days, "linear")
    drawn = np.empty((draws, len(days)))
    for row, times in zip(drawn, resampling.multiplicity(generator, k, draws), strict=True):
        weight = np.bincount(cell, weights=times[group], minlength=n).astype(np.float64)
        row[:] = 1.0 - npmle.fit_cells(known, weight, start=full.mass, tol=NPMLE_DRAW_TOLERANCE).survival_at(
            days, "linear"
        )
    lower, upper = resampling.percentile_interval(estimate, drawn)
    return rows("restoration_npmle", "npmle", "restored", days, at_risk, limits(estimate, lower, upper, k, rising=True))


def _days(seen: Observed) -> tuple[Ints, Ints]:
    """The grid days with enough people at risk, and how many they are."""
    at_risk = seen.n_at_risk(grid())
    days = shown(at_risk)
    return days, at_risk[: len(days)]
