"""When people are assessed, when a restoration is first seen, and when they leave because of it."""

import numpy as np

from flows.extract.simulate.frame import NEVER, Column, Frame, stack, take
from flows.extract.simulate.parameters import Parameters

RESTORED, LOST, WITHDREW, DECEASED, AGED_OUT, PROGRAM_END = 0, 1, 2, 5, 6, 7
CLOSURE_VISIT = np.array([0.85, 0.08, 0.3, 0.5, 0.5, 0.0, 0.6, 0.6, 0.4])
"""How often the last form is filled in at the exit, by outcome in the order of `CLOSURE_PHRASES`."""
INITIAL, INTERIM, FINAL, SUSTAINED = 0, 1, 2, 3


def assess_and_leave(parameters: Parameters, rng: np.random.Generator, offices: Frame, stays: Frame) -> Frame:
    """The forms of all stays, one row each; adds `exit_day`, `reason` and `seen_day` to the stays.

    Days count from the intake. `exit_day` is the first day out. A form has `owner` (the stay's row), `day`, `kind`,
    `restored` (what its scores will say) and `sparse` (fewer than five domains).
    """
    visits = _schedule(parameters, rng, offices, stays)
    _leave(parameters, rng, stays, visits)
    regular = _flatten(visits, stays)
    forms = stack([regular, _closing(parameters, rng, stays), _sustained(parameters, rng, stays)])
    forms = take(forms, forms["day"] >= stays["recorded_from"][forms["owner"]])
    twice = take(forms, rng.random(len(forms["day"])) < parameters.two_forms_share)
    forms = stack([forms, twice])
    return take(forms, np.lexsort((forms["day"], forms["owner"])))


def _schedule(parameters: Parameters, rng: np.random.Generator, offices: Frame, stays: Frame) -> Frame:
    """Scheduled visits as matrices, a column a visit: at intake, after six months, after each year."""
    n, rounds = len(stays["intake"]), parameters.history_years + 3
    planned = np.maximum(365 * (np.arange(rounds + 1) - 1), 182)
    drift = parameters.visit_jitter_days * np.clip(rng.standard_normal((n, rounds + 1)), -2.5, 2.5)
    days = np.maximum(planned + drift, 40)
    early = rng.random(n) < parameters.negative_day_share
    before = -rng.integers(1, 16, n)
    lowest = stays["rescue"] - stays["intake"]
    days[:, 0] = np.where(early, np.maximum(before, lowest), rng.integers(0, 31, n))
    days = days.astype(np.int64)
    missed = np.repeat(offices["missed"][stays["office_index"]][:, None], rounds + 1, axis=1)
    missed[:, 0] = parameters.missed_first_share
    present = rng.random(days.shape) >= missed
    present &= days >= stays["recorded_from"][:, None]
    sparse = rng.random(days.shape) < parameters.sparse_form_share
    restored = days >= stays["restored_day"][:, None]
    restored ^= rng.random(days.shape) < parameters.label_noise
    return {"days": days, "present": present, "sparse": sparse, "restored": restored}


def _leave(parameters: Parameters, rng: np.random.Generator, stays: Frame, visits: Frame) -> None:
    n = len(stays["intake"])
    left = np.maximum(np.ceil(stays["left_day"]), 1)
    is_seen = visits["present"] & visits["restored"] & ~visits["sparse"]
    seen = np.where(is_seen, visits["days"], NEVER).min(axis=1)
    planned = seen + 14 + rng.exponential(parameters.stay_after_seen_days, n).astype(np.int64)
    is_planned = (seen < left) & (planned < left)
    reason = np.where(rng.random(n) < 0.92, RESTORED, PROGRAM_END)
    stays["exit_day"] = np.where(is_planned, planned, left).astype(np.int64)
    stays["reason"] = np.where(is_planned, reason, stays["left_reason"]).astype(np.int16)
    stays["seen_day"] = np.where(seen < stays["exit_day"], seen, NEVER)
    grown = (stays["reason"] == AGED_OUT) & (stays["age_days"] + stays["exit_day"] >= 18 * 365.25)
    stays["reason"][grown] = PROGRAM_END


def _flatten(visits: Frame, stays: Frame) -> Frame:
    happened = visits["present"] & (visits["days"] < stays["exit_day"][:, None])
    owner, column = np.nonzero(happened)
    return {
        "owner": owner,
        "day": visits["days"][owner, column],
        "kind": np.where(column == 0, INITIAL, INTERIM),
        "restored": visits["restored"][owner, column],
        "sparse": visits["sparse"][owner, column],
    }


def _closing(parameters: Parameters, rng: np.random.Generator, stays: Frame) -> Frame:
    """The form filled in at the exit; after it only where restoration has been seen, so that none is seen too late."""
    n = len(stays["intake"])
    happens = (rng.random(n) < CLOSURE_VISIT[stays["reason"]]) & (stays["exit_day"] > 20)
    days_before = rng.integers(0, 8, n) - np.where(stays["seen_day"] < NEVER, rng.integers(0, 15, n), 0)
    return _extra(parameters, rng, stays, happens, stays["exit_day"] - days_before, FINAL)


def _sustained(parameters: Parameters, rng: np.random.Generator, stays: Frame) -> Frame:
    n = len(stays["intake"])
    ended_well = (stays["seen_day"] < NEVER) & np.isin(stays["reason"], (RESTORED, PROGRAM_END))
    day = np.where(stays["seen_day"] < NEVER, stays["seen_day"], 0) + rng.integers(290, 480, n)
    happens = ended_well & (rng.random(n) < parameters.sustained_share) & (day > stays["exit_day"] + 30)
    return _extra(parameters, rng, stays, happens, day, SUSTAINED)


def _extra(
    parameters: Parameters, rng: np.random.Generator, stays: Frame, happens: Column, day: Column, kind: int
) -> Frame:
    owner = np.flatnonzero(happens)
    restored = day[owner] >= stays["restored_day"][owner]
    return {
        "owner": owner,
        "day": day[owner].astype(np.int64),
        "kind": np.full(len(owner), kind),
        "restored": restored ^ (rng.random(len(owner)) < parameters.label_noise),
        "sparse": rng.random(len(owner)) < parameters.sparse_form_share,
    }
