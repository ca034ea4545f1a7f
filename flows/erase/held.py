"""All tables of a home in which people stand, of every layer: raw, history, kept releases, case-work."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import duckdb

from flows.casework import FILE
from flows.erase import suppression
from flows.erase.keys import Relation, attached, parquet_relation
from flows.erase.rewrite import parquet_files
from flows.extract.pseudonymise import Key
from flows.publish import files
from flows.publish.facts import sequence_of
from flows.warehouse import Home, connect


@contextmanager
def working(home: Home, key: Key) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection in memory with the suppression list; what it spills is encrypted, and removed at the end."""
    spill = suppression.folder(home) / ".spill"
    try:
        with connect(temp_directory=spill) as connection:
            connection.execute("set preserve_insertion_order = true")
            suppression.show(connection, home, key)
            yield connection
    finally:
        files.remove_tree(spill)


def release_folders(home: Home) -> list[Path]:
    """The folders of all kept releases, also of one that never went live, in their order."""
    there = [folder for folder in home.releases.glob("*") if sequence_of(folder.name) and folder.is_dir()]
    return sorted(there, key=lambda folder: sequence_of(folder.name) or 0)


@contextmanager
def everything(
    connection: duckdb.DuckDBPyConnection, home: Home, *, with_parquet: bool = False
) -> Iterator[list[Relation]]:
    """Every table of the home that holds keys; `with_parquet` also the Parquet copies inside the releases."""
    with ExitStack() as stack:
        found = [_of(connection, path, home) for path in parquet_files(home)]
        for number, folder in enumerate(release_folders(home)):
            tables = stack.enter_context(attached(connection, folder / "marts.duckdb", f"release_{number}"))
            found += [replace(one, where=f"release {folder.name}") for one in tables]
            copies = sorted(folder.glob("parquet/*/*.parquet")) if with_parquet else []
            found += [_of(connection, path, home) for path in copies]
        if (home.casework / FILE).exists():
            tables = stack.enter_context(attached(connection, home.casework / FILE, "case_work"))
            found += [replace(one, where="case-work") for one in tables]
        yield [relation for relation in found if relation.keys]


def _of(connection: duckdb.DuckDBPyConnection, path: Path, home: Home) -> Relation:
    layer, name = path.relative_to(home.root).parts[:2]
    return replace(parquet_relation(connection, path), where=f"{layer} {name}")
