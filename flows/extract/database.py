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

import duckdb

from flows.errors import ContractError, DeliveryError, OlderDeliveryError, StageError
from flows.extract import postgres
from flows.extract.contract import Contract, Table
from flows.extract.folder import as_text, check_columns, quoted
from flows.extract.keyscan import Difference, Seen, compare, count_rows, scan_keys, stamp
from flows.extract.pseudonymise import Key, install
from flows.extract.resume import Base
from flows.extract.source import DeliveryFacts
from flows.extract.url import STAGE, DatabaseUrl
from flows.warehouse import connect

OVERLAP = timedelta(hours=1)


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


def open_database(
    url: DatabaseUrl, contract: Contract, key: Key, base: Base | str, access: Access, *, overlap: timedelta = OVERLAP
) -> DatabaseDelivery:
    """Begin to read the database: incremental on `base`, or everything for the reason that stands in its place.

    Raises DeliveryError (not reachable, refused, two rows with one key), ContractError (schema, table or column missing) or
    OlderDeliveryError (stamps went back); nothing was loaded then.
    """
    connection = connect(temp_directory=access.spill, memory_limit=access.memory_limit)
    try:
        postgres.attach(connection, url, password=access.password)
        postgres.begin(connection)
        install(connection, key)
        return _begun(connection, url, contract, base, overlap)
    except duckdb.Error as error:
        postgres.close(connection)
        raise postgres.explained(error, stage=STAGE) from None
    except StageError:
        postgres.close(connection)
        raise


def _begun(
    connection: duckdb.DuckDBPyConnection, url: DatabaseUrl, contract: Contract, base: Base | str, overlap: timedelta
) -> DatabaseDelivery:
    types, size = _catalogue(connection, url, contract)
    extra = {name: check_columns(table, [set(types[name])]) for name, table in contract.tables.items()}
    unique = postgres.tables_with_unique_key(connection, url, contract)
    texts = {name: _text_of(url, table, types[name]) for name, table in contract.tables.items()}
    since = base.since(overlap) if isinstance(base, Base) else None
    seen = {
        name: scan_keys(connection, table, texts[name], since, is_unique=name in unique)
        for name, table in contract.tables.items()
    }
    _refuse_empty(contract, seen)
    if not isinstance(base, Base) or since is None:
        return _delivery(connection, url, seen, extra, texts, size, None, remark=str(base))
    found = {name: compare(connection, contract, table, base, since) for name, table in contract.tables.items()}
    _refuse_going_back(found)
    missed = sum(one.missed for one in found.values())
    if missed:
        everything = {name: count_rows(connection, table, None) for name, table in contract.tables.items()}
        remark = f"{missed:,} rows changed without a new modified_at, so everything was read"
        return _delivery(connection, url, everything, extra, texts, size, None, remark=remark)
    changed = {name: _window(text, since, types[name]["modified_at"], seen[name]) for name, text in texts.items()}
    return _delivery(connection, url, seen, extra, changed, size, since, found=found, base=base)


def _catalogue(
    connection: duckdb.DuckDBPyConnection, url: DatabaseUrl, contract: Contract
) -> tuple[dict[str, dict[str, str]], int]:
    """DuckDB's type of each column of each contract table, and the bytes of the tables."""
    schema = quoted(url.schema)
    there = postgres.query(
        connection, f"select has_schema_privilege(oid, 'usage') from pg_namespace where nspname = {schema}"
    )
    if not there or not there[0][0]:
        raise ContractError(
            "the schema is not in the database, or the user may not use it",
            stage=STAGE,
            next_step="name the schema in the URL (?schema=...), or grant usage on it, then run again",
        )
    rows = postgres.query(
        connection,
        "select relname::text, pg_total_relation_size(c.oid), has_table_privilege(c.oid, 'select') from pg_class as c "
        f"join pg_namespace as n on n.oid = c.relnamespace where nspname = {schema} and relkind in ('r', 'p', 'v', 'm', 'f')",
    )
    tables = {str(name): (int(str(size)), bool(readable)) for name, size, readable in rows}
    _refuse_missing(contract, tables)
    size = sum(tables[name][0] for name in contract.tables)
    return {name: _types(connection, url, name) for name in contract.tables}, size


