"""Services and events in one line of time for each episode."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd

from tests.oracle.buckets import House
from tests.oracle.contract import code
from tests.oracle.delivery import Row
from tests.oracle.episodes import Episode


@dataclass(eq=False)
class Record:
    """One row of the timeline."""

    key: Hashable
    episode: Episode
    source_table: str
    category: str
    service_type: str | None
    day: int | None
    planned_day: int | None
    partner_id: str | None
    quantity: float | None
    unit: str | None
    is_delivered: bool = True
    sequence: int | None = None
    days_since_previous: int | None = None
    days_since_same_category: int | None = None


def records(house: House, episodes: list[Episode]) -> list[Record]:
    """Every service or event that is out, in its episode."""
    episode_of = {episode.key: episode for episode in episodes}
    found = []
    for table, describe in {
        "community_events": _community,
        "health_services": _health,
        "support_services": _support,
    }.items():
        for row in house.out(table).values():
            episode = episode_of[house.root_of.get(row["episode_id"], row["episode_id"])]
            found.append(Record(row.key, episode, table, partner_id=row["partner_id"], **describe(row, episode)))
    found += _legal(house, episodes)
    _number(found)
    return found


def _day(episode: Episode, on: date | None) -> int | None:
    return None if on is None else episode.day(on)


def _community(row: Row, episode: Episode) -> dict[str, Any]:
    # READING: the unit stands even where hours (or sessions) are null.
    return {
        "category": "community",
        "service_type": code("event_type", row["event_type"]),
        "day": _day(episode, row["attended_on"]),
        "planned_day": None,
        "quantity": row["hours"],
        "unit": "hour",
    }


def _health(row: Row, episode: Episode) -> dict[str, Any]:
    # READING: planned_day is planned_on in every status, delivered ones too.
    planned = row["planned_on"]
    return {
        "category": "health",
        "service_type": code("service_type", row["service_type"]),
        "day": _day(episode, row["delivered_on"]) if row["status"] == "delivered" else None,
        "planned_day": _day(episode, planned),
        "quantity": row["sessions"],
        "unit": "session",
        "is_delivered": row["status"] == "delivered",
    }


def _support(row: Row, episode: Episode) -> dict[str, Any]:
    # READING: service_type of a support service is its category, since the typed one is free text and never lands. It
    # has no planned date in the contract, so planned_day is null, also for a planned one with started_on.
    category = code("service_category", row["service_category"]) or "other"
    return {
        "category": category,
        "service_type": category,
        "day": _day(episode, row["started_on"]) if row["status"] == "delivered" else None,
        "planned_day": None,
        "quantity": row["quantity"],
        "unit": row["unit"],
        "is_delivered": row["status"] == "delivered",
    }


def _legal(house: House, episodes: list[Episode]) -> list[Record]:
    """Legal events, in the episode of their survivor that was open then."""
    # READING: survivors of a case are those with an episode in it. A named survivor's event goes to an episode of
    # that case; when the survivor has none there, to any of that survivor's; when there is none at all it is out, but
    # in no timeline. A whole-case event is one row for each survivor of the case who is out, and none when nobody is.
    in_case: dict[Hashable, dict[Hashable, list[Episode]]] = defaultdict(lambda: defaultdict(list))
    of_survivor: dict[Hashable, list[Episode]] = defaultdict(list)
    for episode in episodes:
        in_case[episode.case.key][episode.survivor.key].append(episode)
        of_survivor[episode.survivor.key].append(episode)
    found = []
    for row in house.out("legal_proceedings").values():
        named = house.survivor_of.get(row["survivor_id"], row["survivor_id"])
        if named is None:
            targets = {f"{row.key}|{survivor}": choices for survivor, choices in in_case[row["case_id"]].items()}
        else:
            choices = in_case[row["case_id"]].get(named) or of_survivor[named]
            targets = {row.key: choices} if choices else {}
        for key, choices in targets.items():
            episode = _episode_at(row["occurred_on"], choices)
            kind = code("legal_event_type", row["event_type"])
            day = _day(episode, row["occurred_on"])
            found.append(Record(key, episode, row.table, "legal", kind, day, None, None, None, None))
    return found


def _episode_at(on: date | None, choices: list[Episode]) -> Episode:
    # READING: an event without a day goes to the first episode.
    on = on or date.min
    # READING: open then = intake <= day < exit. Of several open, or several before, the one with the latest intake
    # (then the lower id).
    began = [episode for episode in choices if episode.intake <= on]
    is_open = [episode for episode in began if episode.exit_date is None or on < episode.exit_date]
    if is_open or began:
        return min(is_open or began, key=lambda episode: (-episode.intake.toordinal(), episode.key))
    return min(choices, key=lambda episode: (episode.intake, episode.key))


def _number(records: list[Record]) -> None:
    # READING: rows of one day are in the order of their ids; a delivered row without a day has no place.
    in_episode: dict[Hashable, list[Record]] = defaultdict(list)
    for record in records:
        if record.day is not None:
            in_episode[record.episode.key].append(record)
    for same_episode in in_episode.values():
        same_episode.sort(key=lambda record: (record.day, record.key))
        previous: int | None = None
        previous_in: dict[str, int] = {}
        for number, record in enumerate(same_episode, start=1):
            record.sequence = number
            record.days_since_previous = _since(record.day, previous)
            record.days_since_same_category = _since(record.day, previous_in.get(record.category))
            previous = previous_in[record.category] = record.day or 0


def _since(day: int | None, previous: int | None) -> int | None:
    return None if day is None or previous is None else day - previous


def frame(records: list[Record]) -> pd.DataFrame:
    """services.timeline."""
    columns = [
        "service_key",
        "episode_key",
        "source_table",
        "category",
        "service_type",
        "day",
        "planned_day",
        "is_delivered",
        "partner_id",
        "sequence",
        "days_since_previous",
        "days_since_same_category",
        "quantity",
        "unit",
    ]
    lines = [
        (
            record.key,
            record.episode.key,
            record.source_table,
            record.category,
            record.service_type,
            record.day,
            record.planned_day,
            record.is_delivered,
            record.partner_id,
            record.sequence,
            record.days_since_previous,
            record.days_since_same_category,
            record.quantity,
            record.unit,
        )
        for record in records
    ]
    whole = dict.fromkeys(
        ("day", "planned_day", "sequence", "days_since_previous", "days_since_same_category"), "Int64"
    )
    return pd.DataFrame(lines, columns=columns).astype({**whole, "quantity": "Float64"})
