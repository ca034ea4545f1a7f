"""A reading of a database that has begun: what it brings, what is gone, and what it says of itself; the same for every kind of server."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import duckdb

from flows.errors import DeliveryError, OlderDeliveryError, StageError
from flows.extract import postgres
from flows.extract.contract import Contract, Table
from flows.extract.keyscan import Difference
from flows.extract.mapping.spec import Mapping
from flows.extract.reader import Look
from flows.extract.resume import Base
from flows.extract.source import DeliveryFacts
from flows.extract.url import STAGE
from flows.warehouse import literal


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

    def sums(self) -> str | None:
        """A SQL query of what this reading adds to the sums of each table's bins."""
        each = [f'select {literal(table)} as table_name, * from "sums_{table}"' for table in self.facts.sums]
        return " union all by name ".join(each) or None

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


class Looking(Protocol):
    """What looks at the tables of one kind of database."""

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """Where what was seen stands in temporary tables."""
        ...

    @property
    def contract(self) -> Contract:
        """The tables to look at."""
        ...

    @property
    def origin(self) -> str:
        """Where the tables are, without a user."""
        ...

    @property
    def size_bytes(self) -> int:
        """About how many bytes they have."""
        ...

    def moment(self) -> datetime:
        """The server's clock in the transaction."""
        ...

    def look(self, table: Table, base: Base | str, since: datetime | None) -> Look:
        """What is there of a table and how it differs from what has landed."""
        ...

    def scan(self, table: Table, look: Look, since: datetime | None) -> str:
        """A SQL query of the rows to read."""
        ...


def begun(
    reader: Looking,
    extra: dict[str, int],
    base: Base | str,
    overlap: timedelta,
    mapping: Mapping | None,
    kind: type[DatabaseDelivery] = DatabaseDelivery,
) -> DatabaseDelivery:
    """Look at every table and say what the delivery is: what is read of each, what is gone, and where the next reading goes on.

    Raises DeliveryError where a table that cannot be empty is, OlderDeliveryError where stamps went back.
    """
    connection, contract = reader.connection, reader.contract
    since = base.since(overlap) if isinstance(base, Base) else None
    looked = {name: reader.look(table, base, since) for name, table in contract.tables.items()}
    missed = sum(one.difference.missed for one in looked.values())
    remark = "" if isinstance(base, Base) else base
    absent = {name for name, mapped in mapping.tables.items() if not mapped.blocks} if mapping else set()
    _refuse_empty(contract, {name: one for name, one in looked.items() if name not in absent})
    _refuse_going_back({name: one.difference for name, one in looked.items()})
    if missed:
        since, remark = None, f"{missed:,} rows changed without a new modified_at, so everything was read"
        looked = {name: reader.look(table, remark, None) for name, table in contract.tables.items()}
    is_same = since is not None and not any(one.difference.gone or one.difference.changed for one in looked.values())
    facts = DeliveryFacts(
        **_moments(reader, looked, base if since else None),
        mode="full" if since is None else "incremental",
        since=since,
        rows={name: one.seen.window for name, one in looked.items()},
        sha256={name: (one.seen.digest,) for name, one in looked.items()},
        extra_columns=extra,
        origin=reader.origin,
        repeats=str(base.extracts[-1].facts["hash"]) if is_same and isinstance(base, Base) else None,
        remark=remark,
        sums={name: one.totals.kept() for name, one in looked.items() if one.totals},
        mapping=mapping.hash if mapping else "",
    )
    scans = {name: reader.scan(table, looked[name], since) for name, table in contract.tables.items()}
    gone = frozenset(name for name, one in looked.items() if one.difference.gone)
    return kind(facts, reader.size_bytes, connection, scans, gone)


def _refuse_empty(contract: Contract, looked: dict[str, Look]) -> None:
    for name, one in looked.items():
        if one.seen.rows == 0 and not contract.tables[name].may_be_empty:
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


def _moments(reader: Looking, looked: dict[str, Look], base: Base | str | None) -> dict[str, Any]:
    """When the transaction began, the id that follows from it, and the cursor: never later than the server's clock, since rows up to a
    stamp of the future would be skipped; where no stamp was seen, it stays with `base`."""
    moment = reader.moment()
    first = base.cursor if isinstance(base, Base) else moment
    newest = max((one.seen.newest for one in looked.values() if one.seen.newest), default=first)
    kind = "incremental" if isinstance(base, Base) else "full"
    return {
        "extract_id": f"{moment:%Y-%m-%dT%H:%M:%S.%fZ}-{kind}",
        "extracted_at": moment,
        "cursor": min(moment, newest),
    }
