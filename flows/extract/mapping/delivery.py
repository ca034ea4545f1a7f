"""A folder of a source's own files as a delivery of the contract: each contract table is one query over them."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from flows.errors import DeliveryError, StageError
from flows.extract.contract import Column, Contract
from flows.extract.folder import FolderDelivery, checked_parts, read_part
from flows.extract.manifest import ASK_AGAIN, read_manifest
from flows.extract.mapping.bind import Bound, bind, readers_of
from flows.extract.mapping.document import STAGE
from flows.extract.mapping.query import Source
from flows.extract.mapping.spec import Mapping
from flows.extract.scan import Part, scan_part
from flows.extract.source import DeliveryFacts
from flows.warehouse import connect, literal

SUFFIXES = ("csv", "parquet")


@dataclass(frozen=True)
class MappedDelivery:
    """A folder delivery in the contract's words; `files` are the source's own."""

    facts: DeliveryFacts
    files: FolderDelivery
    bound: Bound

    def scan(self, table: str) -> str:
        """A SQL query of a contract table: every contract column as text, by name."""
        return self.bound.queries[table]

    def numbered(self, table: str) -> str:
        """The same query with `#file`, the name of the source file, and `#row`, the data row in it from 1."""
        return self.bound.numbered[table]

    def gone(self, table: str) -> None:
        """None: a key that is absent from a full delivery is seen by its absence."""

    def sums(self) -> None:
        """None: files are hashed as they are."""

    @property
    def size_bytes(self) -> int:
        """The bytes of its files."""
        return self.files.size_bytes

    def reading(self, spill: Path | None) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
        """A connection that reads the files."""
        return self.files.reading(spill)

    def unreadable(self, error: duckdb.Error, table: str) -> StageError:
        """What to say of a table that cannot be read; the error would quote the line."""
        return self.files.unreadable(error, table)

    def recheck(self) -> None:
        """Raise DeliveryError where a file changed since it was hashed."""
        self.files.recheck()

    def close(self) -> None:
        """Nothing is held open."""


def open_mapped(folder: Path, mapping: Mapping, contract: Contract) -> MappedDelivery:
    """The delivery in a folder, in the words of the contract.

    Raises DeliveryError (missing or partial) or ContractError (mapping and source do not agree), naming tables, rules and lines.
    """
    if not folder.is_dir():
        raise DeliveryError(
            "the delivery folder does not exist", stage=STAGE, next_step="check --source, or wait for the delivery"
        )
    stated, parts, hashes = _files(folder, mapping, contract)
    with connect() as connection:
        bound = bind(mapping, contract, _source(parts), connection)
        try:
            facts = stated or _stated(connection, bound, folder)
            rows = _counted(connection, bound, contract)
        except duckdb.Error:
            raise DeliveryError(
                "a file cannot be read as strict UTF-8 CSV or Parquet", stage=STAGE, next_step=ASK_AGAIN
            ) from None
    for name, count in rows.items():
        if (
            count == 0
            and mapping.tables[name].blocks
            and not contract.tables[name].may_be_empty
            and facts.mode == "full"
        ):
            raise DeliveryError(
                "a table that cannot be empty has no rows", stage=STAGE, table=name, next_step=ASK_AGAIN
            )
    made_from = readers_of(mapping)
    mapped = DeliveryFacts(
        extract_id=facts.extract_id,
        extracted_at=facts.extracted_at,
        mode=facts.mode,
        since=facts.since,
        rows=rows,
        sha256={name: tuple(one for table in made_from[name] for one in hashes[table]) for name in rows},
        extra_columns=dict.fromkeys(rows, 0),
        origin=str(folder.resolve()),
        mapping=mapping.hash,
    )
    return MappedDelivery(mapped, FolderDelivery(mapped, contract, parts), bound)


def _files(
    folder: Path, mapping: Mapping, contract: Contract
) -> tuple[DeliveryFacts | None, dict[str, tuple[Part, ...]], dict[str, tuple[str, ...]]]:
    """What the manifest says of the delivery (None without one), the files of each source table and their hashes."""
    if mapping.delivery is None:
        manifest = read_manifest(folder, mapping.source_contract(contract))
        parts = {table: checked_parts(folder, table, entry) for table, entry in manifest.tables.items()}
        facts = DeliveryFacts(manifest.extract_id, manifest.extracted_at, manifest.mode, manifest.since, {}, {}, {})
        return facts, parts, {table: entry.sha256 for table, entry in manifest.tables.items()}
    found = {table: [read_part(path, table) for path in _named(folder, table)] for table in mapping.source_tables}
    there = {table: read for table, read in found.items() if read}
    parts = {table: tuple(part for part, _ in read) for table, read in there.items()}
    return None, parts, {table: tuple(digest for _, digest in read) for table, read in there.items()}


def _named(folder: Path, table: str) -> list[Path]:
    """The files of a source table: one of its name, or those in a folder of its name."""
    whole = [folder / f"{table}.{suffix}" for suffix in SUFFIXES]
    parts = sorted(path for suffix in SUFFIXES for path in (folder / table).glob(f"*.{suffix}"))
    found = [path for path in whole if path.is_file()] + parts
    if len(found) > 1 and len(parts) != len(found):
        raise DeliveryError(
            "a source table stands twice in the folder", stage=STAGE, table=table, next_step="leave one of them"
        )
    return found


def _source(parts: dict[str, tuple[Part, ...]]) -> Source:
    columns = {
        table: tuple(name for name in files[0].types if all(name in part.types for part in files))
        for table, files in parts.items()
    }

    def scan(table: str, names: list[str], numbered: bool) -> str:
        wanted = tuple(Column(name, "text", "", "none") for name in names or columns[table][:1])
        return " union all ".join(_scan(part, wanted, numbered) for part in parts[table])

    return Source(columns, scan)


def _scan(part: Part, wanted: tuple[Column, ...], numbered: bool) -> str:
    rows = scan_part(part, wanted)
    if not numbered:
        return rows
    return f'select *, {literal(part.path.name)} as "#file", row_number() over () as "#row" from ({rows})'


def _stated(connection: duckdb.DuckDBPyConnection, bound: Bound, folder: Path) -> DeliveryFacts:
    """What the source itself says of the delivery; DeliveryError where it does not say one thing."""
    rows = connection.execute(bound.delivery or "").fetchmany(2)
    try:
        [(extract_id, text)] = rows
        moment = datetime.fromisoformat(text)
    except (ValueError, TypeError):
        raise DeliveryError(
            "the source does not say in one row which extract this is and when it was made",
            stage=STAGE,
            table="delivery",
            count=len(rows),
            next_step=ASK_AGAIN,
        ) from None
    if not extract_id:
        raise DeliveryError("the extract has no id", stage=STAGE, table="delivery", next_step=ASK_AGAIN)
    at = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    return DeliveryFacts(str(extract_id), at, "full", None, {}, {}, {}, origin=str(folder))


def _counted(connection: duckdb.DuckDBPyConnection, bound: Bound, contract: Contract) -> dict[str, int]:
    """The rows of every contract table."""
    return {
        table: int(connection.execute(f"select count(*) from ({bound.queries[table]})").fetchall()[0][0])
        for table in contract.tables
    }
