"""The nightly key scan of a database: every key with its `modified_at`, held against what has landed.

It finds rows that were deleted at the source, and proves that reading by `modified_at` misses nothing: a key or a stamp that the
changes since the cursor do not explain means that everything has to be read.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime

import duckdb

from flows.errors import DeliveryError
from flows.extract.cells import landed_value
from flows.extract.contract import Contract, Table
from flows.extract.resume import Base
from flows.extract.scope import rows_in_force
from flows.extract.url import STAGE
from flows.warehouse import literal


@dataclass(frozen=True)
class Seen:
    """What the scan saw of one table: rows, those in the window that is read, a digest of these, the newest stamp, rows without one."""

    rows: int
    window: int
    digest: str
    newest: datetime | None
    without_stamp: int


@dataclass(frozen=True)
class Difference:
    """How one table differs from what has landed: keys gone; rows of the window that are new or changed; rows outside of it that
    are; rows whose stamp went back."""

    gone: int
    changed: int
    missed: int
    back: int


def scan_keys(
    connection: duckdb.DuckDBPyConnection, table: Table, source: str, since: datetime | None, *, is_unique: bool
) -> Seen:
    """Read keys and stamps of a table (`source`: the query of its text) into the temporary table `seen_<table>`.

    Raises DeliveryError where two rows have one key, or a row has none; not looked for where the server sees to it (`is_unique`).
    """
    keys = ", ".join(f'"{name}"' for name in table.primary_key)
    connection.execute(
        f'create or replace temp table "seen_{table.name}" as '
        f'select {keys}, try_cast("modified_at" as timestamptz) as modified_at from ({source})'
    )
    if not is_unique:
        _refuse_bad_keys(connection, table, keys)
    return count_rows(connection, table, since)


def count_rows(connection: duckdb.DuckDBPyConnection, table: Table, since: datetime | None) -> Seen:
    """Count what `seen_<table>` holds; the window is all of it without `since`."""
    inside = "true" if since is None else f"modified_at is null or modified_at > {stamp(since)}"
    rows, window, newest, content, without = connection.execute(
        f"""select count(*), count(*) filter (where {inside}), max(modified_at),
            bit_xor(hash(modified_at)) filter (where {inside}), count(*) - count(modified_at)
        from "seen_{table.name}" """
    ).fetchall()[0]
    return Seen(int(rows), int(window), digest_of(table, window, newest, content), newest, int(without))


def digest_of(table: Table, *counted: object) -> str:
    """A digest of what was counted of the rows that are read: it tells one reading from another."""
    return hashlib.sha256(" ".join(map(str, (table.name, *counted))).encode()).hexdigest()


def _refuse_bad_keys(connection: duckdb.DuckDBPyConnection, table: Table, keys: str) -> None:
    null = " or ".join(f'"{name}" is null' for name in table.primary_key)
    without, twice = connection.execute(
        f'select (select count(*) from "seen_{table.name}" where {null}), '
        f'(select count(*) from (select 1 from "seen_{table.name}" group by {keys} having count(*) > 1))'
    ).fetchall()[0]
    if without or twice:
        raise DeliveryError(
            "two rows have one key" if twice else "a row has no key",
            stage=STAGE,
            table=table.name,
            count=twice or without,
            next_step="mend the rows and give the table a primary key on the key of the contract, then run again",
        )


def compare(
    connection: duckdb.DuckDBPyConnection, contract: Contract, table: Table, base: Base, since: datetime
) -> Difference:
    """Hold `seen_<table>` against the rows in force. Needs the macro `pseudonym`; leaves the gone keys in `gone_<table>`."""
    keys = ", ".join(f'"{name}"' for name in table.landed_key)
    connection.execute(
        f'create or replace temp table "both_{table.name}" as '
        f"select {keys}, seen.modified_at as seen_at, seen.is_there as is_seen, held.modified_at as held_at, held.is_there as is_held "
        f"from ({pseudonymised(contract, table, 'true as is_there')}) as seen full join "
        f"(select {keys}, modified_at, true as is_there from ({rows_in_force(list(base.extracts), table)})) as held using ({keys}) "
        "where is_seen is null or is_held is null or seen_at is distinct from held_at"
    )
    inside = f"(seen_at is null or seen_at > {stamp(since)})"
    gone, changed, missed, back = connection.execute(
        f"""select count(*) filter (where is_seen is null),
            count(*) filter (where is_seen and {inside}),
            count(*) filter (where is_seen and not {inside}),
            count(*) filter (where is_seen and is_held and seen_at < held_at)
        from "both_{table.name}" """
    ).fetchall()[0]
    connection.execute(
        f'create or replace temp table "gone_{table.name}" as select {keys} from "both_{table.name}" where is_seen is null'
    )
    connection.execute(f'drop table "both_{table.name}"')
    return Difference(int(gone), int(changed), int(missed), int(back))


def pseudonymised(contract: Contract, table: Table, more: str) -> str:
    """Keys by their raw names, `modified_at` and `more` of `seen_<table>`; each identifier is hashed once, however often it stands in
    a key."""
    source = f'"seen_{table.name}"'
    for name in table.primary_key[:-1]:
        column = table.column(name)
        once = f'select distinct "{name}" from "seen_{table.name}"'
        source += f' join (select "{name}", {landed_value(column, contract)} as "named_{name}" from ({once})) using ("{name}")'
    last = table.column(table.primary_key[-1])
    first = ", ".join(f'"named_{name}" as "{table.column(name).landed_as}", ' for name in table.primary_key[:-1])
    return f'select {first}{landed_value(last, contract)} as "{last.landed_as}", modified_at, {more} from {source}'


def stamp(moment: datetime) -> str:
    """A moment as a SQL literal."""
    return f"{literal(moment.isoformat())}::timestamptz"