def _refuse_missing(contract: Contract, tables: dict[str, tuple[int, bool]]) -> None:
    missing = sorted(set(contract.tables) - set(tables))
    if missing:
        raise ContractError(
            f"required tables are missing: {', '.join(missing)}",
            stage=STAGE,
            count=len(missing),
            next_step="map or add the tables at the source; nothing of the delivery was loaded",
        )
    closed = sorted(name for name in contract.tables if not tables[name][1])
    if closed:
        raise DeliveryError(
            f"the user may not read these tables: {', '.join(closed)}",
            stage=STAGE,
            count=len(closed),
            next_step="grant select on them to the user of the database, then run again",
        )


def _types(connection: duckdb.DuckDBPyConnection, url: DatabaseUrl, table: str) -> dict[str, str]:
    try:
        rows = connection.execute(f"describe select * {_relation(url, table)}").fetchall()
    except duckdb.Error as error:
        raise postgres.explained(error, stage=STAGE, table=table) from None
    return {str(name): str(kind) for name, kind, *_ in rows}


def _relation(url: DatabaseUrl, table: str) -> str:
    schema = url.schema.replace('"', '""')
    return f'from {postgres.NAME}."{schema}"."{table}"'


def _text_of(url: DatabaseUrl, table: Table, types: dict[str, str]) -> str:
    """Every contract column as text, by name."""
    columns = ", ".join(f'{as_text(column, types.get(column.name))} as "{column.name}"' for column in table.columns)
    return f"select {columns} {_relation(url, table.name)}"


def _window(text: str, since: datetime, kind: str, seen: Seen) -> str:
    """The rows of the window. A plain comparison is left to the server (one with `or` would not be); a stamp of another type is cast
    here, as in the key scan."""
    column = "modified_at" if kind == "TIMESTAMP WITH TIME ZONE" else "try_cast(modified_at as timestamptz)"
    rows = f"{text} where {column} > {stamp(since)}"
    return f"{rows} union all {text} where {column} is null" if seen.without_stamp else rows


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


def _delivery(
    connection: duckdb.DuckDBPyConnection,
    url: DatabaseUrl,
    seen: dict[str, Seen],
    extra: dict[str, int],
    scans: dict[str, str],
    size: int,
    since: datetime | None,
    *,
    found: dict[str, Difference] | None = None,
    base: Base | None = None,
    remark: str = "",
) -> DatabaseDelivery:
    moment = connection.execute(
        f"select now from postgres_query({quoted(postgres.NAME)}, 'select transaction_timestamp() as now')"
    ).fetchall()[0][0]
    # A stamp of the future is no place to go on from: rows would be skipped until then.
    cursor = min(moment, max((one.newest for one in seen.values() if one.newest), default=moment))
    is_same = found is not None and not any(one.gone or one.changed for one in found.values())
    facts = DeliveryFacts(
        extract_id=f"{moment:%Y-%m-%dT%H:%M:%S.%fZ}-{'full' if since is None else 'incremental'}",
        extracted_at=moment,
        mode="full" if since is None else "incremental",
        since=since,
        rows={name: one.window for name, one in seen.items()},
        sha256={name: (one.digest,) for name, one in seen.items()},
        extra_columns=extra,
        origin=url.origin,
        cursor=cursor,
        repeats=str(base.extracts[-1].facts["hash"]) if base and is_same else None,
        remark=remark,
    )
    gone = frozenset(name for name, one in (found or {}).items() if one.gone)
    return DatabaseDelivery(facts, size, connection, scans, gone)
