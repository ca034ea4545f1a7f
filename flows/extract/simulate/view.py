"""What the source shows at one stamp: an Arrow table for each table of the contract, rows still by number."""

from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa

from flows.extract.simulate import codes
from flows.extract.simulate.frame import DAY, Column, Frame, size, take
from flows.extract.simulate.scores import ABSENT, NOT_APPLICABLE
from flows.extract.simulate.services import DELIVERED
from flows.extract.simulate.world import World

CHUNK = 100_000
_PHRASES_OF = np.array([len(texts) for texts in codes.CLOSURE_PHRASES.values()])
_FIRST_PHRASE = np.cumsum(_PHRASES_OF) - _PHRASES_OF


def dates(days: Column, valid: Column | None = None) -> pa.Array:
    """Calendar dates; null where not valid."""
    return pa.array(days.astype("datetime64[D]"), mask=None if valid is None else ~valid)


def coded(numbers: Column, texts: Sequence[str], valid: Column | None = None) -> pa.Array:
    """The texts that the numbers stand for; null where not valid."""
    indices = pa.array(numbers.astype(np.int8), mask=None if valid is None else ~valid)
    return pa.DictionaryArray.from_arrays(indices, pa.array(list(texts)))


def stamps(seconds: Column, valid: Column | None = None) -> pa.Array:
    """Moments in UTC; null where not valid."""
    return pa.array(seconds, type=pa.timestamp("s", tz="UTC"), mask=None if valid is None else ~valid)


def modified(at: int, created: Column, *events: Column) -> Column:
    """The stamp of the last of these events that has happened."""
    latest = created.copy()
    for event in events:
        latest = np.where((event <= at) & (event > latest), event, latest)
    return latest


def _there(frame: Frame, at: int) -> Frame:
    is_there = frame["created_s"] <= at
    if "gone_s" in frame:
        is_there &= frame["gone_s"] > at
    return take(frame, is_there)


def _common(frame: Frame, at: int, *events: str) -> dict[str, pa.Array]:
    names = (*events, "deleted_s") if "deleted_s" in frame else events
    latest = modified(at, frame["created_s"], *(frame[name] for name in names))
    common = {"modified_at": stamps(latest), "created_at": stamps(frame["created_s"])}
    if "deleted_s" in frame:
        common["is_deleted"] = pa.array(frame["deleted_s"] <= at)
    return common


def offices(world: World, at: int) -> pa.Table:
    frame = world.offices
    start = frame["recording_start"]
    columns = {
        "office": frame["office"],
        "country": coded(frame["country"], codes.COUNTRIES),
        "opened_on": dates(frame["opened"]),
        "recording_started_on": dates(start, start > 0),
    }
    return pa.table({**columns, **_common(frame, at, "changed_s")})


def partners(world: World, at: int) -> pa.Table:
    frame = world.partners
    columns = {name: frame[name] for name in ("partner", "office")}
    return pa.table({**columns, "type": coded(frame["type"], codes.PARTNER_TYPES), **_common(frame, at, "changed_s")})


def partner_trainings(world: World, at: int) -> pa.Table:
    frame = world.trainings
    columns = {
        **{name: frame[name] for name in ("training", "partner", "attendees")},
        "topic": coded(frame["topic"], codes.TOPICS),
        "completed_on": dates(frame["completed"]),
    }
    return pa.table({**columns, **_common(frame, at, "changed_s")})


def survivors(world: World, at: int) -> pa.Table:
    frame = _there(world.people, at)
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
    return pa.table({**columns, **_common(frame, at, "changed_s", "merged_s")})


def cases(world: World, at: int) -> pa.Table:
    frame = _there(world.cases, at)
    columns = {
        "id": frame["id"],
        "office": frame["office_index"] + 1,
        "casework": coded(frame["casework"], codes.CASEWORK_TYPES),
        "operation": pa.array(frame["operation"], mask=frame["alone"]),
        "opened_on": dates(frame["opened"]),
        "closed_on": dates(frame["closed"], frame["closed_s"] <= at),
    }
    never = np.zeros(size(frame), dtype=bool)
    return pa.table({**columns, **_common(frame, at, "closed_s"), "is_deleted": pa.array(never)})


def aftercare_episodes(world: World, at: int) -> pa.Table:
    frame = _there(world.episodes, at)
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
    return pa.table({**columns, **_common(frame, at, "left_s", "seen_s")})


def aso_assessments(world: World, at: int) -> pa.Table:
    frame = _there(world.forms, at)
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
    return pa.table({**columns, **_common(frame, at, "corrected_s", "rescored_s")})


def aso_scores(world: World, at: int) -> pa.Table:
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


def community_events(world: World, at: int) -> pa.Table:
    frame = _there(world.community, at)
    columns = {
        **{name: frame[name] for name in ("id", "row", "partner", "hours")},
        "type": coded(frame["type"], codes.COMMUNITY_EVENTS),
        "role": coded(frame["role"], codes.ROLES),
        "attended_on": dates(frame["date"]),
    }
    return pa.table({**columns, **_common(frame, at)})


def health_services(world: World, at: int) -> pa.Table:
    frame = _there(world.health, at)
    status = np.where(frame["own_s"] <= at, frame["outcome"], 0)
    done = status == DELIVERED
    columns = {
        **{name: frame[name] for name in ("id", "row", "partner")},
        "type": coded(frame["type"], codes.HEALTH_SERVICES),
        "planned_on": dates(frame["date"], frame["was_planned"]),
        "delivered_on": dates(frame["delivered"], done),
        "status": coded(status, codes.SERVICE_STATUS),
        "sessions": pa.array(frame["sessions"], mask=~done),
    }
    return pa.table({**columns, **_common(frame, at, "own_s")})


def legal_proceedings(world: World, at: int) -> pa.Table:
    frame = _there(world.legal, at)
    columns = {
        **{name: frame[name] for name in ("id", "case", "person")},
        "office": frame["office_index"] + 1,
        "type": coded(frame["type"], codes.LEGAL_EVENTS),
        "occurred_on": dates(frame["date"]),
    }
    return pa.table({**columns, **_common(frame, at)})


def support_services(world: World, at: int) -> pa.Table:
    frame = _there(world.support, at)
    status = np.where(frame["own_s"] <= at, frame["outcome"], 0)
    columns = {
        **{name: frame[name] for name in ("id", "row", "partner")},
        "type": coded(frame["type"], codes.SERVICE_CATEGORIES),
        "started_on": dates(frame["date"]),
        "ended_on": dates(frame["ended"], frame["ended_s"] <= at),
        "status": coded(status, codes.SERVICE_STATUS),
        "quantity": pa.array(frame["quantity"], mask=status != DELIVERED),
        "unit": coded(frame["unit"], codes.UNITS, status == DELIVERED),
    }
    return pa.table({**columns, **_common(frame, at, "own_s", "ended_s")})


TABLES: dict[str, Callable[[World, int], pa.Table]] = {
    view.__name__: view
    for view in (
        *(offices, partners, partner_trainings, survivors, cases, aftercare_episodes, aso_assessments),
        *(aso_scores, community_events, health_services, legal_proceedings, support_services),
    )
}


def facts(world: World, at: int, table: str) -> pa.Table:
    """The rows of one table at a stamp, in pieces small enough to be written by several threads."""
    return pa.Table.from_batches(TABLES[table](world, at).to_batches(max_chunksize=CHUNK))
