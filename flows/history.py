"""What one night must remember for the next: keys that are gone, the history of corrected assessments, counts to compare with.

Both belong to a release, so that a rollback takes them back too: `history/<release_id>/`.
"""

import os
import shutil
from datetime import date, timedelta
from pathlib import Path

import duckdb

from flows.extract.folder import quoted
from flows.warehouse import Home, connect

GONE = "gone_keys"
ASSESSMENTS = "assessment_history"
COUNTS = "night_counts"
RECENT_DAYS, MOST_NIGHTS = 35, 7


def gone_keys(home: Home, release_id: str | None) -> Path | None:
    """The file of keys that were gone when the release was made, None where there is none."""
    path = home.history / (release_id or "none") / f"{GONE}.parquet"
    return path if path.exists() else None


def restore(build: duckdb.DuckDBPyConnection, home: Home, release_id: str | None) -> None:
    """Put the live release's history of assessments where dbt's snapshot goes on with it."""
    path = home.history / (release_id or "none") / f"{ASSESSMENTS}.parquet"
    if path.exists():
        build.execute("create schema if not exists history")
        build.execute(f"create table history.{ASSESSMENTS} as select * from read_parquet({quoted(str(path))})")


def show_recent(build: duckdb.DuckDBPyConnection, home: Home, release_id: str | None, as_of: date) -> None:
    """Make `raw.recent_counts` (check_id, code, n): what the nights before counted, one row each a night.

    Nights are the newest releases made for a date in the 35 days before `as_of`, seven at most, none later than the live one: what
    was rolled back is not compared with.
    """
    nights = [
        path
        for path in home.history.glob(f"*/{COUNTS}.parquet")
        if release_id and path.parent.name[-4:] <= release_id[-4:]
    ]
    dated = [(date.fromisoformat(path.parent.name[:10]), path) for path in nights]
    recent = sorted((day, path) for day, path in dated if as_of - timedelta(RECENT_DAYS) <= day < as_of)[-MOST_NIGHTS:]
    build.execute("create or replace table raw.recent_counts (check_id varchar, code varchar, n bigint)")
    for _, path in recent:
        build.execute(f"insert into raw.recent_counts select check_id, code, n from read_parquet({quoted(str(path))})")


def keep(home: Home, build_file: Path, release_id: str) -> None:
    """Write the history that goes with a release, whole or not at all."""
    building = home.history / f".building-{release_id}"
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(parents=True)
    queries = {
        GONE: "select distinct table_name, key from intermediate.int_key_known_before where is_gone",
        ASSESSMENTS: f"select * from history.{ASSESSMENTS}",
        COUNTS: "select * from intermediate.int_night_count order by all",
    }
    with connect(build_file, read_only=True) as connection:
        for name, query in queries.items():
            target = quoted(str(building / f"{name}.parquet"))
            connection.execute(f"copy ({query}) to {target} (format parquet, compression zstd)")
    shutil.rmtree(home.history / release_id, ignore_errors=True)
    os.replace(building, home.history / release_id)


def prune(home: Home, kept: set[str]) -> None:
    """Remove the history of releases that are no longer kept."""
    for folder in home.history.glob("*"):
        if folder.name not in kept:
            shutil.rmtree(folder, ignore_errors=True)
