"""A second opinion: the parametric g-formula, which models the scores' course instead of who is treated.

Robins JM (1986), Math Modelling 7:1393-1512; Young JG et al. (2011), Stat Biosci 3:119-143. The scores known before a month are
taken as their mean: whether a new assessment comes, and what it finds, given the last mean, the strategy and the start.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ml import resampling
from ml.services import hazard, logistic
from ml.services.columns import Columns
from ml.services.exposure import Path
from ml.services.hazard import Pieces
from ml.services.months import Months, spline
from ml.services.people import DOMAINS, People
from ml.services.weights import Base

Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]

PEOPLE = 2000
REPEATS = 2


@dataclass(frozen=True)
class Course:
    """How the mean score moves: chance of a new one in a month, and its mean and spread given the last."""

    new: Floats
    level: Floats
    spread: float


def risk_difference(
    who: People, rows: Months, base: Base, path: Path, pieces: Pieces, *, horizon: int, seed: int
) -> float:
    """Restored within the horizon if nobody left before: all under the strategy less all under the comparator.

    NaN where a model does not converge. Random numbers are the same under both, so that they do not differ by chance.
    """
    mean = base.now[:, : len(DOMAINS)].mean(axis=1, keepdims=True)
    columns = Columns((path.states, base.time, mean, base.start), pieces.row)
    cluster = who.cluster[rows.episode[pieces.row]]
    free = path.states.shape[1] + base.time.shape[1] + 1
    restored = hazard.fit(columns, pieces, np.ones(len(pieces.row)), cluster, free)
    if not restored.converged:
        return float("nan")
    course = _course(rows, base, path, mean)
    asked = np.flatnonzero(path.asked)
    generator = resampling.rng(seed, "g-formula")
    drawn = asked if len(asked) <= PEOPLE else np.sort(generator.choice(asked, PEOPLE, replace=False))
    drawn = np.tile(drawn, REPEATS)
    begin = mean[rows.offset[drawn] + path.first[drawn], 0].astype(np.float64)
    chance = generator.random((horizon, len(drawn)))
    noise = generator.standard_normal((horizon, len(drawn)))
    found = []
    for on in (1.0, 0.0):
        found.append(_simulated(who, path, restored.theta, course, drawn, begin.copy(), on, chance, noise))
    return found[0] - found[1]


def _course(rows: Months, base: Base, path: Path, mean: Singles) -> Course:
    """Models of the scores from consecutive months: a change of what is known is a new assessment."""
    at = np.flatnonzero(path.asked[rows.episode] & (rows.month >= path.first[rows.episode]))
    at = at[at + 1 < len(rows.month)]
    at = at[rows.episode[at + 1] == rows.episode[at]]
    is_new = (base.now[at, : len(DOMAINS)] != base.now[at + 1, : len(DOMAINS)]).any(axis=1)
    parts = (path.states, base.time, mean, base.start)
    new = logistic.fit(Columns(parts, at), is_new.astype(np.float64)).theta
    columns = Columns(parts, at[is_new])
    gram, right = 1e-3 * np.eye(columns.width), np.zeros(columns.width)
    found = mean[at[is_new] + 1, 0].astype(np.float64)
    for which, x in columns.blocks():
        gram += x.T @ x
        right += x.T @ found[which]
    level = np.asarray(np.linalg.solve(gram, right), dtype=np.float64)
    spread = float(np.std(found - columns.times(level))) if len(found) else 0.0
    return Course(new, level, spread)


def _simulated(
    who: People, path: Path, theta: Floats, course: Course, drawn: npt.NDArray[np.int64], mean: Floats, on: float,
    chance: Floats, noise: Floats,
) -> float:  # fmt: skip
    """The share restored within the horizon, all of them under one strategy."""
    cumulative = np.zeros(len(drawn))
    n_states = path.states.shape[1]
    start = who.design[drawn]
    for step in range(len(chance)):
        month = path.first[drawn] + step
        x = np.column_stack(
            [
                np.ones(len(drawn)),
                on * (month > 0),
                np.zeros((len(drawn), n_states - 1)),
                spline(month),
                mean,
                start,
            ]
        )
        cumulative += np.exp(np.clip(x @ theta, -30.0, 5.0))
        is_new = chance[step] < 1.0 / (1.0 + np.exp(-(x @ course.new)))
        mean = np.where(is_new, x @ course.level + course.spread * noise[step], mean)
    return float(-np.expm1(-cumulative).mean())
