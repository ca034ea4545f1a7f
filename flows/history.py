"""What one night must remember for the next: keys that are gone, and the history of corrected assessments.

Both belong to a release, so that a rollback takes them back too: `history/<release_id>/`.
"""

import os
import shutil
from pathlib import Path

import duckdb

from flows.extract.folder import quoted
from flows.warehouse import Home, connect

GONE = "gone_keys"
ASSESSMENTS = "assessment_history"


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


def keep(home: Home, build_file: Path, release_id: str) -> None:
    """Write the history that goes with a release, whole or not at all."""
    building = home.history / f".building-{release_id}"
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(parents=True)
    queries = {
        GONE: "select distinct table_name, key from intermediate.int_key_known_before where is_gone",
        ASSESSMENTS: f"select * from history.{ASSESSMENTS}",
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
