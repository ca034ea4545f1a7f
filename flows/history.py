"""What one night must remember for the next: keys that are gone, the history of corrected assessments, counts to compare with, and
what the night knew.

All of it belongs to a release, so that a rollback takes it back too: `history/<release_id>/`. It is kept when the release itself is
no longer, since a past night that is made again goes on from it.
"""

import json
import os
import shutil
from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb

from flows.publish import files
from flows.publish.catalogue import went_live
from flows.publish.facts import sequence_of
from flows.warehouse import Home, connect, readable, write_parquet

GONE = "gone_keys"
ASSESSMENTS = "assessment_history"
MEMORY = "memory.json"
COUNTS = "night_counts"
HEADLINES = "headline"
RECENT_DAYS, MOST_NIGHTS = 35, 7
# The columns of outcomes.history, and one text of the definitions that a figure was made under.
HEADLINES_DECLARED = f"""
    create table history.{HEADLINES} (
        release_id varchar, as_of date, measure varchar, stratum varchar, stratum_value varchar, estimate double,
        lower double, upper double, n integer, definition_version integer, is_break boolean, definitions varchar
    )"""


@dataclass(frozen=True)
class Memory:
    """What the night of a release knew.

    `before` is the release it went on from, `extracts` the sequences of the deliveries it was built from, `accept` the checks that were
    let through. `return_to` is None but for a night for a past date: there it is the newest release of the present.
    """

    release_id: str
    as_of: date
    before: str | None
    extracts: tuple[int, ...]
    fingerprint: str
    model_ids: tuple[str, ...] = ()
    accept: tuple[str, ...] = ()
    return_to: str | None = None

    def as_json(self) -> str:
        """The memory as the text that is written."""
        return files.canonical_json(asdict(self) | {"as_of": self.as_of.isoformat()}) + "\n"


def memory(home: Home, release_id: str | None) -> Memory | None:
    """What the night of a release knew, None where that is not kept."""
    path = home.history / (release_id or "none") / MEMORY
    if not path.exists():
        return None
    written = json.loads(path.read_text(encoding="utf-8"))
    lists = {name: tuple(written[name]) for name in ("extracts", "model_ids", "accept")}
    return Memory(**{**written, **lists, "as_of": date.fromisoformat(written["as_of"])})


def memories(home: Home) -> list[Memory]:
    """What every release that went live remembers, in their order; not what a publication left that failed or died."""
    names = sorted(went_live(home), key=lambda name: (sequence_of(name) or 0, name))
    return [found for name in names if (found := memory(home, name))]


def present(home: Home, live: str | None) -> str | None:
    """The release that a night of the present goes on from: the live one, or what a past night that is live stands before."""
    found = memory(home, live)
    return (found.return_to if found else None) or live


def past_line(home: Home, live: str | None) -> str | None:
    """That the live release is for an earlier date than the newest, and how to return; None where it is the newest."""
    found = memory(home, live)
    newest = memory(home, found.return_to) if found else None
    if found is None or newest is None:
        return None
    return (
        f"made again for {found.as_of}, an earlier date than that of {newest.release_id}; "
        "the next `aftercare nightly` without --as-of returns to the newest"
    )


def then(home: Home, day: date, sequences: tuple[int, ...]) -> tuple[Memory | None, str | None]:
    """The night that ran for this date over these deliveries, if one did, and the release that it went (or would have gone) on from."""
    regular = [one for one in memories(home) if one.return_to is None]
    same = [one for one in regular if one.as_of == day and one.extracts == sequences]
    if same:
        return same[-1], same[-1].before
    earlier = [one for one in regular if one.as_of <= day and max(one.extracts) <= max(sequences)]
    return None, earlier[-1].release_id if earlier else None


def gone_keys(home: Home, release_id: str | None) -> Path | None:
    """The file of keys that were gone when the release was made, None where there is none."""
    path = home.history / (release_id or "none") / f"{GONE}.parquet"
    return path if path.exists() else None


def restore(build: duckdb.DuckDBPyConnection, home: Home, release_id: str | None) -> None:
    """Put a release's history of assessments where dbt's snapshot goes on with it, and its headline figures where the estimates do."""
    build.execute("create schema if not exists history")
    build.execute(HEADLINES_DECLARED)
    folder = home.history / (release_id or "none")
    if (path := folder / f"{ASSESSMENTS}.parquet").exists():
        build.execute(f"create table history.{ASSESSMENTS} as select * from {readable(build, path)}")
    if (path := folder / f"{HEADLINES}.parquet").exists():
        build.execute(f"insert into history.{HEADLINES} by name select * from {readable(build, path)}")


def show_recent(build: duckdb.DuckDBPyConnection, home: Home, release_id: str | None, as_of: date) -> None:
    """Make `raw.recent_counts` (check_id, code, n): what the nights before counted, one row each a night.

    Nights are those of the present for a date in the 35 days before `as_of`, the newest for each date, seven at most, and none later
    than the release that this night goes on from: what was rolled back is not compared with.
    """
    last = sequence_of(release_id) if release_id else None
    nights = [
        one for one in memories(home) if one.return_to is None and (sequence_of(one.release_id) or 0) <= (last or 0)
    ]
    newest = {one.as_of: one.release_id for one in nights if as_of - timedelta(RECENT_DAYS) <= one.as_of < as_of}
    build.execute("create or replace table raw.recent_counts (check_id varchar, code varchar, n bigint)")
    for _, name in sorted(newest.items())[-MOST_NIGHTS:]:
        path = home.history / name / f"{COUNTS}.parquet"
        if path.exists():
            build.execute(f"insert into raw.recent_counts select check_id, code, n from {readable(build, path)}")


def keep(home: Home, build_file: Path, remembered: Memory) -> None:
    """Write what goes with a release, whole or not at all."""
    building = home.history / f".building-{remembered.release_id}"
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(parents=True)
    queries = {
        GONE: "select distinct table_name, key from intermediate.int_key_known_before where is_gone",
        ASSESSMENTS: f"select * from history.{ASSESSMENTS}",
        COUNTS: "select * from intermediate.int_night_count order by all",
        HEADLINES: f"select * from history.{HEADLINES} order by all",
    }
    with connect(build_file, read_only=True) as connection:
        for name, query in queries.items():
            write_parquet(connection, query, building / f"{name}.parquet")
    files.write_text(building / MEMORY, remembered.as_json())
    shutil.rmtree(home.history / remembered.release_id, ignore_errors=True)
    os.replace(building, home.history / remembered.release_id)


def prune(home: Home, went_live: Collection[str]) -> None:
    """Remove what was written for releases that never went live."""
    for folder in home.history.glob("*"):
        if folder.name not in went_live:
            shutil.rmtree(folder, ignore_errors=True)
