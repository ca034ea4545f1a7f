"""Landing: a delivery becomes one folder of typed, pseudonymised Parquet files, committed by a rename.

Nothing identifying is ever written: 🔒 columns are not selected, 🔑 columns are hashed inside the engine that reads them, a code that the
contract does not know becomes `#` and a keyed hash, and nothing can be spilled in clear. A cell whose text is not of its type lands
as null, and its column's name in `unreadable`.
"""

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb

from flows.errors import DeliveryError, HomeError
from flows.extract import cells
from flows.extract.contract import Column, Contract, Table
from flows.extract.folder import quoted
from flows.extract.pseudonymise import Key, install
from flows.extract.source import Delivery

STAGE = "landing"
# Raise it when raw files change their form: deliveries landed before are then landed again.
LANDING_VERSION = 1
Step = Callable[[str], None]


@dataclass(frozen=True)
class Extract:
    """One landed delivery: its folder under `raw/` and what is known of it."""

    folder: Path
    sequence: int
    facts: dict[str, Any]

    @property
    def extracted_at(self) -> datetime:
        return datetime.fromisoformat(self.facts["extracted_at"])

    @property
    def landed_for(self) -> date:
        """The date of the night that landed it."""
        return date.fromisoformat(self.facts.get("landed_for", self.facts["extracted_at"][:10]))

    @property
    def is_full(self) -> bool:
        return bool(self.facts["mode"] == "full")

    @property
    def cursor(self) -> datetime | None:
        """The newest change that a database showed; None where the delivery was none."""
        text = self.facts.get("cursor")
        return datetime.fromisoformat(text) if text else None

    def file(self, table: str) -> Path:
        """The Parquet file of one table."""
        return self.folder / f"{table}.parquet"

    def gone(self, table: str) -> Path | None:
        """The file of one table's keys that were deleted since the delivery before; None where none was."""
        path = self.folder / f"{table}.gone.parquet"
        return path if path.exists() else None


def extracts(raw: Path) -> list[Extract]:
    """All landed deliveries in the order of their landing; half-landed ones are not listed."""
    found = []
    for facts in sorted(raw.glob("[0-9]*/extract.json")):
        document = json.loads(facts.read_text(encoding="utf-8"))
        found.append(Extract(facts.parent, int(document["sequence"]), document))
    return sorted(found, key=lambda extract: extract.sequence)


def land(
    raw: Path,
    delivery: Delivery,
    contract: Contract,
    key: Key,
    *,
    landed_for: date | None = None,
    progress: Step = lambda _: None,
) -> Extract:
    """Write the delivery under `raw` and return it as an extract, landed for the night of a date (without one the day of the delivery).

    Raises DeliveryError where rows cannot be read or are not as many as the manifest says, HomeError where there is no space.
    """
    sequence = max((extract.sequence for extract in extracts(raw)), default=0) + 1
    folder = raw / f"{sequence:06d}-{delivery.facts.hash[:8]}"
    building = raw / f".landing-{folder.name}"
    raw.mkdir(parents=True, exist_ok=True)
    for leftover in raw.glob(".landing-*"):
        shutil.rmtree(leftover)
    try:
        building.mkdir()
        _write_tables(building, delivery, contract, key, sequence, progress)
        _write_facts(building / "extract.json", delivery, contract, key, sequence, landed_for)
        os.replace(building, folder)
        _sync(raw)
    except OSError as error:
        raise HomeError(
            "the delivery could not be written (no space, or no permission)",
            stage=STAGE,
            next_step="free space or mend the permissions of the home, then run again",
        ) from error
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return next(extract for extract in extracts(raw) if extract.sequence == sequence)


def _write_tables(
    building: Path, delivery: Delivery, contract: Contract, key: Key, sequence: int, progress: Step
) -> None:
    with delivery.reading(building / "spill") as connection:
        install(connection, key)
        for table in contract.tables.values():
            progress(table.name)
            _write_table(connection, building, delivery, contract, table, sequence)
            _write_gone(connection, building, delivery, table)
        delivery.recheck()


def _write_table(
    connection: duckdb.DuckDBPyConnection,
    building: Path,
    delivery: Delivery,
    contract: Contract,
    table: Table,
    sequence: int,
) -> None:
    scan = delivery.scan(table.name)
    target = building / f"{table.name}.parquet"
    try:
        connection.execute(repeated_keys(scan, table))
        count = connection.execute(
            f"copy ({landing_query(scan, table, contract, str(sequence))}) "
            f"to {quoted(str(target))} (format parquet, compression zstd)"
        ).fetchall()[0][0]
    except duckdb.Error as error:
        raise _unreadable(error, delivery, table) from None
    expected = delivery.facts.rows[table.name]
    if count != expected:
        raise DeliveryError(
            f"the rows read are not as many as the manifest says (read {count:,}, wanted {expected:,})",
            stage=STAGE,
            table=table.name,
            count=abs(count - expected),
            next_step="ask for the delivery again; nothing of it was loaded",
        )
    _sync(target)


