"""Folder deliveries of the simulated JDS: files, manifest, and the truth beside them."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal

import duckdb

from flows.extract.simulate.columns import COLUMNS, MACROS, select
from flows.extract.simulate.faults import Planted, plant
from flows.extract.simulate.frame import extraction
from flows.extract.simulate.parameters import Parameters, from_json
from flows.extract.simulate.truth import write_truth
from flows.extract.simulate.view import facts
from flows.extract.simulate.world import World, build
from flows.warehouse import connect

Format = Literal["csv", "parquet"]
Mode = Literal["full", "incremental"]

_COPY_AS: Final = {
    "csv": "(format csv, header true, timestampformat '%Y-%m-%dT%H:%M:%SZ', dateformat '%Y-%m-%d')",
    "parquet": "(format parquet, compression zstd)",
}


@dataclass(frozen=True)
class Written:
    """A delivery that was written: where, where its truth is, rows by table, planted faults by rule."""

    folder: Path
    truth: Path
    rows: dict[str, int]
    faults: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class _Span:
    """What one delivery holds: the rows changed after `since` (all, if None) and not after `until`, in seconds."""

    until: int
    since: int | None = None
    mode: Mode = "full"


def write_delivery(folder: Path, parameters: Parameters, *, fmt: Format = "csv", faults: bool = False) -> Written:
    """Writes a full delivery of the first night, and what is true of it into `<folder>.truth`.

    The same parameters give the same CSV bytes. Raises FileExistsError when the folder already holds something.
    """
    at = extraction(parameters, 0)
    with _source(parameters, 0, at, faults) as (connection, world, planted):
        return _write(folder, parameters, 0, connection, world, planted, fmt, _Span(at))


def write_next(
    folder: Path, previous: Path, *, fmt: Format = "csv", mode: Mode = "full", faults: bool = False
) -> Written:
    """Writes the delivery of the night after `previous`, a folder that this module wrote (its truth must be there too).

    Time went on by a day: new people, forms and services, exits, plans kept or missed, corrected forms, changed
    contacts, records found to be duplicates, rows marked deleted and a few rows that are gone (hard deletes, which an
    incremental delivery cannot show).
    """
    truth = json.loads((_truth_of(previous) / "truth.json").read_text(encoding="utf-8"))
    manifest = json.loads((previous / "manifest.json").read_text(encoding="utf-8"))
    parameters, night = from_json(truth["parameters"]), int(truth["night"]) + 1
    since = int(datetime.fromisoformat(manifest["extracted_at"]).timestamp()) if mode == "incremental" else None
    at = extraction(parameters, night)
    with _source(parameters, night, at, faults) as (connection, world, planted):
        return _write(folder, parameters, night, connection, world, planted, fmt, _Span(at, since, mode))


def write_parts(
    folder: Path, parameters: Parameters, *, parts: int = 3, fmt: Format = "csv", faults: bool = False
) -> list[Written]:
    """Writes the facts of `write_delivery` as incremental deliveries `<folder>-1`, `-2`, ... by when rows changed.

    Every row stands in exactly one part. `faults` of each counts what is planted in all of them together.
    """
    at = extraction(parameters, 0)
    with _source(parameters, 0, at, faults) as (connection, world, planted):
        ends = [*_cuts(connection, parts, at), at]
        spans = [_Span(until, since, "incremental") for since, until in zip([None, *ends[:-1]], ends, strict=True)]
        return [
            _write(folder.with_name(f"{folder.name}-{i}"), parameters, 0, connection, world, planted, fmt, span)
            for i, span in enumerate(spans, start=1)
        ]


@contextmanager
def _source(
    parameters: Parameters, night: int, at: int, faults: bool
) -> Iterator[tuple[duckdb.DuckDBPyConnection, World, Planted]]:
    """A database with the twelve tables as they stand at a stamp."""
    world = build(parameters, night)
    connection = connect()
    try:
        connection.execute("set preserve_insertion_order = true")
        # On several threads the order of rows has once come out differently: the same seed must give the same bytes.
        connection.execute("set threads = 1")
        connection.execute("set variable seed = ?", [parameters.seed])
        for macro in MACROS:
            connection.execute(macro)
        kind = "table" if faults else "view"
        for table in COLUMNS:
            connection.register(f"facts_{table}", facts(world, at, table))
            connection.execute(f"create {kind} {table} as {select(table)}")
        yield connection, world, plant(connection, parameters, night) if faults else Planted()
    finally:
        connection.close()


def _cuts(connection: duckdb.DuckDBPyConnection, parts: int, at: int) -> list[int]:
    """Stamps between the parts: by shares of the forms, each a day apart at least."""
    if parts < 1:
        raise ValueError("parts is at least 1")
    shares = [i / parts for i in range(1, parts)]
    query = "select quantile_disc(epoch(modified_at)::bigint, ?) from aso_assessments"
    cuts = [int(connection.execute(query, [share]).fetchall()[0][0]) // 86_400 * 86_400 + 5400 for share in shares]
    for i in reversed(range(len(cuts))):
        cuts[i] = min(cuts[i], (cuts[i + 1] if i + 1 < len(cuts) else at) - 86_400)
    return cuts


def _write(
    folder: Path,
    parameters: Parameters,
    night: int,
    connection: duckdb.DuckDBPyConnection,
    world: World,
    planted: Planted,
    fmt: Format,
    span: _Span,
) -> Written:
    if folder.exists() and any(folder.iterdir()):
        raise FileExistsError("the folder of a simulated delivery must be new or empty")
    folder.mkdir(parents=True, exist_ok=True)
    entries = {table: _write_table(connection, table, folder, fmt, span) for table in COLUMNS}
    manifest = {
        "source": "jds",
        "schema_version": "1",
        "extract_id": _extract_id(entries, span),
        "extracted_at": _iso(span.until),
        "mode": span.mode,
        "since": None if span.since is None else _iso(span.since),
        "tables": entries,
    }
    truth = _truth_of(folder)
    write_truth(truth, parameters, night, world, connection, planted.rules, planted.tokens)
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    rows = {table: int(entry["rows"]) for table, entry in entries.items()}
    return Written(folder, truth, rows, {rule: entry["rows"] for rule, entry in planted.rules.items()})


def _write_table(
    connection: duckdb.DuckDBPyConnection, table: str, folder: Path, fmt: Format, span: _Span
) -> dict[str, Any]:
    columns = ", ".join(COLUMNS[table])
    since = "" if span.since is None else f" and modified_at > to_timestamp({span.since})"
    rows = f"from {table} where modified_at <= to_timestamp({span.until}){since}"
    path = folder / f"{table}.{fmt}"
    target = str(path).replace("'", "''")
    connection.execute(f"copy (select {columns} {rows}) to '{target}' {_COPY_AS[fmt]}")
    n = connection.sql(f"select count(*) {rows}").fetchall()[0][0]
    return {"file": path.name, "rows": n, "sha256": _sha256(path)}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _extract_id(entries: dict[str, dict[str, Any]], span: _Span) -> str:
    """An id that follows from the content."""
    content = "".join(entry["sha256"] for entry in entries.values())
    return f"{_iso(span.until)[:10]}-{span.mode}-{hashlib.sha256(content.encode()).hexdigest()[:12]}"


def _iso(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _truth_of(folder: Path) -> Path:
    return folder.with_name(folder.name + ".truth")
