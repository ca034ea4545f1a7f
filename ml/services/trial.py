"""One question on one release: the marginal structural model, what it is compared with, and its contrasts."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ml.duration.hazard import NEVER
from ml.services import hazard
from ml.services.columns import Columns
from ml.services.exposure import Path
from ml.services.hazard import Fitted, Pieces
from ml.services.months import Months, spline
from ml.services.people import MONTH_DAYS, People
from ml.services.weights import Base, Weighted, truncated

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

PEOPLE = 50_000  # whose risks are worked out at a time
OTHER_WEIGHTS = "weights cut at the 1st and 99th percentile"


@dataclass(frozen=True)
class Contrast:
    """An estimate with its standard error and 95 % limits."""

    estimate: float
    error: float
    lower: float
    upper: float


@dataclass(frozen=True)
class Trial:
    """What was fitted: pieces of months, their weights (p,) and arms (p,), the fit, and the log hazard ratios of other fits.

    primary: the weights as they are; other: truncated at the 1st and 99th percentile, which is steadier and, where
    confounding is strong, biased towards the crude; detection: restoration dated on the day it was seen; crude: no
    weights, no covariates but time. arm: 1 strategy, 0 comparator, -1 neither.
    """

    pieces: Pieces
    weight: Floats
    arm: Ints
    primary: Fitted
    other: Contrast
    detection: Contrast
    crude: Contrast


def run(who: People, rows: Months, base: Base, path: Path, found: Weighted) -> Trial:
    """The fits of one question."""
    pieces = cut(who, rows, path)
    at, cluster = pieces.row, who.cluster[rows.episode[pieces.row]]
    columns = Columns((path.states, base.time, base.start), at)
    free = path.states.shape[1] + base.time.shape[1]
    weight = found.weight[at]
    states = path.states[at]
    arm = np.where(states[:, 0] > 0, 1, np.where(states[:, 1:].any(axis=1), -1, 0))
    last = cut(who, rows, path, detection=True)
    seen = Columns(columns.parts, last.row)
    primary = hazard.fit(columns, pieces, weight, cluster, free)
    near = primary.theta if primary.converged else None
    return Trial(
        pieces,
        weight,
        arm,
        primary,
        log_hazard_ratio(hazard.fit(columns, pieces, truncated(weight, weight), cluster, free, begin=near)),
        log_hazard_ratio(
            hazard.fit(seen, last, found.weight[last.row], who.cluster[rows.episode[last.row]], free, begin=near)
        ),
        log_hazard_ratio(hazard.fit(Columns(columns.parts[:2], at), pieces, np.ones(len(at)), cluster, free)),
    )


def cut(who: People, rows: Months, path: Path, *, detection: bool = False) -> Pieces:
    """The parts of months that each stay says something about: known without restoration, then the interval with it.

    `detection`: the interval is the last day before it was seen, as if it happened then.
    """
    at = np.flatnonzero(path.asked[rows.episode] & (rows.month >= path.first[rows.episode]))
    episode, begin = rows.episode[at], rows.month[at] * MONTH_DAYS
    floor = np.maximum(who.start, path.first * MONTH_DAYS)[episode]
    seen = (who.seen.right < NEVER)[episode]
    right = np.where(seen, who.seen.right[episode], 0).astype(np.float64)
    left = np.maximum(who.seen.left[episode], floor)
    if detection:
        left = np.where(seen, np.maximum(right - 1.0, floor), left)
    clear = _overlap(begin, floor, left)
    event = np.where(seen, _overlap(begin, left, right), 0.0)
    is_clear, is_event = clear > 0, event > 0
    names, number = np.unique(episode[is_event], return_inverse=True)
    return Pieces(
        np.concatenate([at[is_clear], at[is_event]]),
        np.concatenate([clear[is_clear], event[is_event]]),
        np.concatenate([np.full(int(is_clear.sum()), -1), number]).astype(np.int64),
        len(names),
    )


def log_hazard_ratio(fitted: Fitted) -> Contrast:
    """Of the strategy against the comparator, with a 95 % interval of the sandwich."""
    estimate, (error, times) = float(fitted.theta[1]), fitted.error(np.eye(len(fitted.theta))[1])
    return Contrast(estimate, error, estimate - times * error, estimate + times * error)


def risk_difference(who: People, base: Base, path: Path, fitted: Fitted, horizon: int) -> Contrast:
    """Restored within the horizon if nobody left before, all under the strategy less all under the comparator.

    Averaged over the people of the question as they were at the start; delta method, and the spread of people.
    """
    persons = np.flatnonzero(path.asked)
    parts = [
        _of_people(who, path, fitted.theta, persons[at : at + PEOPLE], horizon) for at in range(0, len(persons), PEOPLE)
    ]
    each = np.concatenate([of_each for of_each, _ in parts])
    slope = np.sum([slopes for _, slopes in parts], axis=0) / len(persons)
    estimate = float(each.mean())
    of_fit, times = fitted.error(slope)
    error = float(np.hypot(of_fit, each.std() / np.sqrt(len(each))))
    return Contrast(estimate, error, max(estimate - times * error, -1.0), min(estimate + times * error, 1.0))


def _of_people(who: People, path: Path, theta: Floats, persons: Ints, horizon: int) -> tuple[Floats, Floats]:
    """The difference for each of these people, and the sum of its slopes by theta, (k,)."""
    n_states, k = path.states.shape[1], len(theta)
    month = path.first[persons][:, None] + np.arange(horizon)[None, :]
    time = spline(month.ravel()).astype(np.float64).reshape(*month.shape, -1)
    at_start = who.design[persons]
    gamma, beta = theta[1 + n_states : k - at_start.shape[1]], theta[k - at_start.shape[1] :]
    rate = np.exp(np.clip(theta[0] + time @ gamma + (at_start @ beta)[:, None], -30.0, 5.0))
    treated = (month > 0).astype(np.float64)  # nobody had a month before the first
    values, slopes = [], []
    for on in (treated, np.zeros_like(treated)):
        moved = rate * np.exp(theta[1] * on)
        survival = np.exp(-moved.sum(axis=1))
        slope = np.zeros((len(persons), k))
        slope[:, 0] = moved.sum(axis=1)
        slope[:, 1] = (moved * on).sum(axis=1)
        slope[:, 1 + n_states : k - at_start.shape[1]] = np.einsum("ij,ijk->ik", moved, time)
        slope[:, k - at_start.shape[1] :] = at_start * moved.sum(axis=1)[:, None]
        values.append(1.0 - survival)
        slopes.append(survival @ slope)
    return values[0] - values[1], slopes[0] - slopes[1]


def _overlap(begin: npt.ArrayLike, low: npt.ArrayLike, high: npt.ArrayLike) -> Floats:
    """How much of each month lies between two days, 0 to 1."""
    first = np.asarray(begin, dtype=np.float64)
    inside = np.minimum(first + MONTH_DAYS, high) - np.maximum(first, low)
    return np.asarray(np.maximum(inside, 0.0) / MONTH_DAYS)
