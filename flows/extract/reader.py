"""Looks at the tables of a PostgreSQL database in its transaction: what is there, and how it differs from what has landed."""

from dataclasses import dataclass
from datetime import datetime

import duckdb

from flows.extract import postgres
from flows.extract.contract import Contract, Table
from flows.extract.keyscan import Difference, Seen, compare, scan_keys, stamp
from flows.extract.narrow import Narrowing
from flows.extract.resume import Base
from flows.extract.sums import Server, Totals
from flows.extract.url import DatabaseUrl
from flows.warehouse import literal

STAMPED = "TIMESTAMP WITH TIME ZONE"


@dataclass(frozen=True)
class Look:
    """What was seen of one table: `totals` where its sums are known, whether its window was read already, how it differs."""

    seen: Seen
    difference: Difference
    totals: Totals | None = None
    is_read: bool = False


@dataclass(frozen=True)
class Reader:
    """Looks at the tables; `unique` are those whose key the server keeps unique, `texts` the query of each contract table with every
    column as text, `seed` that of the server's hashes."""

    connection: duckdb.DuckDBPyConnection
    url: DatabaseUrl
    contract: Contract
    types: dict[str, dict[str, str]]
    unique: set[str]
    texts: dict[str, str]
    size_bytes: int
    seed: int

    @property
    def origin(self) -> str:
        """Where the tables are, without a user."""
        return self.url.origin

    def moment(self) -> datetime:
        """When the transaction began, by the server's clock."""
        query = "select transaction_timestamp() as now"
        moment: datetime = self.connection.execute(
            f"select now from postgres_query({literal(postgres.NAME)}, {literal(query)})"
        ).fetchall()[0][0]
        return moment

    def look(self, table: Table, base: Base | str, since: datetime | None) -> Look:
        """What is there of a table and how it differs from what has landed: by sums where the server can make them, else by its keys.

        Where nothing has landed, the sums are made for the next reading.
        """
        can_sum = table.name in self.unique and self.types[table.name]["modified_at"] == STAMPED
        server = Server(self.connection, self.url, self.seed)
        if isinstance(base, Base) and since:
            now = server.totals(table) if can_sum else None
            narrowing = Narrowing(server, self.contract, base, since)
            found = narrowing.found(table, now, self.types[table.name]) if now else None
            if found:
                return Look(*found, totals=now, is_read=True)
            seen = self._scan(table, since)
            return Look(seen, compare(self.connection, self.contract, table, base, since))
        seen = self._scan(table, None)
        totals = server.first(table) if can_sum and not seen.without_stamp else None
        return Look(seen, Difference(0, 0, 0, 0), totals=totals)

    def _scan(self, table: Table, since: datetime | None) -> Seen:
        return scan_keys(self.connection, table, self.texts[table.name], since, is_unique=table.name in self.unique)

    def scan(self, table: Table, look: Look, since: datetime | None) -> str:
        """A SQL query of the rows to read. A plain comparison is left to the server (one with `or` would not be); a stamp of another type
        is cast here, as in the key scan."""
        text = self.texts[table.name]
        if since is None:
            return text
        if look.is_read:
            return f'select * exclude ("#key", "#stamp") from "window_{table.name}"'
        is_plain = self.types.get(table.name, {}).get("modified_at") == STAMPED
        column = "modified_at" if is_plain else "try_cast(modified_at as timestamptz)"
        rows = f"{text} where {column} > {stamp(since)}"
        return f"{rows} union all {text} where {column} is null" if look.seen.without_stamp else rows
