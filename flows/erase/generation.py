"""A kept release without some people: a new generation of the same release, put in its place in one step.

What is about single people goes; what is shared/ and the report stay as they were published: a total that moved by one would tell
who was erased. Readers see the old generation or the new one, never half of one.
"""

import ctypes
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from flows.erase.keys import Relation, attached, n_doomed
from flows.erase.rewrite import copy_database, keep_parquet
from flows.publish import content, files, manifest
from flows.publish.steps import step
from flows.publish.verify import verify
from flows.warehouse import MARTS, Home, is_sealed

AT_CWD, EXCHANGE = -100, 2


@dataclass(frozen=True)
class Renewed:
    """A release that has a new generation: which, how many rows went, and its manifest's hash before and after."""

    release_id: str
    generation: int
    rows: int
    before: str
    after: str


def renew(
    connection: duckdb.DuckDBPyConnection, home: Home, folder: Path, fence: Callable[[], None] = lambda: None
) -> Renewed | None:
    """The release without the rows of `doomed`, verified, in the place of the old generation; None where it holds none.

    `fence` is asked before the two are exchanged; it raises where another run has taken the home over.
    """
    building = home.releases / f".building-{folder.name}"
    with attached(connection, folder / MARTS, "old") as relations:
        affected = {one.name: count for one in relations if (count := n_doomed(connection, one))}
        if not affected:
            return None
        files.remove_tree(building)
        _link_rest(folder, building, affected)
        _write_tables(connection, relations, affected, folder, building)
    before = files.sha256(folder / manifest.NAME)
    generation = _write_manifest(connection, folder, building)
    files.sync_tree(building)
    files.make_read_only(building)
    verify(building)
    step("exchange release")
    fence()
    exchange(building, folder)
    step("exchanged release")
    files.sync_folder(home.releases)
    files.remove_tree(building)
    files.sync_folder(home.releases)
    return Renewed(folder.name, generation, sum(affected.values()), before, files.sha256(folder / manifest.NAME))


def _link_rest(folder: Path, building: Path, affected: dict[str, int]) -> None:
    """Every file that does not change, as a second name of the same bytes where the disk can, else as a copy."""
    changes = {MARTS, manifest.NAME, *(f"parquet/{name.replace('.', '/')}.parquet" for name in affected)}
    for file in files.files_in(folder):
        inside = file.relative_to(folder)
        target = building / inside
        target.parent.mkdir(parents=True, exist_ok=True)
        if inside.as_posix() not in changes:
            try:
                os.link(file, target)
            except OSError:
                shutil.copyfile(file, target)


def _write_tables(
    connection: duckdb.DuckDBPyConnection,
    relations: list[Relation],
    affected: dict[str, int],
    folder: Path,
    building: Path,
) -> None:
    columns = content.tables_of(connection, "old")
    order = {name: content.sort_order(name, types) for name, types in columns.items()}
    copy_database(connection, relations, building / MARTS, order=order, sealed=is_sealed(folder / MARTS))
    for relation in relations:
        target = building / "parquet" / f"{relation.name.replace('.', '/')}.parquet"
        if relation.name in affected and target.parent.is_dir():
            keep_parquet(connection, relation, target, sealed=False)


def _write_manifest(connection: duckdb.DuckDBPyConnection, folder: Path, building: Path) -> int:
    """The old manifest with what is true of the new tables and files, and the number of the generation."""
    written = manifest.read(folder)
    generation = int(written.get("generation", 1)) + 1
    with attached(connection, building / MARTS, "renewed"):
        tables = content.tables_of(connection, "renewed")
        hashes = content.content_hashes_in(connection, "renewed", tables)
        rows = {table: content.row_count(connection, "renewed", table) for table in tables}
    described: dict[str, Any] = written | {
        "generation": generation,
        "tables": {table: {"rows": rows[table], "content_hash": hashes.get(table)} for table in tables},
        "files": {
            file.relative_to(building).as_posix(): {"bytes": file.stat().st_size, "sha256": files.sha256(file)}
            for file in files.files_in(building)
        },
    }
    files.write_text(building / manifest.NAME, manifest.as_text(json.loads(json.dumps(described))))
    return generation


def exchange(one: Path, other: Path) -> None:
    """Two folders change their names in one step, so that a reader of either name always finds a whole folder.

    Raises OSError where the file system cannot do it.
    """
    library = ctypes.CDLL(None, use_errno=True)
    done = library.renameat2(AT_CWD, os.fsencode(one), AT_CWD, os.fsencode(other), EXCHANGE)
    if done != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
