"""Records of what happened: who was written down where, when it was typed in, and what changed it later."""

import numpy as np

from flows.extract.simulate import stays
from flows.extract.simulate.frame import (
    DAY,
    NEVER,
    Column,
    Frame,
    chosen_later,
    day_number,
    extraction,
    on_some_night,
    recorded,
    size,
    take,
)
from flows.extract.simulate.parameters import Parameters
from flows.extract.simulate.people import registered

TOUCHED_SHARE = 0.001
"""Rows of a table that are corrected, erased or marked deleted on each later night."""


def cases(parameters: Parameters, rng: np.random.Generator, lived: Frame, n: int, night: int) -> Frame:
    """One case per rescue operation, and one of their own for some who came back; sets `case` of the stays."""
    group = lived["operation"].copy()
    own = (np.arange(size(lived)) >= n) & (rng.random(size(lived)) < 0.4)
    group[own] = group.max() + 1 + np.arange(own.sum())
    _, first, lived["case"] = np.unique(group, return_index=True, return_inverse=True)
    frame = {name: lived[name][first] for name in ("office_index", "casework", "operation")}
    k = len(first)
    created = np.full(k, NEVER)
    np.minimum.at(created, lived["case"], registered(parameters, rng, lived["intake"], night))
    opened = np.full(k, 10**6)
    np.minimum.at(opened, lived["case"], lived["rescue"])
    closed = opened + rng.integers(200, 1500, k)
    return {
        **frame,
        "opened": opened,
        "closed": closed,
        "alone": lived["alone"][first] | own[first],
        "created_s": created - 1200,
        "closed_s": np.maximum(np.where(rng.random(k) < 0.6, recorded(rng, closed, 5), NEVER), created),
    }


def people(parameters: Parameters, rng: np.random.Generator, lived: Frame, n: int, night: int) -> Frame:
    """One row per record: the n people, then the records that are or will be found to be duplicates.

    A duplicate may hold a later stay of the person. `merged_s` is when it is found, `target` the person's row.
    """
    registered_s = registered(parameters, rng, np.maximum(lived["intake"][:n], _from(lived)[:n]), night) - 600
    k = round(n * parameters.merged_share)
    target = np.sort(rng.choice(n, size=k, replace=False))
    source = np.concatenate([np.arange(n), target])
    frame = take({name: lived[name][:n] for name in _TRAITS}, source)
    created = np.concatenate([registered_s, registered_s[target] + 60])
    found = extraction(parameters, night) + np.arange(k) * DAY + 40_000
    found[::2] = np.minimum(created[n:][::2] + DAY, extraction(parameters, night) - 1800)
    gone = np.full(n + k, NEVER)
    later = np.setdiff1d(lived["person"][n:], target)
    erasable = np.setdiff1d(np.arange(n), np.concatenate([target, later]))
    gone[erasable] = on_some_night(rng, created[erasable], TOUCHED_SHARE / 2, parameters)
    deleted = _deleted(parameters, rng, created, share=parameters.deleted_share / 2)
    lived["record"] = _records(lived, n, target)
    return {
        **frame,
        "birth": lived["rescue"][:n][source] - frame.pop("age_days"),
        "target": np.concatenate([np.full(n, -1), target]),
        "merged_s": np.concatenate([np.full(n, NEVER), found]),
        "created_s": created,
        "changed_s": on_some_night(rng, created, TOUCHED_SHARE, parameters),
        "gone_s": gone,
        "deleted_s": np.where(np.isin(np.arange(n + k), target), NEVER, deleted),
    }


_TRAITS = (
    *("household", "office_index", "gender", "age_days", "birth_estimated", "nationality", "language", "consent"),
    *("has_alias", "alone"),
)


def _records(lived: Frame, n: int, target: Column) -> Column:
    record = lived["person"].copy()
    duplicate = np.full(n, -1)
    duplicate[target] = n + np.arange(len(target))
    later = np.arange(size(lived)) >= n
    has_duplicate = later & (duplicate[record] >= 0)
    record[has_duplicate] = duplicate[record[has_duplicate]]
    return record


def _from(lived: Frame) -> Column:
    """The first date on which anything of a stay can be recorded."""
    return np.asarray(lived["intake"] + np.maximum(lived["recorded_from"], 0))


def _deleted(parameters: Parameters, rng: np.random.Generator, created: Column, share: float) -> Column:
    early = chosen_later(rng, created, share, 60)
    return np.minimum(early, on_some_night(rng, created, TOUCHED_SHARE / 2, parameters))


