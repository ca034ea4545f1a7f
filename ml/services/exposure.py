"""Who follows which strategy, month by month, from what was recorded before each month: no sum over the stay."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.services.months import LAGS, Months, given
from ml.services.people import MONTH_DAYS, People
from ml.services.question import Exposure

Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Decision:
    """A choice made in some rows: taken (d,); history (r, h) columns of rows for it; known_at (d,): rows of what was known.

    is_at_start: made once, at time zero, and counts from its own row on; otherwise from the next row on. name: for
    tables.
    """

    name: str
    rows: Ints
    taken: Floats
    history: Singles
    known_at: Ints
    is_at_start: bool


@dataclass(frozen=True)
class Path:
    """asked (n,): who is in the question; first (n,): her first month; states (r, s): the first column is the strategy,
    the others are neither strategy nor comparator; decisions: what led to the states. n_without_office: left out.
    """

    asked: Bools
    first: Ints
    states: Singles
    decisions: tuple[Decision, ...]
    n_without_office: int


def path(exposure: Exposure, who: People, rows: Months, services: pd.DataFrame) -> Path:
    """The path of one question. `services`: episode (row of people), service_code, day; delivered ones only."""
    own = services[services["service_code"].isin(exposure.services)]
    episode, day = own["episode"].to_numpy(dtype=np.int64), own["day"].to_numpy(dtype=np.int64)
    offices = np.unique(who.office[episode[who.eligible[episode]]])
    known = np.isin(who.office, offices)
    asked = who.eligible & known & (rows.offset >= 0)
    out = int((who.eligible & ~known).sum())
    if exposure.kind == "recent":
        return _recent(who, rows, episode, day, asked, out)
    if exposure.kind == "by_day":
        return _by_day(who, rows, episode, day, asked, out, last=exposure.days)
    event = services[services["service_code"] == exposure.event]
    return _before_event(who, rows, episode, day, asked, out, event, within=exposure.days)


def _recent(who: People, rows: Months, episode: Ints, day: Ints, asked: Bools, out: int) -> Path:
    n = len(who.start)
    now, before, ever = given(rows, n, episode, day)
    lags = np.column_stack([rows.lag(now, before, k) for k in range(1, LAGS + 1)])
    recent = lags.any(axis=1)
    had = _had(rows, now, ever)
    states = np.column_stack([recent, had & ~recent]).astype(np.float32)
    first = (who.start / MONTH_DAYS).astype(np.int64)
    counts = asked[rows.episode] & (rows.month >= first[rows.episode])
    history = np.column_stack([lags, np.log1p(_since(rows, now))]).astype(np.float32)
    decisions = (
        _monthly("beginning", counts & ~had, now, history[:, :0]),
        _monthly("going on", counts & had, now, history),
    )
    return Path(asked, first, states, decisions, out)


def _by_day(who: People, rows: Months, episode: Ints, day: Ints, asked: Bools, out: int, *, last: int) -> Path:
    n = len(who.start)
    month = int(last // MONTH_DAYS) + 1  # the first that begins after the day
    now, _, ever = given(rows, n, episode, day)
    early = np.zeros(n, dtype=bool)
    early[episode[(day >= 0) & (day <= last)]] = True
    asked = asked & ~ever & (who.end > month * MONTH_DAYS) & (who.end > last)
    begun = _had(rows, now, ever)
    is_early = early[rows.episode]
    states = np.column_stack([is_early, begun & ~is_early]).astype(np.float32)
    first = np.full(n, month, dtype=np.int64)
    counts = asked[rows.episode] & (rows.month >= month)
    start = np.flatnonzero(asked[rows.episode] & (rows.month == month))
    nothing = np.zeros((len(rows.month), 0), dtype=np.float32)
    zero = rows.offset[rows.episode[start]]
    decisions = (
        Decision("beginning by day", start, is_early[start].astype(np.float64), nothing, zero, True),
        _monthly("beginning later", counts & ~begun, now, nothing),
    )
    return Path(asked, first, states, decisions, out)


def _before_event(
    who: People, rows: Months, episode: Ints, day: Ints, asked: Bools, out: int, event: pd.DataFrame, *, within: int
) -> Path:  # fmt: skip
    n = len(who.start)
    of, on = event["episode"].to_numpy(dtype=np.int64), event["day"].to_numpy(dtype=np.int64)
    first_event = np.full(n, 10**7, dtype=np.int64)
    np.minimum.at(first_event, of[on >= 0], on[on >= 0])
    first = (first_event / MONTH_DAYS).astype(np.int64) + 1
    asked = asked & (first * MONTH_DAYS < who.end)
    ahead = first_event[episode] - day
    taken = np.zeros(n, dtype=bool)
    taken[episode[(ahead >= 0) & (ahead <= within)]] = True
    start = np.flatnonzero(asked[rows.episode] & (rows.month == first[rows.episode]))
    earlier = np.minimum(rows.month[start], int(np.ceil(within / MONTH_DAYS)) + 1)
    states = taken[rows.episode].astype(np.float32)[:, None]
    when = np.log1p(rows.month).astype(np.float32)[:, None]
    decision = Decision(
        "before the event", start, taken[rows.episode[start]].astype(np.float64), when, start - earlier, True
    )
    return Path(asked, first, states, (decision,), out)


def _monthly(name: str, counts: Bools, now: Bools, history: Singles) -> Decision:
    rows = np.flatnonzero(counts)
    return Decision(name, rows, now[rows].astype(np.float64), history, rows, False)


def _had(rows: Months, now: Bools, ever: Bools) -> Bools:
    """If there was any before the month, (r,)."""
    total = np.cumsum(now)
    base = rows.offset[rows.episode]
    return np.asarray((total - now - (total[base] - now[base]) > 0) | ever[rows.episode])


def _since(rows: Months, now: Bools) -> Ints:
    """Months since the last month with one, before this month; months in care where there was none, (r,)."""
    marked = np.where(now, np.arange(len(now)), -1)
    last = np.maximum.accumulate(np.concatenate([[-1], marked[:-1]]))
    base = rows.offset[rows.episode]
    return np.asarray(np.where(last >= base, np.arange(len(now)) - last, rows.month), dtype=np.int64)
