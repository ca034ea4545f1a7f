"""Rows of the headline: panel fits of a stratum, of all offices together, and the sensitivity beside the first."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.contracts import CURVE, empty
from ml.duration import panel, unequal
from ml.duration.hazard import NEVER
from ml.duration.optimal_time import Asked
from ml.duration.panel import STATES, Curves, Panel, Watched
from ml.duration.rows import LAST_DAY, MIN_AT_RISK, grid, limits, rows, shown
from ml.duration.stays import Stays

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

NAME, NOBODY_LEAVES = "restoration", "restoration_exit_zero_after"


@dataclass(frozen=True)
class Headline:
    """A panel fit of a population of offices: curves of all together, and of each office (m,) where there are several.

    curves are on the days of the grid. share (m,): how much each office counts,
    adding to 1. used: the stays that say something; cluster, office: of each of them.
    """

    fitted: Panel
    overall: Curves
    each: list[Curves]
    share: Floats
    names: npt.NDArray[np.str_]
    used: Stays
    cluster: Ints
    office: Ints


def fit(
    seen: Stays, cluster: Ints, office: pd.Series, *, watched: Watched | None = None, near: "Headline | None" = None
) -> Headline | None:
    """The fit behind the headline; None where fewer than 11 are at risk at intake, or where it does not converge.

    Offices differ by a factor on each hazard, drawn towards 1 by as much as the data ask. The curve of all is the
    average over the offices by their number of episodes, so that an office whose early stays are missing or seldom
    assessed counts for no less. Episodes without an office are an office of their own. `watched`: what is known of the
    restoration of the stays that are used, in their order, in place of what they say. `near`: a fit of the same offices,
    where the search begins.
    """
    used, cluster = seen.take(seen.used), cluster[seen.used]
    if not (at_risk(used)[0] >= MIN_AT_RISK):
        return None
    names, code = np.unique(office.fillna("").to_numpy(dtype=str), return_inverse=True)
    start = near.fitted if near is not None and np.array_equal(near.names, names) else None
    dummies = np.eye(len(names)) if len(names) > 1 else np.zeros((1, 0))
    fitted = panel.fit(used, cluster, dummies[code[seen.used]], pooled=len(names) > 1, watched=watched, near=start)
    if not fitted.converged:
        return None
    last = min(LAST_DAY, fitted.last)
    days = grid()[grid() <= last]
    each = [fitted.curves(row, last=last, days=days) for row in dummies]
    share = np.bincount(code) / len(code)
    return Headline(fitted, panel.average(each, share), each, share, names, used, cluster, code[seen.used])


def rows_of(found: Headline, *, name: str = NAME) -> pd.DataFrame:
    """Rows of `restoration`, or of a curve of another name, of all offices together, without stratum."""
    return _table(name, found.overall, found.fitted.covariance, found.used, found.cluster)


def no_rows() -> pd.DataFrame:
    """No rows of a curve."""
    return empty(CURVE)


def by_office(found: Headline, *, least: int) -> pd.DataFrame:
    """Rows of `restoration` by office_id, for offices with at least so many episodes in the fit."""
    parts = [empty(CURVE)]
    for j, name in enumerate(found.names):
        own = found.office == j
        if name and len(found.names) > 1 and own.sum() >= least:
            used = found.used.take(own)
            part = _table(NAME, found.each[j], found.fitted.covariance, used, found.cluster[own])
            parts.append(part.assign(stratum="office_id", stratum_value=name))
    return pd.concat([part for part in parts if len(part)] or parts)


def asked(found: Headline, stratum: str, value: str) -> Asked:
    """Whom the questions of optimal time are asked of: everybody in the fit."""
    n_restored = int((found.used.right < NEVER).sum())
    return Asked(
        stratum, value, len(found.office), n_restored, found.overall, found.fitted.covariance, at_risk(found.used)
    )


def asked_by_office(found: Headline, *, least: int) -> list[Asked]:
    """The same of each office with at least so many episodes in the fit."""
    out = []
    for j, name in enumerate(found.names):
        own = found.office == j
        if name and len(found.names) > 1 and own.sum() >= least:
            used = found.used.take(own)
            seen = int((used.right < NEVER).sum())
            covariance = found.fitted.covariance
            out.append(Asked("office_id", name, int(own.sum()), seen, found.each[j], covariance, at_risk(used)))
    return out


def nobody_leaves_unseen(found: Headline) -> pd.DataFrame:
    """Rows of `restoration_exit_zero_after`, without stratum: the sensitivity, fitted without differences of offices.

    No rows where it does not converge.
    """
    start = panel.fit(found.used, found.cluster)
    other = unequal.fit(found.used, found.cluster, start, ratio=0.0)
    if not other.converged:
        return empty(CURVE)
    last = min(LAST_DAY, start.last)
    curves = other.curves(last=last, days=grid()[grid() <= last])
    return _table(NOBODY_LEAVES, curves, other.covariance, found.used, found.cluster)


def _table(name: str, curves: Curves, covariance: Floats, seen: Stays, cluster: Ints) -> pd.DataFrame:
    """Rows of all four states on the days of the grid that are shown; curves are on the grid."""
    n = at_risk(seen)
    days = shown(n)
    m = min(len(days), len(curves.estimate))
    lower, upper = panel.interval(curves.on(np.arange(m)), covariance)
    k = len(np.unique(cluster))
    parts = []
    for j, state in enumerate(STATES):
        values = limits(curves.estimate[:m, j], lower[:, j], upper[:, j], k, rising=state != "in_care")
        parts.append(rows(name, "panel", state, days[:m], n[:m], values))
    return pd.concat(parts)


def at_risk(seen: Stays) -> Ints:
    """How many are under observation and not yet known restored just before each day of the grid."""
    begins, ends = np.sort(seen.exit_start), np.sort(np.minimum(seen.stop, seen.right))
    entered = np.searchsorted(begins, grid(), side="left")
    return np.asarray(entered - np.searchsorted(ends, grid(), side="left"), dtype=np.int64)
