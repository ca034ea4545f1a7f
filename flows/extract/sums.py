"""Sums that the server makes over all keys and stamps of a table: they say, without moving a key, whether all is explained.

Rows, the sum of a hash of the keys and the sum of the stamps add up: what they were when a reading landed, and what the rows of the
window add to them, must give what they are now. Where they do not, a key is gone or a row came late, and the key scan finds which.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import duckdb

from flows.extract import postgres
from flows.extract.contract import Contract, Table
from flows.extract.folder import quoted
from flows.extract.keyscan import Difference, Seen, digest_of, pseudonymised, stamp
from flows.extract.resume import Base
from flows.extract.scope import rows_in_force
from flows.extract.url import DatabaseUrl

Sums = tuple[int, int, int]


@dataclass(frozen=True)
class Totals:
    """Rows, sum of hashed keys and sum of stamps of one table; its newest stamp, and rows without one."""

    sums: Sums
    newest: datetime | None
    without_stamp: int


def totals(connection: duckdb.DuckDBPyConnection, url: DatabaseUrl, table: Table) -> Totals:
    """What the server counts and sums over a whole table."""
    rows, keys, stamps, newest, without = connection.execute(
        f"from postgres_query({quoted(postgres.NAME)}, {quoted(_totals_query(url, table))})"
    ).fetchall()[0]
    return Totals((int(rows), int(keys), int(stamps)), newest, int(without))


def explained(
    connection: duckdb.DuckDBPyConnection,
    url: DatabaseUrl,
    contract: Contract,
    table: Table,
    now: Totals,
    base: Base,
    since: datetime,
) -> tuple[Seen, Difference] | None:
    """What changed in a table where the rows of the window explain all of it, else None."""
    before: Mapping[str, list[str]] = base.extracts[-1].facts.get("sums") or {}
    if now.without_stamp or table.name not in before:
        return None
    _read_window(connection, url, table, since)
    keys = ", ".join(f'"{name}"' for name in table.landed_key)
    held = f"select {keys}, modified_at as held_at, true as is_held from ({rows_in_force(list(base.extracts), table)})"
    new, new_keys, stamps, changed, back, window, content = connection.execute(
        f"""select count(*) filter (where is_held is null), coalesce(sum(hashed) filter (where is_held is null), 0),
            coalesce(sum(epoch_us(modified_at)) - coalesce(sum(epoch_us(held_at)), 0), 0),
            count(*) filter (where modified_at is distinct from held_at), count(*) filter (where modified_at < held_at),
            count(*), bit_xor(hash(modified_at))
        from ({pseudonymised(contract, table, "hashed")}) left join ({held}) using ({keys})"""
    ).fetchall()[0]
    expected = tuple(
        int(was) + int(more) for was, more in zip(before[table.name], (new, new_keys, stamps), strict=True)
    )
    if expected != now.sums:
        return None
    seen = Seen(now.sums[0], int(window), digest_of(table, window, now.newest, content), now.newest, 0)
    return seen, Difference(gone=0, changed=int(changed), missed=0, back=int(back))


def _read_window(connection: duckdb.DuckDBPyConnection, url: DatabaseUrl, table: Table, since: datetime) -> None:
    keys = ", ".join(f'"{name}"::text as "{name}"' for name in table.primary_key)
    query = f"select {keys}, {_hashed(table)} as hashed, modified_at from {_relation(url, table)} where modified_at > {stamp(since)}"
    connection.execute(
        f'create or replace temp table "seen_{table.name}" as '
        f"from postgres_query({quoted(postgres.NAME)}, {quoted(query)})"
    )


def _totals_query(url: DatabaseUrl, table: Table) -> str:
    return (
        f"select count(*) as n_rows, coalesce(sum({_hashed(table)}), 0)::text as keys, "
        "coalesce(sum((date_part('epoch', modified_at) * 1000000)::bigint), 0)::text as stamps, max(modified_at) as newest, "
        f"count(*) - count(modified_at) as without_stamp from {_relation(url, table)}"
    )


def _hashed(table: Table) -> str:
    text = " || '|' || ".join(f'"{name}"::text' for name in table.primary_key)
    return f"hashtextextended({text}, 0)"


def _relation(url: DatabaseUrl, table: Table) -> str:
    schema = url.schema.replace('"', '""')
    return f'"{schema}"."{table.name}"'
