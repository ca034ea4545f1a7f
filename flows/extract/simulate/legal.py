"""What happens in the legal cases: events of one survivor, and events of the whole case."""

import numpy as np

from flows.extract.simulate.frame import MONTH_DAYS, Column, Frame, recorded, size, stack, take
from flows.extract.simulate.parameters import Parameters
from flows.extract.simulate.services import window

EARLY = (0.4, 0.3, 0.15, 0.1, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.05)
LATER = (0.0, 0.05, 0.25, 0.02, 0.12, 0.3, 0.1, 0.05, 0.02, 0.03, 0.02, 0.04)
"""Weights of the event types in the first and in the second half of a stay, in the order of `LEGAL_EVENTS`."""
WHOLE_CASE_SHARE = 0.4


def legal(parameters: Parameters, rng: np.random.Generator, stays: Frame, n_cases: int) -> Frame:
    """One row per event; `person` is -1 where it concerns the whole case. All fall into time in care."""
    start, end = window(parameters, stays)
    events = _events(rng, start, end, parameters.legal_rate * (1 - WHOLE_CASE_SHARE))
    named = {
        "case": stays["case"][events["owner"]],
        "person": stays["person"][events["owner"]],
        "date": stays["intake"][events["owner"]] + events["day"],
        "late": events["late"],
    }
    begin, until = _common_time(stays, start, end, n_cases)
    events = _events(rng, begin, until, parameters.legal_rate * WHOLE_CASE_SHARE * 2)
    whole = {
        "case": events["owner"],
        "person": np.full(size(events), -1),
        "date": events["day"],
        "late": events["late"],
    }
    frame = stack([named, whole])
    frame = take(frame, np.lexsort((frame["person"], frame["date"], frame["case"])))
    types = np.stack([np.cumsum(EARLY), np.cumsum(LATER)])[frame.pop("late").astype(np.int8)]
    u = rng.random((size(frame), 1)) * types[:, -1:]
    frame["type"] = np.minimum((u >= types).sum(axis=1), len(EARLY) - 1).astype(np.int8)
    frame["own_s"] = recorded(rng, frame["date"], 6)
    return frame


def _common_time(stays: Frame, start: Column, end: Column, n_cases: int) -> tuple[Column, Column]:
    """First and last-but-one date on which all people of a case are in care; nothing where there is no such time."""
    begin = np.zeros(n_cases, dtype=np.int64)
    until = np.full(n_cases, 10**6)
    np.maximum.at(begin, stays["case"], stays["intake"] + start)
    np.minimum.at(until, stays["case"], stays["intake"] + end)
    return begin, np.maximum(until, begin)


def _events(rng: np.random.Generator, start: Column, end: Column, rate: float) -> Frame:
    owner = np.repeat(np.arange(len(start)), rng.poisson(rate * (end - start) / MONTH_DAYS))
    place = rng.random(len(owner))
    return {"owner": owner, "day": start[owner] + (place * (end - start)[owner]).astype(np.int64), "late": place > 0.5}
