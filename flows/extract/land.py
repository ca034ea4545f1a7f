"""Landing: a delivery becomes one folder of typed, pseudonymised Parquet files, committed by a rename.

Nothing identifying is ever written: 🔒 columns are not selected, 🔑 columns are hashed inside the engine that reads them, a code that the
contract does not know becomes `#` and a keyed hash, and nothing can be spilled in clear; with AFTERCARE_ENCRYPTION on
the files are encrypted too. A cell whose text is not of its type lands
as null, and its column's name in `unreadable`.
"""

import errno
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
from flows.extract.contract import Contract, Table
from flows.extract.landing_query import landing_query, repeated_keys
from flows.extract.pseudonymise import Key, install
from flows.extract.source import Delivery
from flows.warehouse import write_parquet

STAGE = "landing"
# Raise it when raw files change their form: deliveries landed before are then landed again.
LANDING_VERSION = 1
# What only writing meets: no fault of the delivery.
NOT_WRITTEN = (errno.ENOSPC, errno.EROFS, errno.EDQUOT, errno.EFBIG)
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
    sift: Callable[[Path], None] = lambda _: None,
) -> Extract:
    """Write the delivery under `raw` and return it as an extract, landed for the night of a date (without one the day of the delivery).

    `sift` is given the folder before it counts as landed, and may take rows out of its files: those of people who were erased.

    Raises DeliveryError where rows cannot be read or are not as many as the manifest says, HomeError where there is no space.
    """
    sequence = max((extract.sequence for extract in extracts(raw)), default=0) + 1
    folder = raw / f"{sequence:06d}-{delivery.facts.hash[:8]}"
    building = raw / f".landing-{folder.name}"
    try:
        raw.mkdir(parents=True, exist_ok=True)
        for leftover in raw.glob(".landing-*"):
            shutil.rmtree(leftover)
        building.mkdir()
        _write_tables(building, delivery, contract, key, sequence, progress)
        sift(building)
        _write_facts(building / "extract.json", delivery, contract, key, sequence, landed_for)
        os.replace(building, folder)
        _sync(raw)
    except (OSError, duckdb.IOException) as error:
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
        _write_sums(connection, building, delivery)
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
    except duckdb.Error as error:
        raise _unreadable(error, delivery, table.name) from None
    count = _copy(connection, landing_query(scan, table, contract, str(sequence)), target, delivery, table.name)
    expected = delivery.facts.rows[table.name]
    if count != expected:
        raise DeliveryError(
            f"the rows read are not as many as the manifest says (read {count:,}, wanted {expected:,})",
            stage=STAGE,
            table=table.name,
            count=abs(count - expected),
            next_step="ask for the delivery again; nothing of it was loaded",
        )


def _copy(connection: duckdb.DuckDBPyConnection, query: str, target: Path, delivery: Delivery, table: str) -> int:
    """How many rows of a query were written into a synced Parquet file."""
    try:
        count = write_parquet(connection, query, target)
    except duckdb.Error as error:
        raise _unreadable(error, delivery, table) from None
    _sync(target)
    return count


def _write_gone(connection: duckdb.DuckDBPyConnection, building: Path, delivery: Delivery, table: Table) -> None:
    """The keys that were deleted at the source, where the delivery knows of any."""
    gone = delivery.gone(table.name)
    if gone is not None:
        _copy(connection, gone, building / f"{table.name}.gone.parquet", delivery, table.name)


def _write_sums(connection: duckdb.DuckDBPyConnection, building: Path, delivery: Delivery) -> None:
    """What the delivery adds to the sums of the source, where it knows them."""
    sums = delivery.sums()
    if sums:
        _copy(connection, sums, building / "sums.parquet", delivery, "sums")


def _unreadable(error: duckdb.Error, delivery: Delivery, table: str) -> Exception:
    """The error without its text, which would quote the line that could not be read."""
    if isinstance(error, duckdb.IOException) and any(os.strerror(code) in str(error) for code in NOT_WRITTEN):
        return HomeError(
            "no space is left for raw files, or they may not be written",
            stage=STAGE,
            table=table,
            next_step="free space or mend the permissions of the home, then run again",
        )
    if isinstance(error, duckdb.OutOfMemoryException):
        return HomeError(
            "the memory limit was reached",
            stage=STAGE,
            table=table,
            next_step="raise AFTERCARE_MEMORY_LIMIT, then run again",
        )
    return delivery.unreadable(error, table)


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
        "extra_tables": facts.extra_tables,
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
