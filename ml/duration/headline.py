"""Rows of the headline: panel fits of a stratum, of all offices together, and the sensitivity beside the first."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.contracts import CURVE, empty
from ml.duration import panel, unequal
from ml.duration.panel import STATES, Curves
from ml.duration.rows import LAST_DAY, grid, limits, rows, shown
from ml.duration.stays import Stays

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

NAME, NOBODY_LEAVES = "restoration", "restoration_exit_zero_after"


def rows_of(seen: Stays, cluster: Ints, *, sensitivity: bool = False) -> pd.DataFrame:
    """Rows of `restoration`, without stratum; and of `restoration_exit_zero_after` if asked for.

    No rows where fewer than 11 are at risk on day 0, or where a fit does not converge: then there is no headline.
    """
    used, cluster = seen.take(seen.used), cluster[seen.used]
    if not len(shown(at_risk(used))):
        return empty(CURVE)
    fitted = panel.fit(used, cluster)
    if not fitted.converged:
        return empty(CURVE)
    last = min(LAST_DAY, fitted.last)
    parts = [table(NAME, fitted.curves(last=last), fitted.covariance, used, cluster)]
    if sensitivity:
        other = unequal.fit(used, fitted, ratio=0.0)
        parts.append(table(NOBODY_LEAVES, other.curves(last=last), other.covariance, used, cluster))
    return pd.concat(parts)


def by_office(seen: Stays, cluster: Ints, office: pd.Series, *, least: int) -> pd.DataFrame:
    """Rows of `restoration` by office_id, for offices with at least so many episodes, from one fit of all offices.

    Offices differ by a factor on each hazard, drawn towards 1 by as much as the data ask: an office of few people is
    shown near the average, with a wide interval. No rows where there is one office only, or no convergence.
    """
    rows_in = seen.used & office.notna().to_numpy()
    used, cluster = seen.take(rows_in), cluster[rows_in]
    names, code = np.unique(office[rows_in].to_numpy(dtype=str), return_inverse=True)
    if len(names) < 2:
        return empty(CURVE)
    fitted = panel.fit(used, cluster, np.eye(len(names))[code], pooled=True)
    if not fitted.converged:
        return empty(CURVE)
    parts = [empty(CURVE)]
    for j, name in enumerate(names):
        own = code == j
        if (office == name).sum() >= least and len(shown(at_risk(used.take(own)))):
            curves = fitted.curves(np.eye(len(names))[j], last=min(LAST_DAY, fitted.last))
            part = table(NAME, curves, fitted.covariance, used.take(own), cluster[own])
            parts.append(part.assign(stratum="office_id", stratum_value=name))
    return pd.concat([part for part in parts if len(part)] or parts)


def table(name: str, curves: Curves, covariance: Floats, seen: Stays, cluster: Ints) -> pd.DataFrame:
    """Rows of all four states on the days of the grid that are shown."""
    n = at_risk(seen)
    days = shown(n)
    days = days[days < len(curves.estimate)]
    lower, upper = panel.interval(curves.on(days), covariance)
    k = len(np.unique(cluster))
    parts = []
    for j, state in enumerate(STATES):
        values = limits(curves.estimate[days, j], lower[:, j], upper[:, j], k, rising=state != "in_care")
        parts.append(rows(name, "panel", state, days, n[: len(days)], values))
    return pd.concat(parts)


def at_risk(seen: Stays) -> Ints:
    """How many are under observation and not yet known restored just before each day of the grid."""
    begins, ends = np.sort(seen.exit_start), np.sort(np.minimum(seen.stop, seen.right))
    entered = np.searchsorted(begins, grid(), side="left")
    return np.asarray(entered - np.searchsorted(ends, grid(), side="left"), dtype=np.int64)
