"""Sums that the server makes over all keys and stamps of a table: they say, without moving a key, whether all is explained.

Rows, the sum of a hash of the keys and the sum of a hash of the stamps add up, over a whole table and over each bin of it (the rows
whose stamps lie in the same six hours). The hashes are 64 bits wide and seeded by the pseudonym key, so that what is kept of them
says nothing to a reader without it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import duckdb

from flows.extract import postgres
from flows.extract.contract import Table
from flows.extract.keyscan import stamp
from flows.extract.land import Extract
from flows.extract.pseudonymise import Key
from flows.extract.scan import as_text
from flows.extract.url import DatabaseUrl
from flows.warehouse import literal, parquet

# Raise it when sums are made in another way: those that were kept are then not compared.
FORM = 2
BIN = "interval '6 hours'"
ORIGIN = "timestamptz '2000-01-01 00:00:00+00'"
# Stamps that one query sends to be hashed.
AT_ONCE = 50_000
Sums = tuple[int, int, int]


@dataclass(frozen=True)
class Totals:
    """Rows, sum of hashed keys and sum of hashed stamps of one table; the rows without a stamp."""

    sums: Sums
    without_stamp: int

    def kept(self) -> tuple[int, ...]:
        """What is kept with a delivery."""
        return (FORM, *self.sums)


@dataclass(frozen=True)
class Server:
    """Asks the server for sums and windows inside the transaction; `seed` makes its hashes this home's own."""

    connection: duckdb.DuckDBPyConnection
    url: DatabaseUrl
    seed: int

    def totals(self, table: Table) -> Totals:
        """What the server counts and sums over a whole table."""
        rows, keys, stamps, without = postgres.query(
            self.connection,
            f"select count(*) as n, coalesce(sum({self._key(table)}), 0)::text as keys, coalesce(sum({self._stamp()}), 0)::text "
            f"as stamps, count(*) - count(modified_at) as without_stamp from {self._relation(table)}",
        )[0]
        return Totals((int(str(rows)), int(str(keys)), int(str(stamps))), int(str(without)))

    def first(self, table: Table) -> Totals:
        """The totals of a table of which nothing has landed; `sums_<table>` is then all its bins."""
        self.bins(table)
        self.connection.execute(f'create or replace temp table "sums_{table.name}" as from "bins_{table.name}"')
        rows, keys, stamps = self.connection.execute(
            f'select coalesce(sum(n_rows), 0), coalesce(sum(keys), 0), coalesce(sum(stamps), 0) from "bins_{table.name}"'
        ).fetchall()[0]
        return Totals((int(rows), int(keys), int(stamps)), 0)

    def bins(self, table: Table) -> None:
        """Make `bins_<table>` (bin, n_rows, keys, stamps): the same sums for each bin."""
        query = (
            f"select {_bin()} as bin, count(*) as n_rows, sum({self._key(table)})::text as keys, sum({self._stamp()})::text "
            f"as stamps from {self._relation(table)} group by 1"
        )
        self.connection.execute(
            f'create or replace temp table "bins_{table.name}" as select bin, n_rows, keys::decimal(38, 0) as keys, '
            f"stamps::decimal(38, 0) as stamps from postgres_query({literal(postgres.NAME)}, {literal(query)})"
        )

    def window(self, table: Table, types: Mapping[str, str], since: datetime) -> bool:
        """Read once all that lands of the rows after `since`: as text into `window_<table>`, keys with their hashes into `seen_<table>`.

        False where the server's answer has other types than the table; nothing was read then. Columns that never land are left out.
        """
        wanted = [column for column in table.columns if column.kind != "drop" and column.name in types]
        names = ", ".join(f'"{column.name}"' for column in wanted)
        query = (
            f'select {names}, {self._key(table)} as "#key", {self._stamp()} as "#stamp" from {self._relation(table)} '
            f"where modified_at > {stamp(since)}"
        )
        answer = f"from postgres_query({literal(postgres.NAME)}, {literal(query)})"
        found = {str(name): str(kind) for name, kind, *_ in self.connection.execute(f"describe {answer}").fetchall()}
        if any(found[column.name] != types[column.name] for column in wanted):
            return False
        landing = {column.name for column in wanted}
        texts = ", ".join(
            f'{as_text(column, types[column.name]) if column.name in landing else "null::varchar"} as "{column.name}"'
            for column in table.columns
        )
        self.connection.execute(
            f'create or replace temp table "window_{table.name}" as select {texts}, "#key", "#stamp" {answer}'
        )
        keys = ", ".join(f'"{name}"' for name in table.primary_key)
        self.connection.execute(
            f'create or replace temp table "seen_{table.name}" as select {keys}, modified_at::timestamptz as modified_at, '
            f'"#key" as hashed, "#stamp" as stamped from "window_{table.name}"'
        )
        return True

    def keys_of_bins(self, table: Table, bins: list[datetime]) -> None:
        """Read keys and stamps of the rows of these bins into `seen_<table>`."""
        keys = ", ".join(f'"{name}"' for name in table.primary_key)
        chosen = ", ".join(stamp(one) for one in bins)
        query = f"select {keys}, modified_at from {self._relation(table)} where {_bin()} in ({chosen})"
        answer = f"from postgres_query({literal(postgres.NAME)}, {literal(query)})"
        found = {str(name): str(kind) for name, kind, *_ in self.connection.execute(f"describe {answer}").fetchall()}
        texts = ", ".join(f'{as_text(table.column(name), found[name])} as "{name}"' for name in table.primary_key)
        self.connection.execute(
            f'create or replace temp table "seen_{table.name}" as select {texts}, modified_at {answer}'
        )

    def stamps(self, moments: str) -> None:
        """Make `stamps` (held_at, held_stamp): the server's hashes of the distinct moments that a query gives as `held_at`."""
        self.connection.execute("create or replace temp table stamps (held_at timestamptz, held_stamp bigint)")
        rows = self.connection.execute(f"select epoch_us(held_at) from ({moments})").fetchall()
        for start in range(0, len(rows), AT_ONCE):
            listed = ",".join(str(micros) for (micros,) in rows[start : start + AT_ONCE])
            # A timestamp is hashed as its microseconds since 2000.
            query = (
                f"select us, hashint8extended(us - 946684800000000, {self.seed}) as hashed from unnest('{{{listed}}}'::bigint[]) "
                "as given(us)"
            )
            self.connection.execute(
                f"insert into stamps select make_timestamptz(us), hashed from postgres_query({literal(postgres.NAME)}, {literal(query)})"
            )

    def _key(self, table: Table) -> str:
        hashed = str(self.seed)
        for name in table.primary_key:
            hashed = f'hashtextextended("{name}"::text, {hashed})'
        return hashed

    def _stamp(self) -> str:
        return f"timestamptz_hash_extended(modified_at, {self.seed})"

    def _relation(self, table: Table) -> str:
        schema = self.url.schema.replace('"', '""')
        return f'"{schema}"."{table.name}"'


def seed_of(key: Key) -> int:
    """The seed of the server's hashes: a signed 64-bit number that follows from the pseudonym key."""
    return int.from_bytes(key.derive("sums")[:8], "big", signed=True)


def can_sum(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether the server knows the functions that sums are made with (PostgreSQL 14 or later)."""
    return int(str(postgres.query(connection, "select current_setting('server_version_num')::int")[0][0])) >= 140000


def kept_bins(extracts: list[Extract]) -> str | None:
    """A query (table_name, bin, n_rows, keys, stamps) of the sums as they were when the last of the extracts landed; None where one of
    them kept none. Each extract keeps what it changed."""
    files = [extract.folder / "sums.parquet" for extract in extracts]
    if not all(file.exists() for file in files):
        return None
    return (
        "select table_name, bin, sum(n_rows)::bigint as n_rows, sum(keys)::decimal(38, 0) as keys, "
        f"sum(stamps)::decimal(38, 0) as stamps from {parquet(*files)} group by all"
    )


def _bin() -> str:
    return f"date_bin({BIN}, modified_at, {ORIGIN})"
