"""A folder delivery: `manifest.json` and one CSV or Parquet file, or several part files, a table.

Everything that can be known without reading a row is checked here: the manifest, that each file is there whole (rows are
counted at landing), its hash, and its column names. Columns are matched by name, never by position.
"""

import csv
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from flows.errors import ContractError, DeliveryError, StageError
from flows.extract.contract import Column, Contract, Table
from flows.extract.manifest import ASK_AGAIN, LET_READ, STAGE, Entry, Manifest, read_manifest
from flows.extract.scan import Part, no_rows, parquet_rows, scan_part
from flows.extract.source import DeliveryFacts
from flows.warehouse import connect, literal


@dataclass(frozen=True)
class FolderDelivery:
    """A checked folder delivery."""

    facts: DeliveryFacts
    contract: Contract
    parts: dict[str, tuple[Part, ...]]

    def scan(self, table: str) -> str:
        """A SQL query over all parts of a table: every contract column as text, by name."""
        columns = self.contract.tables[table].columns
        return " union all ".join(scan_part(part, columns) for part in self.parts[table]) or no_rows(columns)

    def numbered(self, table: str) -> str:
        """The query of `scan` with "#file", a file's name under the folder, and "#row", its data rows counted from 1."""
        columns = self.contract.tables[table].columns
        return " union all ".join(_number_part(part, table, columns) for part in self.parts[table])

    @property
    def size_bytes(self) -> int:
        """The bytes of its files."""
        return sum(part.fingerprint[0] for parts in self.parts.values() for part in parts)

    def gone(self, table: str) -> None:
        """None: a key that is absent from a full delivery is seen by its absence."""

    def sums(self) -> None:
        """None: files are hashed as they are."""

    @contextmanager
    def reading(self, spill: Path | None) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection that reads the files."""
        with connect(temp_directory=spill) as connection:
            yield connection

    def unreadable(self, error: duckdb.Error, table: str) -> StageError:
        """What to say of a file that cannot be read; the error would quote the line."""
        return DeliveryError(
            "a file cannot be read as strict UTF-8 CSV or Parquet",
            stage="landing",
            table=table,
            next_step=ASK_AGAIN,
        )

    def close(self) -> None:
        """Nothing is held open."""

    def recheck(self) -> None:
        """Raise DeliveryError where a file changed since it was hashed."""
        for table, parts in self.parts.items():
            if any(_fingerprint(part.path) != part.fingerprint for part in parts):
                raise DeliveryError(
                    "a file changed while it was read",
                    stage=STAGE,
                    table=table,
                    next_step="wait until the delivery is complete, then run again",
                )


def open_folder(folder: Path, contract: Contract) -> FolderDelivery:
    """The delivery in `folder`, checked against its manifest and the contract.

    Raises DeliveryError (missing or partial) or ContractError (a table or a column is missing), naming table and rule.
    """
    manifest = read_manifest(folder, contract)
    parts = {table: checked_parts(folder, table, entry) for table, entry in manifest.tables.items()}
    extra = {
        table: check_columns(contract.tables[table], [set(part.types) for part in found])
        for table, found in parts.items()
    }
    return FolderDelivery(_facts(manifest, extra, folder), contract, parts)


def _facts(manifest: Manifest, extra: dict[str, int], folder: Path) -> DeliveryFacts:
    return DeliveryFacts(
        extract_id=manifest.extract_id,
        extracted_at=manifest.extracted_at,
        mode=manifest.mode,
        since=manifest.since,
        rows={table: sum(entry.rows) for table, entry in manifest.tables.items()},
        sha256={table: entry.sha256 for table, entry in manifest.tables.items()},
        extra_columns=extra,
        origin=str(folder.resolve()),
        extra_tables=manifest.extra_tables,
    )


def read_part(path: Path, table: str) -> tuple[Part, str]:
    """One file of a table and its SHA-256, where no manifest says what that should be."""
    fingerprint = _fingerprint(path)
    digest = _sha256(path, table)
    return _part(path, table, fingerprint), digest


def checked_parts(folder: Path, table: str, entry: Entry) -> tuple[Part, ...]:
    """The files of a table as its manifest entry says. DeliveryError where one is missing or its hash is another."""
    found = []
    for name, expected in zip(entry.files, entry.sha256, strict=True):
        path = folder / name
        if not path.is_file() or not path.resolve().is_relative_to(folder.resolve()):
            raise DeliveryError(
                "a file that the manifest names is not in the folder", stage=STAGE, table=table, next_step=ASK_AGAIN
            )
        fingerprint = _fingerprint(path)
        if _sha256(path, table) != expected.lower():
            raise DeliveryError("a file's SHA-256 is not the manifest's", stage=STAGE, table=table, next_step=ASK_AGAIN)
        found.append(_part(path, table, fingerprint))
    return tuple(found)


def _fingerprint(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except OSError:
        return (-1, -1)
    return (status.st_size, status.st_mtime_ns)


def _sha256(path: Path, table: str) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        raise DeliveryError("a file cannot be opened", stage=STAGE, table=table, next_step=LET_READ) from None


def _part(path: Path, table: str, fingerprint: tuple[int, int]) -> Part:
    if path.suffix == ".parquet":
        return Part(path, _parquet_types(path, table), fingerprint)
    header = _header(path, table)
    named = [name for name in header if name]
    if len(set(named)) != len(named):
        raise ContractError("a column name stands twice", stage=STAGE, table=table, next_step=ASK_AGAIN)
    return Part(path, dict.fromkeys(header, "VARCHAR"), fingerprint, tuple(header))


def _parquet_types(path: Path, table: str) -> dict[str, str]:
    try:
        rows = duckdb.sql(f"describe select * from {parquet_rows(path)}").fetchall()
    except duckdb.Error:
        raise DeliveryError("a Parquet file cannot be read", stage=STAGE, table=table, next_step=ASK_AGAIN) from None
    return {str(name): str(kind) for name, kind, *_ in rows}


def _header(path: Path, table: str) -> list[str]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            names = next(csv.reader(file, strict=True), [])
    except (UnicodeDecodeError, csv.Error):
        names = ["\ufeff"]
    if any(name.startswith("\ufeff") or "\0" in name for name in names):
        raise DeliveryError(
            "a file is not UTF-8 text without a byte-order mark",
            stage=STAGE,
            table=table,
            next_step="ask for the delivery as UTF-8 CSV, or as Parquet",
        )
    return names


def check_columns(table: Table, parts: list[set[str]]) -> int:
    """How many columns the contract does not know; ContractError where one that it requires is missing from a part."""
    known = {column.name for column in table.columns}
    required = {column.name for column in table.columns if not column.optional}
    for names in parts:
        missing = sorted(required - names)
        if missing:
            raise ContractError(
                f"required columns are missing: {', '.join(missing)}",
                stage=STAGE,
                table=table.name,
                count=len(missing),
                next_step="map or add the columns at the source; nothing of the delivery was loaded",
            )
    return len(set().union(*parts) - known)


def _number_part(part: Part, table: str, columns: tuple[Column, ...]) -> str:
    # A window without an order counts the rows as they come, and makes the engine read a file from its head.
    name = f"{table}/{part.path.name}" if part.path.parent.name == table else part.path.name
    return f'select *, {literal(name)} as "#file", row_number() over () as "#row" from ({scan_part(part, columns)})'
