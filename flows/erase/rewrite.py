"""Files without some people: each is written anew, verified to be whole, put in the place of the old one, and the old one removed.

Nothing is deleted inside a file: DuckDB keeps the bytes of deleted rows, also after VACUUM and CHECKPOINT.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb

from flows import reviews
from flows.erase.keys import Relation, attached, n_doomed, parquet_relation
from flows.publish import files
from flows.publish.content import quoted
from flows.publish.steps import step
from flows.warehouse import Home, attach, is_sealed, literal, write_parquet


@dataclass(frozen=True)
class Rewritten:
    """A file that was written anew: its path in the home, hash before and after, and how many rows went."""

    path: str
    before: str
    after: str
    rows: int


def parquet_files(home: Home) -> Iterator[Path]:
    """Every Parquet file of raw and history that rows of people can stand in, in order; sums by bins hold none."""
    for root in (home.raw, home.history):
        yield from (path for path in sorted(root.glob("[!.]*/*.parquet")) if path.name != "sums.parquet")


def rewrite_parquet(connection: duckdb.DuckDBPyConnection, path: Path, root: Path) -> Rewritten | None:
    """The Parquet file without the rows of `doomed`, in the old one's place; None where it holds none of them."""
    relation = parquet_relation(connection, path)
    rows = n_doomed(connection, relation)
    if not rows:
        return None
    before, fresh = files.sha256(path), path.with_name(f".erasing-{path.name}")
    fresh.unlink(missing_ok=True)
    keep_parquet(connection, relation, fresh, sealed=is_sealed(path))
    _replace(fresh, path)
    return Rewritten(path.relative_to(root).as_posix(), before, files.sha256(path), rows)


def keep_parquet(connection: duckdb.DuckDBPyConnection, relation: Relation, target: Path, *, sealed: bool) -> None:
    """Write those rows of a relation that are not of `doomed`, in their order; encrypted or not."""
    write_parquet(connection, f"select * from {relation.sql} where not ({relation.is_doomed})", target, sealed=sealed)


def rewrite_database(connection: duckdb.DuckDBPyConnection, path: Path, root: Path) -> Rewritten | None:
    """The DuckDB file without the rows of `doomed`, in the old one's place; None where it holds none of them."""
    fresh = path.with_name(f".erasing-{path.name}")
    fresh.unlink(missing_ok=True)
    with attached(connection, path, "old") as relations:
        rows = sum(n_doomed(connection, relation) for relation in relations)
        if not rows:
            return None
        copy_database(connection, relations, fresh, sealed=is_sealed(path))
    before = files.sha256(path)
    _replace(fresh, path)
    return Rewritten(path.relative_to(root).as_posix(), before, files.sha256(path), rows)


def rewrite_reviews(connection: duckdb.DuckDBPyConnection, home: Home) -> Rewritten | None:
    """What people said of priorities, without the episodes of `doomed`; None where it says nothing of them."""
    path = home.casework / reviews.FILE
    before = files.sha256(path) if path.exists() else ""
    rows = reviews.forget(home, {str(key) for (key,) in connection.execute("select key from doomed").fetchall()})
    return Rewritten(path.relative_to(home.root).as_posix(), before, files.sha256(path), rows) if rows else None


def copy_database(
    connection: duckdb.DuckDBPyConnection, relations: list[Relation], target: Path, *, sealed: bool,
    order: dict[str, str] | None = None,
) -> None:  # fmt: skip
    """A new DuckDB file with the tables of the attached file `old`, without the rows of `doomed`; comments go along.

    Like every file that is written anew it keeps its form, encrypted (`sealed`) or not, whatever the setting says of new files.
    """
    mask = os.umask(0o077)
    try:
        attach(connection, target, "fresh", read_only=False, sealed=sealed)
    finally:
        os.umask(mask)
    try:
        for schema in sorted({relation.name.split(".")[0] for relation in relations} - {"main"}):
            connection.execute(f"create schema fresh.{quoted(schema)}")
        for relation in relations:
            sorting = (order or {}).get(relation.name, "")
            connection.execute(
                f"create table fresh.{quoted(relation.name)} as select * from {relation.sql} "
                f"where not ({relation.is_doomed}) {f'order by {sorting}' if sorting else ''}"
            )
        _copy_comments(connection)
        connection.execute("checkpoint fresh")
    finally:
        connection.execute("detach fresh")


def _copy_comments(connection: duckdb.DuckDBPyConnection) -> None:
    rows = connection.execute(
        "select schema_name || '.' || table_name, null, comment from duckdb_tables() "
        "where database_name = 'old' and comment is not null union all "
        "select schema_name || '.' || table_name, column_name, comment from duckdb_columns() "
        "where database_name = 'old' and comment is not null"
    ).fetchall()
    for table, column, comment in rows:
        name = f"fresh.{quoted(table)}"
        target = f"column {name}.{quoted(column)}" if column else f"table {name}"
        connection.execute(f"comment on {target} is {literal(comment)}")


def _replace(fresh: Path, old: Path) -> None:
    """Put the new file in the old one's place, durably and with its mode; the old one is gone with that."""
    fresh.chmod(old.stat().st_mode & 0o777)
    with fresh.open("rb") as file:
        os.fsync(file.fileno())
    step(f"replace {old.name}")
    os.replace(fresh, old)
    step(f"replaced {old.name}")
    files.sync_folder(old.parent)
