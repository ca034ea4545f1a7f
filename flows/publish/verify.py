"""The last look before a release goes live: what lies on the disk, opened afresh, is what was assembled."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import duckdb

from flows.errors import VerifyError
from flows.publish import content, files, manifest
from flows.publish.files import STAGE, refusing
from flows.publish.tables import PROMISED
from flows.warehouse import attach, connect

AGAIN = "publish again from the checked build file; if it happens twice, look at the disk"


def verify(folder: Path, expected: Mapping[str, Any] | None = None) -> None:
    """Returns when a release folder is whole; raises VerifyError naming the first thing that is not.

    `expected` is the manifest that was assembled; without it the folder is judged by its own. The marts are attached by
    a new DuckDB instance, so nothing comes from a cache of the connection that wrote them.
    """
    written = manifest.read(folder)
    if expected is not None and manifest.as_text(written) != manifest.as_text(expected):
        raise _refused("the manifest on the disk is not the one that was assembled")
    with refusing("verifying the release"):
        _check_files(folder, written["files"])
        with connect() as connection:
            attach(connection, folder / "marts.duckdb", "marts")
            check_promise(connection, "marts")
            _check_rows(connection, written["tables"])
            _check_stamp(connection, written["release_id"])


def check_promise(
    connection: duckdb.DuckDBPyConnection, catalog: str, *, optional: Collection[str] = frozenset()
) -> None:
    """Returns when every promised table and column is there; raises VerifyError naming one that is not."""
    there = content.tables_of(connection, catalog)
    for table, promised in PROMISED.items():
        if table not in there and table in optional:
            continue
        if table not in there:
            raise _refused("a promised table is missing", table=table)
        missing = set(promised) - there[table].keys()
        if missing:
            raise _refused(f"promised columns are missing: {', '.join(sorted(missing))}", table, len(missing))


def _check_files(folder: Path, expected: Mapping[str, Mapping[str, Any]]) -> None:
    found = {str(file.relative_to(folder)): file for file in files.files_in(folder)}
    if any(name.endswith(".wal") for name in found):
        raise _refused("a write-ahead log lies beside the marts")
    del found[manifest.NAME]
    if found.keys() != expected.keys():
        raise _refused("files are missing or were added", count=len(found.keys() ^ expected.keys()))
    changed = [name for name, file in found.items() if files.sha256(file) != expected[name]["sha256"]]
    if changed:
        raise _refused(f"a file is not the one that was assembled: {changed[0]}", count=len(changed))


def _check_rows(connection: duckdb.DuckDBPyConnection, expected: Mapping[str, Mapping[str, Any]]) -> None:
    if content.tables_of(connection, "marts").keys() != expected.keys():
        raise _refused("the marts hold other tables than the manifest names")
    for table, facts in expected.items():
        rows = content.row_count(connection, "marts", table)
        if rows != facts["rows"]:
            raise _refused("the number of rows is not that of the manifest", table, rows)


def _check_stamp(connection: duckdb.DuckDBPyConnection, release_id: str) -> None:
    if connection.execute("select release_id from marts.meta.release").fetchall() != [(release_id,)]:
        raise _refused("the marts are those of another release", "meta.release")


def _refused(rule: str, table: str | None = None, count: int | None = None) -> VerifyError:
    return VerifyError(rule, stage=STAGE, next_step=AGAIN, table=table, count=count)
