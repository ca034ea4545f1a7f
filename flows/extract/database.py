"""A live database as a delivery: everything on the first reading, then what changed, and which keys are gone.

All tables are read in one repeatable-read transaction, which also keeps them from being renamed under the reader. A reading is
incremental from the newest change that the live release has seen, less an overlap; a nightly scan of keys and stamps finds what
was deleted.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from flows.errors import DeliveryError, OlderDeliveryError, StageError
from flows.extract import postgres
from flows.extract.catalogue import catalogue, text_of
from flows.extract.contract import Contract, Table
from flows.extract.folder import check_columns, quoted
from flows.extract.keyscan import Difference, Seen, compare, scan_keys, stamp
from flows.extract.mapping.database import mapped_texts
from flows.extract.mapping.spec import Mapping
from flows.extract.pseudonymise import Key, install
from flows.extract.resume import Base
from flows.extract.source import DeliveryFacts
from flows.extract.sums import Totals, explained, totals
from flows.extract.url import STAGE, DatabaseUrl
from flows.warehouse import connect

OVERLAP = timedelta(hours=1)
STAMPED = "TIMESTAMP WITH TIME ZONE"


@dataclass(frozen=True)
class Access:
    """How the database may be read: the password, where not in libpq's own places, and what DuckDB may use."""

    password: str | None = None
    spill: Path | None = None
    memory_limit: str | None = None


@dataclass(frozen=True)
class DatabaseDelivery:
    """A reading of a database that has begun; the rows of its facts are those of the transaction that is open."""

    facts: DeliveryFacts
    size_bytes: int
    connection: duckdb.DuckDBPyConnection
    scans: dict[str, str]
    has_gone: frozenset[str]

    def scan(self, table: str) -> str:
        """A SQL query over the rows to read: every contract column as text, by name."""
        return self.scans[table]

    def gone(self, table: str) -> str | None:
        """A SQL query of the keys that were deleted since the delivery before."""
        return f'select * from "gone_{table}"' if table in self.has_gone else None

    @contextmanager
    def reading(self, spill: Path | None) -> Iterator[duckdb.DuckDBPyConnection]:
        """The connection of the transaction; both end with the block."""
        try:
            yield self.connection
        finally:
            self.close()

    def unreadable(self, error: duckdb.Error, table: str) -> StageError:
        """What to say of a table that could not be read to its end."""
        return postgres.explained(error, stage="landing", table=table)

    def recheck(self) -> None:
        """Raise DeliveryError where the transaction is no longer the one that was begun."""
        try:
            postgres.query(self.connection, "select 1")
        except duckdb.Error as error:
            raise postgres.explained(error, stage="landing") from None

    def close(self) -> None:
        """End the transaction, and let go of the tables."""
        postgres.close(self.connection)


@dataclass(frozen=True)
class Reader:
    """Looks at the tables of one database in its transaction; `unique` are those whose key the server keeps unique, `texts` the query of
    each contract table with every column as text."""

    connection: duckdb.DuckDBPyConnection
    url: DatabaseUrl
    contract: Contract
    types: dict[str, dict[str, str]]
    unique: set[str]
    texts: dict[str, str]
    size_bytes: int

    def totals(self) -> dict[str, Totals]:
        """What the server sums up over each table whose key is unique and whose stamp has a time zone."""
        return {
            name: totals(self.connection, self.url, table)
            for name, table in self.contract.tables.items()
            if name in self.unique and self.types[name]["modified_at"] == STAMPED
        }

    def look(
        self, table: Table, now: Totals | None, base: Base | str, since: datetime | None
    ) -> tuple[Seen, Difference]:
        """What is there of a table and how it differs from what has landed: by sums where they explain it, else by its keys."""
        if isinstance(base, Base) and since and now:
            found = explained(self.connection, self.url, self.contract, table, now, base, since)
            if found:
                return found
        seen = scan_keys(self.connection, table, self.texts[table.name], since, is_unique=table.name in self.unique)
        if isinstance(base, Base) and since:
            return seen, compare(self.connection, self.contract, table, base, since)
        return seen, Difference(0, 0, 0, 0)

    def scan(self, table: Table, seen: Seen, since: datetime | None) -> str:
        """A SQL query of the rows to read. A plain comparison is left to the server (one with `or` would not be); a stamp of another type
        is cast here, as in the key scan."""
        text = self.texts[table.name]
        if since is None:
            return text
        is_plain = self.types.get(table.name, {}).get("modified_at") == STAMPED
        column = "modified_at" if is_plain else "try_cast(modified_at as timestamptz)"
        rows = f"{text} where {column} > {stamp(since)}"
        return f"{rows} union all {text} where {column} is null" if seen.without_stamp else rows


