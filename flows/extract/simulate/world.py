"""All facts of the simulated JDS, over all nights: what a delivery shows is a view of them at one stamp.

Every fact carries stamps in seconds: `created_s` when it was first typed in, `gone_s` when it vanishes from the
source, `deleted_s` when it is marked deleted, and others for what changes it. Nothing is drawn anew for a later night,
save the people it adds: they are a batch of their own.
"""

from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np

from flows.extract.simulate import legal, places, services, stays
from flows.extract.simulate.frame import (
    NEVER,
    Column,
    Frame,
    chosen_later,
    day_number,
    extraction,
    on_some_night,
    recorded,
    size,
    stack,
    stream,
    take,
)
from flows.extract.simulate.parameters import Parameters
from flows.extract.simulate.people import registered
from flows.extract.simulate.scores import score_forms

BATCH: Final = 1_000_000_000
"""Row numbers of night n begin here times n."""
NEW_SHARE: Final = 0.002
TOUCHED_SHARE: Final = 0.001


@dataclass(frozen=True)
class World:
    """The facts, a frame a table; `scores` is a matrix with one row per form."""

    offices: Frame
    partners: Frame
    trainings: Frame
    people: Frame
    cases: Frame
    stays: Frame
    episodes: Frame
    forms: Frame
    scores: Column
    community: Frame
    health: Frame
    support: Frame
    legal: Frame


Batch = dict[str, Frame]


def build(parameters: Parameters, nights: int) -> World:
    """The world as it is known up to this many nights after the first delivery."""
    offices = places.offices(parameters)
    batches = [_batch(parameters, offices, night) for night in range(nights + 1)]
    tables = {name: stack([batch[name] for batch in batches]) for name in batches[0]}
    scores = tables["forms"].pop("scores")
    return World(
        offices=offices,
        partners=places.partners(parameters),
        trainings=places.trainings(parameters),
        scores=scores,
        **tables,
    )


def _batch(parameters: Parameters, offices: Frame, night: int) -> Batch:
    n = parameters.survivors if night == 0 else max(2, round(parameters.survivors * NEW_SHARE))
    rng = partial(stream, parameters, night)
    firsts, first_forms = stays.first_stays(parameters, offices, rng("first stays"), n, night)
    laters, later_forms = stays.later_stays(parameters, offices, rng("later stays"), firsts, night)
    later_forms["owner"] = later_forms["owner"] + n
    lived, forms = stack([firsts, laters]), stack([first_forms, later_forms])
    stays.split(parameters, rng("split"), lived, forms, day_number(parameters.night(night)) - 5)
    cases = _cases(parameters, rng("cases"), lived, n, night)
    people = _people(parameters, rng("people"), lived, n, night)
    episodes = _episodes(parameters, rng("episodes"), lived, people, night)
    forms = _forms(parameters, rng("forms"), lived, episodes, forms)
    forms["scores"] = score_forms(parameters, rng("scores"), lived, forms)
    events = legal.legal(parameters, rng("legal"), lived, size(cases))
    batch = {
        "people": people,
        "cases": cases,
        "stays": lived,
        "episodes": episodes,
        "forms": forms,
        "community": services.community(parameters, rng("community"), lived),
        "health": services.health(parameters, rng("health"), lived),
        "support": services.support(parameters, rng("support"), lived),
        "legal": _legal(parameters, rng("legal stamps"), lived, people, cases, events),
    }
    for name in ("community", "health", "support"):
        _service_stamps(parameters, rng(name + " stamps"), episodes, batch[name])
    return _numbered(batch, night * BATCH)


def _cases(parameters: Parameters, rng: np.random.Generator, lived: Frame, n: int, night: int) -> Frame:
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


def _people(parameters: Parameters, rng: np.random.Generator, lived: Frame, n: int, night: int) -> Frame:
    """One row per record: the n people, then the records that are or will be found to be duplicates.

    A duplicate may hold a later stay of the person. `merged_s` is when it is found, `target` the person's row.
    """
    registered_s = registered(parameters, rng, np.maximum(lived["intake"][:n], _from(lived)[:n]), night) - 600
    k = round(n * parameters.merged_share)
    target = np.sort(rng.choice(n, size=k, replace=False))
    source = np.concatenate([np.arange(n), target])
    frame = take({name: lived[name][:n] for name in _TRAITS}, source)
    created = np.concatenate([registered_s, registered_s[target] + 60])
    found = extraction(parameters, night) + np.arange(k) * 86_400 + 40_000
    found[::2] = np.minimum(created[n:][::2] + 86_400, extraction(parameters, night) - 1800)
    gone = np.full(n + k, NEVER)
    later = np.setdiff1d(lived["person"][n:], target)
    erasable = np.setdiff1d(np.arange(n), np.concatenate([target, later]))
    gone[erasable] = on_some_night(rng, len(erasable), TOUCHED_SHARE / 2, parameters)
    lived["record"] = _records(rng, lived, n, target)
    return {
        **frame,
        "birth": lived["rescue"][:n][source] - frame.pop("age_days"),
        "target": np.concatenate([np.full(n, -1), target]),
        "merged_s": np.concatenate([np.full(n, NEVER), found]),
        "created_s": created,
        "changed_s": on_some_night(rng, n + k, TOUCHED_SHARE, parameters),
        "gone_s": gone,
        "deleted_s": _deleted(parameters, rng, created, share=parameters.deleted_share / 2),
    }


