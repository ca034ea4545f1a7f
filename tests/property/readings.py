"""The two readings of one set of deliveries, side by side."""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path

import pandas as pd

from flows.warehouse import connect
from tests.nights import KEY, built, stamp
from tests.oracle import read_marts
from tests.oracle.compare import differences
from tests.property.worlds import with_keys
from tests.unit.oracle.small import Delivery


def write(folder: Path, deliveries: list[Delivery], modes: list[str] | None = None) -> list[Path]:
    """The deliveries as folders, a day apart; a full one and then incremental ones unless told otherwise."""
    modes = modes or ["full"] + ["incremental"] * (len(deliveries) - 1)
    return [
        stamp(delivery.write(folder / str(number), mode), extracted_at=f"2026-11-{number + 1:02d}T01:30:00Z")
        for number, (delivery, mode) in enumerate(zip(deliveries, modes, strict=True))
    ]


def second_reading(
    folder: Path, deliveries: list[Delivery], *, as_of: date, modes: list[str] | None = None
) -> dict[str, pd.DataFrame]:
    """The marts as the second reading has them, under pseudonyms."""
    return read_again(write(folder, [with_keys(delivery, KEY) for delivery in deliveries], modes), as_of=as_of)


def read_again(folders: list[Path], *, as_of: date) -> dict[str, pd.DataFrame]:
    """The marts as the second reading has them, of written deliveries whose ids are pseudonyms."""
    marts = read_marts(folders, as_of=as_of)
    timeline = marts["services.timeline"]
    timeline["service_key"] = [_service_key(str(key)) for key in timeline["service_key"]]
    return marts


def _service_key(key: str) -> str:
    """A whole case's event is named by the event and the survivor."""
    return hashlib.sha256(key.replace("|", ":").encode()).hexdigest()[:32] if "|" in key else key


def disagreement(
    folder: Path, target: Path, deliveries: list[Delivery], *, as_of: date, modes: list[str] | None = None
) -> dict[str, dict[str, int]]:
    """Where the marts and the second reading differ; empty when they agree on every cell."""
    build = built(write(folder / "raw ids", deliveries, modes), folder / "home", target, as_of=as_of)
    marts = second_reading(folder / "keyed", deliveries, as_of=as_of, modes=modes)
    return differences(build, marts) | ties(build, marts["services.timeline"])


def ties(build: Path, theirs: pd.DataFrame) -> dict[str, dict[str, int]]:
    """Where the numbering of the timeline differs, whatever the order of records of one day."""
    with connect(build, read_only=True) as connection:
        ours = connection.execute("select * from services.timeline").df()
    found = {}
    for column, group in (
        ("sequence", ["episode_key", "day"]),
        ("days_since_previous", ["episode_key", "day"]),
        ("days_since_same_category", ["episode_key", "category", "day"]),
    ):
        left, right = _numbers(ours, group, column), _numbers(theirs, group, column)
        if left != right:
            found[f"services.timeline {column}"] = {
                "days": sum(left.get(key) != right.get(key) for key in left | right)
            }
    return found


def _numbers(timeline: pd.DataFrame, group: list[str], column: str) -> dict[object, list[int]]:
    placed = timeline[timeline["day"].notna()]
    numbers: dict[object, list[int]] = {}
    for *key, value in placed[[*group, column]].itertuples(index=False, name=None):
        numbers.setdefault(tuple(key), []).append(-1 if pd.isna(value) else int(value))
    return {key: sorted(values) for key, values in numbers.items()}
