"""Columns of numbers by name, seeded random streams, and stamps in seconds."""

import hashlib
from datetime import date
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from flows.extract.simulate.parameters import Parameters

Column: TypeAlias = npt.NDArray[Any]
Frame: TypeAlias = dict[str, Column]

DAY: Final = 86_400
HOUR: Final = 3_600
MONTH_DAYS: Final = 30.4375
NEVER: Final = 2**62
"""A stamp or a day that does not come."""
NIGHTS: Final = 60
"""For how many nights changes that nobody in the field makes (corrections, erasures) are drawn ahead."""


def stream(parameters: Parameters, batch: int, purpose: str) -> np.random.Generator:
    """Random numbers for one purpose of one batch: adding a purpose moves no other."""
    word = int.from_bytes(hashlib.sha256(purpose.encode()).digest()[:8], "big")
    return np.random.default_rng([parameters.seed, batch, word])


def day_number(day: date) -> int:
    """Days since 1970-01-01."""
    return day.toordinal() - date(1970, 1, 1).toordinal()


def extraction(parameters: Parameters, night: int) -> int:
    """The stamp at which a night's delivery is extracted: 01:30 UTC of its as_of."""
    return day_number(parameters.night(night)) * DAY + 5400


def size(frame: Frame) -> int:
    """How many rows a frame has."""
    return len(next(iter(frame.values()))) if frame else 0


def take(frame: Frame, which: Column) -> Frame:
    """The rows that a mask or an index names."""
    return {name: column[which] for name, column in frame.items()}


def stack(frames: list[Frame]) -> Frame:
    """Frames with the same columns, one below the other."""
    return {name: np.concatenate([frame[name] for frame in frames]) for name in frames[0]}


def recorded(rng: np.random.Generator, day: Column, mean_lag_days: float) -> Column:
    """Stamps of when something that happened on `day` was typed in: office hours, days later at times."""
    lag = np.minimum(rng.exponential(mean_lag_days, len(day)), 90).astype(np.int64)
    return (day.astype(np.int64) + lag) * DAY + rng.integers(7 * HOUR, 19 * HOUR, len(day))


def on_some_night(rng: np.random.Generator, created: Column, share: float, parameters: Parameters) -> Column:
    """Stamps at which rows of the first night are touched: one at least and about `share` of them on each later night.

    A row is touched once at most; rows created after the first night are never touched.
    """
    stamps = np.full(len(created), NEVER, dtype=np.int64)
    old = np.flatnonzero(created <= extraction(parameters, 0))
    per_night = max(1, round(len(old) * share))
    chosen = rng.choice(old, size=min(len(old), per_night * NIGHTS), replace=False) if len(old) else old
    nights = np.arange(len(chosen)) // per_night
    stamps[chosen] = extraction(parameters, 0) + nights * DAY + rng.integers(HOUR, 20 * HOUR, len(chosen))
    return stamps


def chosen_later(rng: np.random.Generator, created: Column, share: float, within_days: int) -> Column:
    """Stamps some days after `created` for about `share` of the rows, else `NEVER`."""
    later = created + rng.integers(DAY, within_days * DAY, len(created))
    return np.where(rng.random(len(created)) < share, later, NEVER)


def pick(rng: np.random.Generator, n: int, weights: tuple[float, ...]) -> Column:
    """n code numbers with these relative weights."""
    edges = np.cumsum(weights) / np.sum(weights)
    edges[-1] = 1.0
    return np.searchsorted(edges, rng.random(n), side="right").astype(np.int16)
