"""The marginal structural model: a monthly hazard of restoration from what assessments show, with weights of months.

Restoration lies between two assessments. With mu the weighted-for hazard of each month (times the part of the month that
counts), a month that is known to have passed without restoration adds -w mu x to the score, and a month of an interval with cumulative
hazard H in which restoration happened adds w mu x / (exp(H) - 1). That is the expected score of the pooled model of
person-months given what was seen (the E-step of an EM algorithm, solved at its fixed point), so that nothing depends on the day of
detection. With weights of 1 it is the likelihood of interval-censored data. The link is log, so that a coefficient is a
log hazard ratio at any length of month; pooled logistic regression is its limit for rare events.

Robins JM, Hernán MA, Brumback B (2000), Epidemiology 11:550-560; Turnbull BW (1976), JRSS B 38:290-295.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

from ml.services.columns import Columns

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

STEPS = 60
CLOSE, SHORT = 1e-7, 0.2
RIDGE = 0.05
MOST_PULL = 0.75  # the bound of Fay and Graubard


@dataclass(frozen=True)
class Pieces:
    """Parts of months, (p,) each. row: row of the months; part: how much of the month, over 0 to 1.

    event: number of the interval in which restoration was seen to lie, -1 where the month is known to have passed
    without. n_events: how many intervals.
    """

    row: Ints
    part: Floats
    event: Ints
    n_events: int


@dataclass(frozen=True)
class Fitted:
    """theta (k,), the intercept first; how far each cluster moves it (clusters, k); expected events of each piece (p,)."""

    theta: Floats
    influence: Floats
    events: Floats
    converged: bool

    @property
    def covariance(self) -> Floats:
        """The sandwich of theta by cluster, (k, k)."""
        return np.asarray(self.influence.T @ self.influence)

    def error(self, slope: Floats) -> tuple[float, float]:
        """The standard error of slope @ theta, and how many of it its 95 % limits are away.

        The t quantile, at as many degrees of freedom as the clusters' parts of the variance are worth (Satterthwaite, as Fay and
        Graubard propose): few where a few people with large weights make up most of it.
        """
        parts = (self.influence @ slope) ** 2
        variance = float(parts.sum())
        freedom = variance**2 / max(float((parts**2).sum()), 1e-300)
        return float(np.sqrt(variance)), float(stdtrit(max(freedom, 1.0), 0.975))


def fit(
    columns: Columns, pieces: Pieces, weight: Floats, cluster: Ints, free: int, *, begin: Floats | None = None
) -> Fitted:  # fmt: skip
    """The weighted fit; columns of `pieces.row`, weight (p,), cluster (p,) of each piece.

    The first `free` columns after the intercept are not shrunk; the others have a ridge that only rare groups feel. `begin`: theta of a
    like fit, near which the search begins.
    The sandwich takes the weights as known, which is cautious, and is corrected for the pull of each cluster on the fit: people with
    large weights draw the curve to themselves (Fay MP, Graubard BI 2001, Biometrics 57:1198-1206).
    """
    cost = np.full(columns.width, RIDGE)
    cost[: free + 1] = 0.0
    theta = np.zeros(columns.width) if begin is None else begin
    if begin is None:
        theta[0] = np.log(max(pieces.n_events, 0.5) / max(float(pieces.part.sum()), 1.0))
    theta, converged = _search(columns, pieces, weight, theta, cost, is_near=begin is not None)
    found = _slopes(columns, pieces, weight, theta)
    spread: Floats = np.asarray(np.linalg.inv(found.information + np.diag(cost)), dtype=np.float64)
    scores = _by_cluster(columns, found.factor, cluster)
    scores *= _leverage(columns, found.lived, cluster, spread)
    return Fitted(theta, scores @ spread.T, found.events, converged)


def _search(
    columns: Columns, pieces: Pieces, weight: Floats, theta: Floats, cost: Floats, *, is_near: bool
) -> tuple[Floats, bool]:  # fmt: skip
    """theta where the score is 0, and if it was found: steps of EM until they are short, then Newton's, from the first where
    the beginning is near.
    """
    for _ in range(STEPS):
        found = _slopes(columns, pieces, weight, theta, observed=is_near)
        gradient = found.score - cost * theta
        move = np.linalg.solve(found.information + np.diag(cost), gradient)
        theta = theta + move * min(1.0, 2.0 / max(float(np.abs(move).max()), 1e-300))
        if not np.isfinite(theta).all():
            return np.nan_to_num(theta), False
        if is_near and abs(float(gradient @ move)) < CLOSE:
            return theta, True
        is_near = is_near or float(np.abs(move).max()) < SHORT
    return theta, False


@dataclass(frozen=True)
class _Slopes:
    """score (k,); information (k, k), observed or that of complete data; factor (p,): x times it is each piece's score; lived (p,):
    weighted hazard that is expected to have been lived through, of which complete data's information is made.
    """

    score: Floats
    information: Floats
    factor: Floats
    events: Floats
    lived: Floats


def _slopes(columns: Columns, pieces: Pieces, weight: Floats, theta: Floats, *, observed: bool = True) -> _Slopes:
    mu = pieces.part * np.exp(np.clip(columns.times(theta), -30.0, 5.0))
    is_event = pieces.event >= 0
    of = pieces.event[is_event]
    total = np.bincount(of, mu[is_event], pieces.n_events)
    odds = 1.0 / np.expm1(np.maximum(total, 1e-12))
    pull = np.full(len(mu), -1.0)
    pull[is_event] = odds[of]
    factor = weight * pull * mu
    events, consumed = _expected(mu, pieces, odds)
    lived = weight * consumed
    curve = -factor if observed else lived
    k = columns.width
    score, information = np.zeros(k), np.zeros((k, k))
    weighted, plain = np.zeros((pieces.n_events, k)), np.zeros((pieces.n_events, k))
    for which, x in columns.blocks():
        score += x.T @ factor[which]
        information += (x * curve[which, None]).T @ x
        inside = is_event[which]
        if observed and inside.any():
            at, moved = pieces.event[which][inside], x[inside] * mu[which][inside, None]
            _add_runs(plain, at, moved)
            _add_runs(weighted, at, moved * weight[which][inside, None])
    if observed:
        weighted *= (odds * (1.0 + odds))[:, None]
        information += weighted.T @ plain
    return _Slopes(score, information, factor, events, lived)


def _expected(mu: Floats, pieces: Pieces, odds: Floats) -> tuple[Floats, Floats]:
    """Events expected in each piece, and hazard that is expected to have been lived through, (p,) each."""
    events, consumed = np.zeros(len(mu)), mu.copy()
    which = np.flatnonzero(pieces.event >= 0)
    if not len(which):
        return events, consumed
    of, own = pieces.event[which], mu[which]
    total = np.cumsum(own)
    first = np.concatenate([[True], of[1:] != of[:-1]])
    before = total - own
    before = before - before[first][np.cumsum(first) - 1]
    chance = 1.0 / (1.0 + odds[of])  # 1 - exp(-H) of the interval
    events[which] = np.exp(-before) * -np.expm1(-own) / np.maximum(chance, 1e-300)
    consumed[which] = np.maximum(events[which] - own * odds[of], 1e-12)
    return events, consumed


def _add_runs(into: Floats, at: Ints, rows: Floats) -> None:
    """Adds rows to into[at]; equal numbers stand together."""
    first = np.flatnonzero(np.concatenate([[True], at[1:] != at[:-1]]))
    np.add.at(into, at[first], np.add.reduceat(rows, first, axis=0))


def _by_cluster(columns: Columns, factor: Floats, cluster: Ints, times: Floats | None = None) -> Floats:
    """Sums of factor x, or of factor x (x times), by cluster: (clusters, k)."""
    names, code = np.unique(cluster, return_inverse=True)
    out = np.zeros((len(names), columns.width))
    for which, x in columns.blocks():
        rows, at = x * factor[which, None] * (1.0 if times is None else x @ times), code[which]
        order = np.argsort(at, kind="stable")
        _add_runs(out, at[order], rows[order])
    return out


def _leverage(columns: Columns, lived: Floats, cluster: Ints, spread: Floats) -> Floats:
    """What a cluster's score is multiplied by, (clusters, k): one over the root of the share of the information that is not its own."""
    own = _by_cluster(columns, lived, cluster, spread)
    np.clip(own, 0.0, MOST_PULL, out=own)
    np.subtract(1.0, own, out=own)
    np.sqrt(own, out=own)
    return np.divide(1.0, own, out=own)
