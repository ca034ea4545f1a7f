"""One statement of an analyst on the live release, and its result: on the screen, as CSV, or in a file."""

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from flows import access
from flows.errors import Exit, StageError
from flows.publish.release import current_release, open_release
from flows.warehouse import Home

BATCH = 100_000
ENDINGS = {".csv": "csv", ".parquet": "parquet"}


class QueryError(StageError):
    """A query of an analyst that DuckDB refused, or a result that cannot be given as it was asked for."""

    code = Exit.USAGE


def run_query(home: Home, query: str, *, at: datetime, fmt: str = "table", to: Path | None = None) -> str:
    """The result of one read-only query on the live release, or how many rows went into a file.

    fmt: table, csv or parquet, the last only into a file. A file must not be there yet; it is the user's alone to read (0600). The access
    log keeps that something was asked, never what. Raises QueryError for the query and for the file.
    """
    if fmt == "parquet" and to is None:
        raise QueryError("Parquet is not for a screen", stage="sql", next_step="name a file with --to")
    with open_release(home) as connection:
        note(home, query, at)
        return _into(connection, query, fmt, to) if to else result(connection, query, fmt)


def format_of(to: Path | None, asked: str | None) -> str:
    """The format that was asked for, else the one that the file's ending names, else a table for the screen."""
    return asked or (ENDINGS.get(to.suffix.lower(), "csv") if to else "table")


def note(home: Home, statement: str, at: datetime) -> None:
    """Add to the access log that something was asked."""
    access.record(home, "sql", at=at, release_id=current_release(home), statement=access.statement_hash(statement))


def result(connection: duckdb.DuckDBPyConnection, query: str, fmt: str) -> str:
    """What a statement gives, as text."""
    with _explained():
        relation = connection.sql(query)
        if relation is None:
            return "done"
        if fmt != "csv":
            return str(relation)
        text = io.BytesIO()
        _write(relation, "csv", text)
        return text.getvalue().decode().rstrip("\n")


def _into(connection: duckdb.DuckDBPyConnection, query: str, fmt: str, to: Path) -> str:
    """Write the rows batch by batch, so that a large result needs no memory, and leave nothing of a file that broke off."""
    try:
        descriptor = os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        there = isinstance(error, FileExistsError)
        rule = "the file is there already" if there else "the file cannot be written"
        raise QueryError(rule, stage="sql", next_step="name another file with --to") from None
    try:
        with os.fdopen(descriptor, "wb") as file, _explained():
            relation = connection.sql(query)
            n = 0 if relation is None else _write(relation, "csv" if fmt == "table" else fmt, file)
    except BaseException:
        to.unlink(missing_ok=True)
        raise
    return f"{n:,} rows are in {to}. They are about single people: keep the file where the marts may be read."


def _write(relation: duckdb.DuckDBPyRelation, fmt: str, file: Any) -> int:
    import pyarrow as pa
    from pyarrow.csv import CSVWriter
    from pyarrow.parquet import ParquetWriter

    reader = relation.to_arrow_reader(BATCH)
    nested = [field.name for field in reader.schema if pa.types.is_nested(field.type)]
    if fmt == "csv" and nested:
        raise QueryError(
            f"the columns {', '.join(nested)} hold lists, which CSV has no form for",
            stage="sql",
            next_step="cast them to varchar, or take Parquet",
        )
    made = ParquetWriter if fmt == "parquet" else CSVWriter
    n = 0
    with made(file, reader.schema) as writer:
        for batch in reader:
            writer.write_batch(batch)
            n += batch.num_rows
    return n


@contextmanager
def _explained() -> Iterator[None]:
    """Makes an error of DuckDB one that says what to do."""
    try:
        yield
    except duckdb.Error as error:
        # The analyst's own query and the names of the marts; a cell could only be quoted by a failing cast that she wrote.
        raise QueryError(
            str(error).splitlines()[0],
            stage="sql",
            next_step="correct the query; `show all tables` lists what there is",
        ) from None