def _write_gone(connection: duckdb.DuckDBPyConnection, building: Path, delivery: Delivery, table: Table) -> None:
    """The keys that were deleted at the source, where the delivery knows of any."""
    gone = delivery.gone(table.name)
    if gone is None:
        return
    target = building / f"{table.name}.gone.parquet"
    connection.execute(f"copy ({gone}) to {quoted(str(target))} (format parquet, compression zstd)")
    _sync(target)


def _unreadable(error: duckdb.Error, delivery: Delivery, table: Table) -> Exception:
    """The error without its text, which would quote the line that could not be read."""
    if isinstance(error, duckdb.IOException) and "space" in str(error).lower():
        return HomeError(
            "no space is left for raw files",
            stage=STAGE,
            table=table.name,
            next_step="free space in the home, then run again",
        )
    if isinstance(error, duckdb.OutOfMemoryException):
        return HomeError(
            "the memory limit was reached",
            stage=STAGE,
            table=table.name,
            next_step="raise AFTERCARE_MEMORY_LIMIT, then run again",
        )
    return delivery.unreadable(error, table.name)


def repeated_keys(scan: str, table: Table) -> str:
    """The statement that makes the temporary table `repeated`: keys that stand more than once, which `landing_query` looks into."""
    keys = ", ".join(f'"{name}"' for name in table.primary_key)
    return (
        f"create or replace temp table repeated as select {_row_key(table)} as row_key from ({scan}) "
        f"group by {keys} having count(*) > 1 and row_key is not null"
    )


def _row_key(table: Table) -> str:
    return " || '|' || ".join(f'"{name}"' for name in table.primary_key)


def landing_query(scan: str, table: Table, contract: Contract, sequence: str) -> str:
    """The query that lands a table from its text; `sequence` is the SQL of `extract_sequence`."""
    row_key = _row_key(table)
    landed = [column for column in table.columns if column.kind != "drop"]
    values = ", ".join(f'{cells.landed_value(column, contract)} as "{column.landed_as}"' for column in landed)
    closure = [
        f"left(pseudonym('closure', \"{column.name}\"), 16) as closure_hash"
        for column in landed
        if column.kind == "closure"
    ]
    unreadable = ", ".join(check for column in landed if (check := _unreadable_check(column)))
    everything = ", ".join(f'"{column.name}"' for column in table.columns)
    digest = (
        f"case when {row_key} in (select row_key from repeated) "
        f"then pseudonym('row', hash({everything})::varchar) end as row_digest"
    )
    parts = [values, *closure, f"nullif(concat_ws(',', {unreadable}), '') as unreadable", digest]
    return f"select {sequence} as extract_sequence, {', '.join(parts)} from ({scan})"


def _unreadable_check(column: Column) -> str | None:
    if column.kind not in {"date", "birth_year", "timestamp", "bool", "number", "int"}:
        return None
    value = cells.landed_value(column, Contract("", {}, {}))
    return f'case when "{column.name}" is not null and ({value}) is null then {quoted(column.name)} end'


def _write_facts(
    path: Path, delivery: Delivery, contract: Contract, key: Key, sequence: int, landed_for: date | None
) -> None:
    facts = delivery.facts
    document = {
        "sequence": sequence,
        "landing_version": LANDING_VERSION,
        "landed_for": (landed_for or facts.extracted_at.date()).isoformat(),
        "extract_id": facts.extract_id,
        "extracted_at": facts.extracted_at.isoformat(),
        "mode": facts.mode,
        "since": facts.since.isoformat() if facts.since else None,
        "hash": facts.hash,
        "key_id": key.id,
        "origin": facts.origin,
        "cursor": facts.cursor.isoformat() if facts.cursor else None,
        "contract": contract.fingerprint,
        "mapping": facts.mapping,
        "sums": {table: [str(total) for total in sums] for table, sums in facts.sums.items()},
        "tables": {
            table: {
                "rows": facts.rows[table],
                "sha256": list(facts.sha256[table]),
                "extra_columns": facts.extra_columns[table],
            }
            for table in facts.rows
        },
    }
    with path.open("w", encoding="utf-8") as file:
        json.dump(document, file, indent=1)
        file.flush()
        os.fsync(file.fileno())


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
