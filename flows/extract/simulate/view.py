"""What the source shows at one stamp: an Arrow table for each table of the contract, rows still by number."""

from collections.abc import Callable

import numpy as np
import pyarrow as pa

from flows.extract.simulate import codes
from flows.extract.simulate.arrow import coded, common, dates, modified, stamps, there
from flows.extract.simulate.frame import DAY, size, take
from flows.extract.simulate.scores import ABSENT, NOT_APPLICABLE
from flows.extract.simulate.view_services import (
    community_events,
    health_services,
    legal_proceedings,
    support_services,
)
from flows.extract.simulate.world import World

CHUNK = 100_000
_PHRASES_OF = np.array([len(texts) for texts in codes.CLOSURE_PHRASES.values()])
_FIRST_PHRASE = np.cumsum(_PHRASES_OF) - _PHRASES_OF


def offices(world: World, at: int) -> pa.Table:
    """One row per office."""
    frame = world.offices
    start = frame["recording_start"]
    columns = {
        "office": frame["office"],
        "country": coded(frame["country"], codes.COUNTRIES),
        "opened_on": dates(frame["opened"]),
        "recording_started_on": dates(start, start > 0),
    }
    return pa.table({**columns, **common(frame, at, "changed_s")})


def partners(world: World, at: int) -> pa.Table:
    """One row per partner."""
    frame = world.partners
    columns = {name: frame[name] for name in ("partner", "office")}
    return pa.table({**columns, "type": coded(frame["type"], codes.PARTNER_TYPES), **common(frame, at, "changed_s")})


def partner_trainings(world: World, at: int) -> pa.Table:
    """One row per training of a partner."""
    frame = world.trainings
    columns = {
        **{name: frame[name] for name in ("training", "partner", "attendees")},
        "topic": coded(frame["topic"], codes.TOPICS),
        "completed_on": dates(frame["completed"]),
    }
    return pa.table({**columns, **common(frame, at, "changed_s")})


def survivors(world: World, at: int) -> pa.Table:
    """One row per record of a person; `target` is the record it was found to be a duplicate of."""
    frame = there(world.people, at)
    agreed = frame["consent"] >= 0
    columns = {
        **{name: frame[name] for name in ("id", "has_alias", "birth_estimated")},
        "household": pa.array(frame["household"], mask=frame["alone"]),
        "version": (frame["changed_s"] <= at).astype(np.int8),
        "born": dates(frame["birth"]),
        "gender": coded(frame["gender"], codes.GENDERS),
        "nationality": coded(frame["nationality"], codes.NATIONALITIES),
        "language": coded(frame["language"], codes.LANGUAGES),
        "consent": pa.array(frame["consent"] > 0, mask=~agreed),
        "consent_on": dates(frame["created_s"] // DAY, agreed),
        "target": np.where(frame["merged_s"] <= at, frame["target"], -1),
    }
    return pa.table({**columns, **common(frame, at, "changed_s", "merged_s")})


def cases(world: World, at: int) -> pa.Table:
    """One row per case that has people."""
    frame = there(world.cases, at)
    columns = {
        "id": frame["id"],
        "office": frame["office_index"] + 1,
        "casework": coded(frame["casework"], codes.CASEWORK_TYPES),
        "operation": pa.array(frame["operation"], mask=frame["alone"]),
        "opened_on": dates(frame["opened"]),
        "closed_on": dates(frame["closed"], frame["closed_s"] <= at),
    }
    never = np.zeros(size(frame), dtype=bool)
    return pa.table({**columns, **common(frame, at, "closed_s"), "is_deleted": pa.array(never)})


def aftercare_episodes(world: World, at: int) -> pa.Table:
    """One row per episode; the exit is shown once it is recorded."""
    frame = there(world.episodes, at)
    is_out = frame["left_s"] <= at
    status = np.where(is_out, 2, np.where(frame["seen_s"] <= at, 1, np.where(frame["part"] > 0, 3, 0)))
    phrase = _FIRST_PHRASE[frame["reason"]] + (frame["phrase"] * _PHRASES_OF[frame["reason"]]).astype(np.int64)
    columns = {
        **{name: frame[name] for name in ("id", "record", "case", "partner")},
        "office": frame["office_index"] + 1,
        "rescue_date": dates(frame["rescue"]),
        "intake_date": dates(frame["intake"]),
        "status": coded(status, codes.EPISODE_STATUS),
        "exit_date": dates(frame["exit"], is_out),
        "closure": coded(phrase, codes.PHRASES, is_out),
    }
    return pa.table({**columns, **common(frame, at, "left_s", "seen_s")})


def aso_assessments(world: World, at: int) -> pa.Table:
    """One row per form."""
    frame = there(world.forms, at)
    draw = frame["draw"]
    wrong = draw[:, 0] < 0.03
    stage = np.where(wrong, (frame["kind"] + 1) % 4, frame["kind"])
    entered = modified(at, frame["created_s"], frame["corrected_s"])
    columns = {
        **{name: frame[name] for name in ("id", "row", "assessor")},
        "assessed_on": dates(frame["date"]),
        "entered_at": stamps(entered),
        "stage": coded(stage, codes.STAGES, draw[:, 0] < 0.97),
        "instrument": coded(frame["instrument"], codes.INSTRUMENTS),
        "setting": coded(np.minimum(draw[:, 1] * 5, 3), codes.SETTINGS),
        "has_note": draw[:, 2] < 0.1,
    }
    return pa.table({**columns, **common(frame, at, "corrected_s", "rescored_s")})


def aso_scores(world: World, at: int) -> pa.Table:
    """One row per form and item; a night may correct one item of a form, never what the form says about restoration."""
    is_there = (world.forms["created_s"] <= at) & (world.forms["gone_s"] > at)
    frame, scores = take(world.forms, is_there), world.scores[is_there].copy()
    rescored = np.flatnonzero(frame["rescored_s"] <= at)
    items = frame["rescored_item"][rescored]
    value = scores[rescored, items]
    better = np.where(frame["restored"][rescored], np.minimum(value + 1, 4), np.maximum(value - 1, 1))
    scores[rescored, items] = np.where(value >= 1, better, value)
    n = size(frame)
    latest = np.repeat(modified(at, frame["created_s"], frame["corrected_s"])[:, None], 20, axis=1)
    latest[rescored, items] = np.maximum(latest[rescored, items], frame["rescored_s"][rescored])
    flat = scores.reshape(-1)
    kept = flat != ABSENT
    flat = flat[kept]
    created = np.repeat(frame["created_s"], 20)[kept]
    columns = {
        "form": np.repeat(frame["id"], 20)[kept],
        "indicator": coded(np.tile(np.arange(20, dtype=np.int8), n)[kept], codes.INDICATORS),
        "score": pa.array(flat, mask=flat < 1),
        "not_applicable": flat == NOT_APPLICABLE,
        "modified_at": stamps(latest.reshape(-1)[kept]),
        "created_at": stamps(created),
    }
    return pa.table({**columns, "is_deleted": np.zeros(len(flat), dtype=bool)})


TABLES: dict[str, Callable[[World, int], pa.Table]] = {
    view.__name__: view
    for view in (
        *(offices, partners, partner_trainings, survivors, cases, aftercare_episodes, aso_assessments),
        *(aso_scores, community_events, health_services, legal_proceedings, support_services),
    )
}


def facts(world: World, at: int, table: str) -> pa.Table:
    """The rows of one table at a stamp, in pieces small enough to be written by several threads."""
    whole = TABLES[table](world, at)
    return pa.Table.from_batches(whole.to_batches(max_chunksize=CHUNK), schema=whole.schema)
