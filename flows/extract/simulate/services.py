"""What people are offered while in care: community events, health services, support services."""

import numpy as np

from flows.extract.simulate.codes import COMMUNITY_EVENTS, HEALTH_SERVICES, ROLES, SERVICE_CATEGORIES, UNITS
from flows.extract.simulate.frame import HOUR, MONTH_DAYS, NEVER, Column, Frame, day_number, pick, recorded, size, take
from flows.extract.simulate.parameters import Parameters
from flows.extract.simulate.stays import episode_of

HORIZON_DAYS = 180
"""How far beyond the first night services are drawn, so that there are planned ones and later nights bring new ones."""
DELIVERED, MISSED, CANCELLED = 1, 2, 3
THERAPY = HEALTH_SERVICES.index("trauma_therapy")
_OUTCOMES = (0.0, 0.80, 0.12, 0.08)


def window(parameters: Parameters, stays: Frame) -> tuple[Column, Column]:
    """First and last-but-one day of each stay on which a service can be recorded, counted from the intake."""
    start = np.maximum(stays["recorded_from"], 0)
    horizon = day_number(parameters.as_of) + HORIZON_DAYS - stays["intake"]
    return start, np.maximum(np.minimum(stays["exit_day"], horizon), start)


def _spread(parameters: Parameters, rng: np.random.Generator, stays: Frame, rate: float) -> tuple[Column, Column]:
    """Stay and day of services that come at a steady rate a month."""
    start, end = window(parameters, stays)
    owner = np.repeat(np.arange(size(stays)), rng.poisson(rate * (end - start) / MONTH_DAYS))
    return owner, start[owner] + (rng.random(len(owner)) * (end - start)[owner]).astype(np.int64)


def _placed(stays: Frame, owner: Column, day: Column, extra: Frame) -> Frame:
    """The services in the order of their episodes and days, without those in a gap between two episodes."""
    row = episode_of(stays, owner, day)
    order = np.lexsort((day, row))
    order = order[row[order] >= 0]
    split_day = stays["split_day"][owner]
    last = np.where(day < split_day, np.minimum(split_day, stays["exit_day"][owner]), stays["exit_day"][owner]) - 1
    frame = {"row": row, "date": stays["intake"][owner] + day, "room": np.maximum(last - day, 0), **extra}
    return take(frame, order)


def community(parameters: Parameters, rng: np.random.Generator, stays: Frame) -> Frame:
    """One row per attendance."""
    owner, day = _spread(parameters, rng, stays, parameters.community_rate)
    frame = _placed(stays, owner, day, {})
    n = size(frame)
    frame["type"] = pick(rng, n, (0.35, 0.08, 0.15, 0.25, 0.12, 0.05)[: len(COMMUNITY_EVENTS)])
    frame["role"] = pick(rng, n, (0.85, 0.1, 0.05)[: len(ROLES)])
    frame["hours"] = rng.integers(1, 17, n) * 0.5
    frame["own_s"] = recorded(rng, frame["date"], 3)
    return frame


def health(parameters: Parameters, rng: np.random.Generator, stays: Frame) -> Frame:
    """One row per health service; those of trauma therapy begin on the stay's `therapy_day`, which is delivered."""
    owner, day = _spread(parameters, rng, stays, parameters.health_rate)
    kind = pick(rng, len(owner), (0.25, 0.0, 0.3, 0.06, 0.1, 0.07, 0.1, 0.05, 0.07))
    t_owner, t_day, t_first = _therapy(parameters, rng, stays)
    is_first = np.concatenate([np.zeros(len(owner), dtype=bool), t_first])
    kind = np.concatenate([kind, np.full(len(t_owner), THERAPY)])
    owner, day = np.concatenate([owner, t_owner]), np.concatenate([day, t_day])
    frame = _placed(stays, owner, day, {"type": kind, "is_first": is_first})
    n = size(frame)
    frame["outcome"] = np.where(frame["is_first"], DELIVERED, pick(rng, n, _OUTCOMES))
    delay = np.where(rng.random(n) < 0.15, rng.integers(1, 6, n), 0)
    delay = np.where(frame["is_first"], 0, np.clip(delay, 0, frame["room"]))
    frame["delivered"] = frame["date"] + delay
    frame["was_planned"] = (rng.random(n) < 0.8) | (frame["outcome"] != DELIVERED)
    frame["sessions"] = np.where(rng.random(n) < 0.1, rng.integers(2, 5, n), 1)
    frame["own_s"] = recorded(rng, frame["delivered"], 3)
    frame["planned_s"] = _planned(rng, frame)
    return frame


def _therapy(parameters: Parameters, rng: np.random.Generator, stays: Frame) -> tuple[Column, Column, Column]:
    """Stay, day and whether it is the first, of therapy sessions: about one a month for a year."""
    start, end = window(parameters, stays)
    onset = np.floor(stays["therapy_day"]).astype(np.int64)
    treated = np.flatnonzero(onset < end)
    last = np.minimum(end[treated], onset[treated] + 365)
    more = rng.poisson(0.9 * (last - onset[treated]) / MONTH_DAYS)
    owner = np.repeat(treated, more)
    later = onset[owner] + 1 + (rng.random(len(owner)) * np.repeat(last - onset[treated], more)).astype(np.int64)
    owners = np.concatenate([treated, owner])
    days = np.concatenate([onset[treated], later])
    is_first = np.arange(len(owners)) < len(treated)
    ok = (days >= start[owners]) & (days < end[owners])
    return owners[ok], days[ok], is_first[ok]


def support(parameters: Parameters, rng: np.random.Generator, stays: Frame) -> Frame:
    """One row per support service."""
    owner, day = _spread(parameters, rng, stays, parameters.support_rate)
    frame = _placed(stays, owner, day, {})
    n = size(frame)
    frame["type"] = pick(rng, n, (0.35, 0.05, 0.12, 0.12, 0.15, 0.05, 0.08, 0.06, 0.02)[: len(SERVICE_CATEGORIES)])
    frame["outcome"] = pick(rng, n, _OUTCOMES)
    frame["was_planned"] = rng.random(n) < 0.6
    frame["quantity"] = rng.integers(1, 9, n) * 0.5
    frame["unit"] = rng.integers(0, len(UNITS), n).astype(np.int8)
    frame["own_s"] = recorded(rng, frame["date"], 3)
    frame["planned_s"] = _planned(rng, frame)
    lasts = (rng.random(n) < 0.5) & (frame["outcome"] == DELIVERED)
    ended = frame["date"] + np.minimum(rng.integers(0, 120, n), frame["room"])
    frame["ended"] = ended
    frame["ended_s"] = np.where(lasts, np.maximum(recorded(rng, ended, 3), frame["own_s"]), NEVER)
    return frame


def _planned(rng: np.random.Generator, frame: Frame) -> Column:
    """Stamps at which the plan was typed in: up to six weeks ahead; for what was not planned, when it was recorded."""
    ahead = rng.integers(HOUR, 45 * 24 * HOUR, size(frame))
    return np.where(frame["was_planned"], frame["date"] * 86_400 - ahead, frame["own_s"])