def open_database(
    url: DatabaseUrl, contract: Contract, key: Key, base: Base | str, access: Access, *, overlap: timedelta = OVERLAP,
    mapping: Mapping | None = None,
) -> DatabaseDelivery:  # fmt: skip
    """Begin to read the database: incremental on `base`, or everything for the reason that stands in its place.

    With a `mapping` its tables have names of their own: each contract table is a query over them, and the server sums up nothing.
    Raises DeliveryError (not reachable, refused, two rows with one key), ContractError (schema, table or column missing) or
    OlderDeliveryError (stamps went back); nothing was loaded then.
    """
    connection = connect(temp_directory=access.spill, memory_limit=access.memory_limit)
    try:
        postgres.attach(connection, url, password=access.password)
        postgres.begin(connection)
        install(connection, key)
        reader, extra = _reader(connection, url, contract, mapping)
        return _begun(reader, extra, base, overlap, mapping)
    except duckdb.Error as error:
        postgres.close(connection)
        raise postgres.explained(error, stage=STAGE) from None
    except StageError:
        postgres.close(connection)
        raise


def _reader(
    connection: duckdb.DuckDBPyConnection, url: DatabaseUrl, contract: Contract, mapping: Mapping | None
) -> tuple[Reader, dict[str, int]]:
    """The reader of the tables, and how many columns of each contract table are not known."""
    if mapping:
        types, size = catalogue(connection, url, mapping.source_contract(contract))
        texts = mapped_texts(connection, url, types, mapping, contract)
        return Reader(connection, url, contract, types, set(), texts, size), dict.fromkeys(contract.tables, 0)
    types, size = catalogue(connection, url, contract)
    extra = {name: check_columns(table, [set(types[name])]) for name, table in contract.tables.items()}
    texts = {name: text_of(url, table, types[name]) for name, table in contract.tables.items()}
    unique = postgres.tables_with_unique_key(connection, url, contract)
    return Reader(connection, url, contract, types, unique, texts, size), extra


def _begun(
    reader: Reader, extra: dict[str, int], base: Base | str, overlap: timedelta, mapping: Mapping | None
) -> DatabaseDelivery:
    connection, contract = reader.connection, reader.contract
    since = base.since(overlap) if isinstance(base, Base) else None
    totals = reader.totals()
    looked = {name: reader.look(table, totals.get(name), base, since) for name, table in contract.tables.items()}
    missed = sum(found.missed for _, found in looked.values())
    remark = "" if isinstance(base, Base) else base
    absent = {name for name, mapped in mapping.tables.items() if not mapped.blocks} if mapping else set()
    _refuse_empty(contract, {name: seen for name, (seen, _) in looked.items() if name not in absent})
    _refuse_going_back({name: found for name, (_, found) in looked.items()})
    if missed:
        since, remark = None, f"{missed:,} rows changed without a new modified_at, so everything was read"
        looked = {name: reader.look(table, None, remark, None) for name, table in contract.tables.items()}
    is_same = since is not None and not any(found.gone or found.changed for _, found in looked.values())
    facts = DeliveryFacts(
        **_moments(connection, looked, since),
        mode="full" if since is None else "incremental",
        since=since,
        rows={name: seen.window for name, (seen, _) in looked.items()},
        sha256={name: (seen.digest,) for name, (seen, _) in looked.items()},
        extra_columns=extra,
        origin=reader.url.origin,
        repeats=str(base.extracts[-1].facts["hash"]) if is_same and isinstance(base, Base) else None,
        remark=remark,
        sums={name: one.sums for name, one in totals.items()},
        mapping=mapping.hash if mapping else "",
    )
    scans = {name: reader.scan(table, looked[name][0], since) for name, table in contract.tables.items()}
    return DatabaseDelivery(
        facts, reader.size_bytes, connection, scans, frozenset(n for n, (_, found) in looked.items() if found.gone)
    )


def _refuse_empty(contract: Contract, seen: dict[str, Seen]) -> None:
    for name, one in seen.items():
        if one.rows == 0 and not contract.tables[name].may_be_empty:
            raise DeliveryError(
                "a table that cannot be empty has no rows",
                stage=STAGE,
                table=name,
                next_step="check the schema in the URL, and that JDS has filled the table",
            )


def _refuse_going_back(found: dict[str, Difference]) -> None:
    back = {name: one.back for name, one in found.items() if one.back}
    if back:
        raise OlderDeliveryError(
            "the clock of the database went back: rows have an older modified_at than the last release has seen",
            stage=STAGE,
            table=", ".join(sorted(back)),
            count=sum(back.values()),
            next_step="find out whether an older copy was put in place; if that was meant, run aftercare nightly with --full",
        )


def _moments(
    connection: duckdb.DuckDBPyConnection, looked: dict[str, tuple[Seen, Difference]], since: datetime | None
) -> dict[str, Any]:
    """When the transaction began, the id that follows from it, and the cursor: never later than the server's clock, since rows up to a
    stamp of the future would be skipped."""
    moment = connection.execute(
        f"select now from postgres_query({quoted(postgres.NAME)}, 'select transaction_timestamp() as now')"
    ).fetchall()[0][0]
    newest = max((seen.newest for seen, _ in looked.values() if seen.newest), default=moment)
    kind = "full" if since is None else "incremental"
    return {
        "extract_id": f"{moment:%Y-%m-%dT%H:%M:%S.%fZ}-{kind}",
        "extracted_at": moment,
        "cursor": min(moment, newest),
    }
