"""All facts of the simulated JDS, over all nights: what a delivery shows is a view of them at one stamp.

Every fact carries stamps in seconds: `created_s` when it was first typed in, `gone_s` when it vanishes from the
source, `deleted_s` when it is marked deleted, and others for what changes it. Nothing is drawn anew for a later night,
save the people it adds: they are a batch of their own.
"""

from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np

from flows.extract.simulate import legal, places, records, services, stays
from flows.extract.simulate.frame import Column, Frame, day_number, size, stack, stream
from flows.extract.simulate.parameters import Parameters
from flows.extract.simulate.scores import score_forms

BATCH: Final = 1_000_000_000
"""Row numbers of night n begin here times n."""
NEW_SHARE: Final = 0.002
"""People each later night adds."""


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
    n = parameters.survivors if night == 0 else max(3, round(parameters.survivors * NEW_SHARE))
    rng = partial(stream, parameters, night)
    firsts, first_forms = stays.first_stays(parameters, offices, rng("first stays"), n, night)
    laters, later_forms = stays.later_stays(parameters, offices, rng("later stays"), firsts, night)
    later_forms["owner"] = later_forms["owner"] + n
    lived, forms = stack([firsts, laters]), stack([first_forms, later_forms])
    stays.split(parameters, rng("split"), lived, forms, day_number(parameters.night(night)) - 5)
    cases = records.cases(parameters, rng("cases"), lived, n, night)
    people = records.people(parameters, rng("people"), lived, n, night)
    episodes = records.episodes(parameters, rng("episodes"), lived, people, night)
    forms = records.forms(parameters, rng("forms"), lived, episodes, forms)
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
        "legal": records.legal_events(parameters, rng("legal stamps"), lived, people, cases, events),
    }
    for name in ("community", "health", "support"):
        records.service_stamps(parameters, rng(name + " stamps"), episodes, batch[name])
    return _numbered(batch, night * BATCH)


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