def episodes(parameters: Parameters, rng: np.random.Generator, lived: Frame, people: Frame, night: int) -> Frame:
    """One row per episode as written; `left_s` is when its exit was recorded, `seen_s` when follow-up began."""
    frame = stays.as_episodes(rng, lived)
    n, stay = size(frame), frame["stay"]
    own = registered(parameters, rng, np.maximum(frame["intake"], _from(lived)[stay]), night)
    created = np.maximum(own, people["created_s"][lived["record"][stay]] + 120)
    left = np.maximum(recorded(rng, frame["exit"], 2), created)
    interrupted = (frame["part"] == 0) & (lived["split_day"][stay] < NEVER)
    left = np.where(interrupted, np.minimum(left, extraction(parameters, night) - 1200), left)
    seen = np.where(lived["seen_day"][stay] < NEVER, lived["seen_day"][stay], 0) + 30 + lived["intake"][stay]
    return {
        **frame,
        **{name: lived[name][stay] for name in ("record", "case", "office_index", "rescue")},
        "partner": lived["office_index"][stay] * parameters.partners_per_office
        + rng.integers(1, parameters.partners_per_office + 1, n),
        "phrase": rng.random(n),
        "created_s": created,
        "left_s": left,
        "seen_s": np.where((lived["seen_day"][stay] < NEVER) & ~interrupted, np.maximum(seen * DAY, created), NEVER),
        "gone_s": people["gone_s"][lived["record"][stay]],
        "deleted_s": _deleted(parameters, rng, created, share=parameters.deleted_share),
    }


def forms(parameters: Parameters, rng: np.random.Generator, lived: Frame, episodes: Frame, forms: Frame) -> Frame:
    """One row per form, with its episode `row`; it may be entered again (`corrected_s`) or one item be corrected."""
    n, owner = size(forms), forms["owner"]
    row = stays.episode_of(lived, owner, forms["day"])
    date = lived["intake"][owner] + forms["day"]
    created = np.maximum(recorded(rng, date, 2), episodes["created_s"][row] + 60)
    gone = np.minimum(episodes["gone_s"][row], on_some_night(rng, created, TOUCHED_SHARE, parameters))
    return {
        **forms,
        "row": row,
        "date": date,
        "instrument": date > day_number(parameters.as_of) - parameters.history_years * 182,
        "assessor": lived["office_index"][owner] * 5 + rng.integers(1, 6, n),
        "created_s": created,
        "corrected_s": chosen_later(rng, created, parameters.correction_share, 250),
        "rescored_s": on_some_night(rng, created, TOUCHED_SHARE * 2, parameters),
        "rescored_item": rng.integers(0, 20, n),
        "gone_s": gone,
        "deleted_s": _deleted(parameters, rng, created, share=parameters.deleted_share),
        "draw": rng.random((n, 3)),
    }


def service_stamps(parameters: Parameters, rng: np.random.Generator, episodes: Frame, frame: Frame) -> None:
    """Adds when services were planned and recorded, when rows are deleted or vanish, and the partner."""
    n, floor = size(frame), episodes["created_s"][frame["row"]] + 60
    frame["own_s"] = np.maximum(frame["own_s"], floor)
    frame["created_s"] = np.maximum(np.minimum(frame.pop("planned_s", frame["own_s"]), frame["own_s"]), floor)
    if "ended_s" in frame:
        frame["ended_s"] = np.maximum(frame["ended_s"], floor)
    frame["gone_s"] = np.minimum(
        episodes["gone_s"][frame["row"]], on_some_night(rng, frame["created_s"], TOUCHED_SHARE, parameters)
    )
    frame["deleted_s"] = _deleted(parameters, rng, frame["created_s"], share=parameters.deleted_share)
    partner = episodes["office_index"][frame["row"]] * parameters.partners_per_office
    partner = partner + rng.integers(1, parameters.partners_per_office + 1, n)
    frame["partner"] = np.where(rng.random(n) < 0.1, 0, partner)


def legal_events(
    parameters: Parameters, rng: np.random.Generator, lived: Frame, people: Frame, cases: Frame, frame: Frame
) -> Frame:
    """One row per legal event, with the stamps at which it was recorded and at which it vanishes."""
    person = frame["person"]
    who = np.where(person >= 0, person, 0)
    gone = np.where(person >= 0, people["gone_s"][who], NEVER)
    floor = np.maximum(cases["created_s"][frame["case"]], np.where(person >= 0, people["created_s"][who], 0)) + 60
    created = np.maximum(frame.pop("own_s"), floor)
    return {
        **frame,
        "office_index": cases["office_index"][frame["case"]],
        "created_s": created,
        "gone_s": np.minimum(gone, on_some_night(rng, created, TOUCHED_SHARE, parameters)),
        "deleted_s": _deleted(parameters, rng, created, share=parameters.deleted_share),
    }
