"""The limits of the headline by resampling: clusters of people are drawn anew and the model is fitted again, 200 times or more.

A check on the limits that a night publishes (a sandwich, see `panel`), and another answer where few clusters hold many people.
Whole clusters are drawn (people of one rescue operation, else household, else the person; an operation is of one office), on the
distinct observations, so that a draw costs a fraction of a fit. The amounts of smoothing and of pooling are kept, and so is how much
each office counts. Davison AC, Hinkley DV (1997), Bootstrap Methods and their Application.
"""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml import resampling
from ml.duration import panel
from ml.duration.headline import NAME, Headline
from ml.duration.occupancy import STATES, states
from ml.duration.optimal_time import HORIZON
from ml.duration.rows import grid
from ml.threads import single_thread

Floats = npt.NDArray[np.float64]

BLOCK = 10
LEAST_DRAWS = 200


def block(found: Headline, *, seed: int, number: int) -> Floats:
    """The headline's states of ten draws, (10, days of the grid, 4); the same for the same seed and number."""
    with single_thread():
        drawn = found.fitted.resampled(resampling.rng(seed, "bootstrap", str(number)), BLOCK)
        return np.stack([_states(found, theta) for theta in drawn])


def intervals(found: Headline, drawn: Floats) -> pd.DataFrame:
    """Rows by state and day: estimate, lower, upper (95 % of the draws), and sandwich_lower, sandwich_upper as a night gives them.

    drawn: (draws, days, 4).
    """
    low, high = resampling.percentile_interval(found.overall.estimate, drawn)
    sandwich = panel.interval(found.overall, found.fitted.covariance)
    days, parts = grid()[: drawn.shape[1]], []
    for j, state in enumerate(STATES):
        limits = {"lower": low[:, j], "upper": high[:, j]}
        beside = {"sandwich_lower": sandwich[0][:, j], "sandwich_upper": sandwich[1][:, j]}
        table = {"day": days, "estimate": found.overall.estimate[:, j], **limits, **beside}
        parts.append(pd.DataFrame(table).assign(curve_name=NAME, state=state))
    rows = pd.concat(parts, ignore_index=True)
    return rows.assign(n_draws=len(drawn))[["curve_name", "state", *[name for name in table], "n_draws"]]


def restricted_mean(found: Headline, drawn: Floats) -> tuple[float, float, float] | None:
    """Mean months lived restored within 36, with 95 % limits of the draws; None where nobody is watched for so long."""
    if drawn.shape[1] <= HORIZON:
        return None
    weight = np.ones(HORIZON + 1)
    weight[[0, -1]] = 0.5
    estimate = found.overall.estimate[: HORIZON + 1, 0] @ weight
    low, high = resampling.percentile_interval(estimate, drawn[:, : HORIZON + 1, 0] @ weight)
    return float(estimate), float(low), float(high)


def _states(found: Headline, theta: Floats) -> Floats:
    """The headline's states on the days of the grid, of other coefficients (q,), (days, 4)."""
    last = int(grid()[len(found.overall.estimate) - 1])
    sizes = np.cumsum([len(one.theta) for one in found.fitted.hazards])[:-1]
    parts = zip(found.fitted.hazards, np.split(theta, sizes), strict=True)
    hazards = [replace(one, theta=own) for one, own in parts]
    several = len(found.names) > 1
    rows = np.eye(len(found.names)) if several else np.zeros((1, 0))
    of_each = [states(np.stack([one.hazard(x)[: last + 1] for one in hazards], axis=1)) for x in rows]
    whole = sum(share * one for share, one in zip(found.share, of_each, strict=True))
    return np.asarray(whole)[grid()[grid() <= last]]
