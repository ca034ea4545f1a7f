"""Offices, their partners and the trainings partners had: the reference tables."""

import numpy as np

from flows.extract.simulate.codes import COUNTRIES, PARTNER_TYPES, TOPICS
from flows.extract.simulate.frame import DAY, HOUR, NEVER, Column, Frame, chosen_later, day_number, extraction, stream
from flows.extract.simulate.parameters import Parameters


def offices(parameters: Parameters) -> Frame:
    """One row per office: when it began to record (0 = from its first intake), its effect and its missed visits.

    Offices that began late have the effects nearest to none, and missed visits do not go with the effect: so the people
    who can be seen have the curve of all.
    """
    rng = stream(parameters, 0, "offices")
    n = parameters.offices
    as_of = day_number(parameters.as_of)
    start = np.zeros(n, dtype=np.int64)
    late = n - parameters.late_offices
    spread = parameters.history_years * 365
    start[late:] = as_of - rng.integers(int(spread * 0.4), int(spread * 0.7), parameters.late_offices)
    effect = np.linspace(-1.5, 1.5, n) if n > 1 else np.zeros(1)
    outwards = np.argsort(np.abs(effect), kind="stable")
    effect[:late], effect[late:] = rng.permutation(effect[outwards[n - late :]]), effect[outwards[: n - late]]
    missed = np.linspace(parameters.missed_low, parameters.missed_high, n)
    opened = as_of - spread - rng.integers(200, 2000, n)
    return {
        "office": np.arange(1, n + 1),
        "country": (np.arange(n) % len(COUNTRIES)).astype(np.int8),
        "opened": opened,
        "recording_start": start,
        "effect": parameters.office_sd * effect,
        "missed": _unrelated(rng, missed, effect),
        "weight": rng.permutation(np.linspace(0.6, 1.6, n)),
        "created_s": opened * DAY + 9 * HOUR,
        "changed_s": np.full(n, NEVER),
    }


def _unrelated(rng: np.random.Generator, values: Column, effect: Column) -> Column:
    """The values in an order that goes with the effects as little as can be."""
    orders = [rng.permutation(values) for _ in range(200)]
    return min(orders, key=lambda order: abs(float(np.dot(order - order.mean(), effect))))


def partners(parameters: Parameters) -> Frame:
    """One row per partner; each office has the same number of them."""
    rng = stream(parameters, 0, "partners")
    n = parameters.offices * parameters.partners_per_office
    created = (day_number(parameters.as_of) - rng.integers(400, 2500, n)) * DAY + rng.integers(8 * HOUR, 18 * HOUR, n)
    return {
        "partner": np.arange(1, n + 1),
        "office": np.repeat(np.arange(1, parameters.offices + 1), parameters.partners_per_office),
        "type": rng.integers(0, len(PARTNER_TYPES), n).astype(np.int8),
        "created_s": created,
        "changed_s": np.minimum(chosen_later(rng, created, 0.2, 300), NEVER),
    }


def trainings(parameters: Parameters) -> Frame:
    """One row per training; about three a partner, all before the first night."""
    rng = stream(parameters, 0, "trainings")
    n = parameters.offices * parameters.partners_per_office * 3
    completed = day_number(parameters.as_of) - rng.integers(10, parameters.history_years * 365, n)
    last = extraction(parameters, 0) - HOUR
    return {
        "training": np.arange(1, n + 1),
        "partner": np.sort(rng.integers(1, n // 3 + 1, n)),
        "topic": rng.integers(0, len(TOPICS), n).astype(np.int8),
        "completed": completed,
        "attendees": rng.integers(3, 40, n),
        "created_s": np.minimum(completed * DAY + rng.integers(8 * HOUR, 60 * HOUR, n), last),
        "changed_s": np.full(n, NEVER),
    }