_TRAITS = (
    *("household", "office_index", "gender", "age_days", "birth_estimated", "nationality", "language", "consent"),
    *("has_alias", "alone"),
)


def _records(rng: np.random.Generator, lived: Frame, n: int, target: Column) -> Column:
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
    return np.minimum(early, on_some_night(rng, len(created), TOUCHED_SHARE / 2, parameters))


def _episodes(parameters: Parameters, rng: np.random.Generator, lived: Frame, people: Frame, night: int) -> Frame:
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
        "seen_s": np.where((lived["seen_day"][stay] < NEVER) & ~interrupted, np.maximum(seen * 86_400, created), NEVER),
        "gone_s": people["gone_s"][lived["record"][stay]],
        "deleted_s": _deleted(parameters, rng, created, share=parameters.deleted_share),
    }


def _forms(parameters: Parameters, rng: np.random.Generator, lived: Frame, episodes: Frame, forms: Frame) -> Frame:
    n, owner = size(forms), forms["owner"]
    row = stays.episode_of(lived, owner, forms["day"])
    date = lived["intake"][owner] + forms["day"]
    created = np.maximum(recorded(rng, date, 2), episodes["created_s"][row] + 60)
    gone = np.minimum(episodes["gone_s"][row], on_some_night(rng, n, TOUCHED_SHARE, parameters))
    return {
        **forms,
        "row": row,
        "date": date,
        "assessor": lived["office_index"][owner] * 5 + rng.integers(1, 6, n),
        "created_s": created,
        "corrected_s": chosen_later(rng, created, parameters.correction_share, 250),
        "rescored_s": on_some_night(rng, n, TOUCHED_SHARE * 2, parameters),
        "rescored_item": rng.integers(0, 20, n),
        "gone_s": gone,
        "deleted_s": _deleted(parameters, rng, created, share=parameters.deleted_share),
        "draw": rng.random((n, 3)),
    }


def _service_stamps(parameters: Parameters, rng: np.random.Generator, episodes: Frame, frame: Frame) -> None:
    n, floor = size(frame), episodes["created_s"][frame["row"]] + 60
    frame["own_s"] = np.maximum(frame["own_s"], floor)
    frame["created_s"] = np.maximum(np.minimum(frame.pop("planned_s", frame["own_s"]), frame["own_s"]), floor)
    if "ended_s" in frame:
        frame["ended_s"] = np.maximum(frame["ended_s"], floor)
    frame["gone_s"] = np.minimum(episodes["gone_s"][frame["row"]], on_some_night(rng, n, TOUCHED_SHARE, parameters))
    frame["deleted_s"] = _deleted(parameters, rng, frame["created_s"], share=parameters.deleted_share)
    partner = episodes["office_index"][frame["row"]] * parameters.partners_per_office
    partner = partner + rng.integers(1, parameters.partners_per_office + 1, n)
    frame["partner"] = np.where(rng.random(n) < 0.1, 0, partner)


def _legal(
    parameters: Parameters, rng: np.random.Generator, lived: Frame, people: Frame, cases: Frame, frame: Frame
) -> Frame:
    n, person = size(frame), frame["person"]
    who = np.where(person >= 0, person, 0)
    gone = np.where(person >= 0, people["gone_s"][who], NEVER)
    floor = np.maximum(cases["created_s"][frame["case"]], np.where(person >= 0, people["created_s"][who], 0)) + 60
    created = np.maximum(frame.pop("own_s"), floor)
    return {
        **frame,
        "office_index": cases["office_index"][frame["case"]],
        "created_s": created,
        "gone_s": np.minimum(gone, on_some_night(rng, n, TOUCHED_SHARE, parameters)),
        "deleted_s": _deleted(parameters, rng, created, share=parameters.deleted_share),
    }


_REFERENCES = {
    "people": ("household", "target"),
    "cases": ("operation",),
    "episodes": ("stay", "record", "case"),
    "forms": ("row", "owner"),
    "community": ("row",),
    "health": ("row",),
    "support": ("row",),
    "legal": ("case", "person"),
}


def _numbered(batch: Batch, offset: int) -> Batch:
    """The batch with row numbers that are its own; -1 (nobody) stays."""
    for name, frame in batch.items():
        for reference in _REFERENCES.get(name, ()):
            column = frame[reference].astype(np.int64)
            frame[reference] = np.where(column >= 0, column + offset + 1, -1)
        frame["id"] = np.arange(size(frame), dtype=np.int64) + offset + 1
    return batch
