"""The suppression list: who was erased, as tokens under a key of their own, so that no later delivery brings them back.

`<home>/erasure/suppressed.parquet` (mode 0600): token (32 hex digits: a keyed hash of a pseudonym) and is_person (one row a person, the
rest are keys of her records). Not even a pseudonym stands in it: whoever reads the list alone can join it with nothing.
"""

import hashlib
import os
from pathlib import Path

import duckdb

from flows.extract.pseudonymise import Key, install
from flows.publish import files
from flows.publish.files import refusing
from flows.publish.steps import step
from flows.warehouse import Home, connect, readable, write_parquet

PURPOSE = "suppression"
KIND = "erased"


def folder(home: Home) -> Path:
    """Where a home keeps the list, certificates and an erasure that is under way; made for its owner alone."""
    there = home.root / "erasure"
    there.mkdir(parents=True, exist_ok=True, mode=0o700)
    return there


def path(home: Home) -> Path:
    """The list's file, which is there once somebody was erased."""
    return home.root / "erasure" / "suppressed.parquet"


def digest(home: Home) -> str | None:
    """A hash that changes with what the list says, in whichever form its file lies; None where nobody was erased."""
    if not path(home).exists():
        return None
    with connect() as connection:
        rows = connection.execute(
            f"select token, is_person from {readable(connection, path(home))} order by token"
        ).fetchall()
    return hashlib.sha256("".join(f"{token} {int(is_person)}\n" for token, is_person in rows).encode()).hexdigest()


def show(connection: duckdb.DuckDBPyConnection, home: Home, key: Key) -> None:
    """Make `suppressed` (token, is_person) and the macro `token(key)` on an in-memory connection."""
    install(connection, Key(key.derive(PURPOSE)))
    connection.execute(f"create or replace temp macro token(key) as pseudonym('{KIND}', key)")
    known = (
        f"select token, is_person from {readable(connection, path(home))}"
        if path(home).exists()
        else "select null::varchar as token, false as is_person where false"
    )
    connection.execute(f"create or replace temp table suppressed as {known}")


def tokens(connection: duckdb.DuckDBPyConnection, *, people: list[str]) -> dict[str, bool]:
    """The tokens of the keys in `doomed` and of `people` (one pseudonym each), and of each whether it counts as one person.

    A person who is on the list already is not counted again.
    """
    connection.execute("create or replace temp table named as select unnest(?::varchar[]) as key", [people])
    rows = connection.execute(
        "select token, bool_or(is_person) from (select token(key) as token, token(key) not in (select token from suppressed) "
        "as is_person from named union all select token(key), false from doomed) group by token order by token"
    ).fetchall()
    return {str(token): bool(is_person) for token, is_person in rows}


def add(connection: duckdb.DuckDBPyConnection, home: Home, more: dict[str, bool]) -> None:
    """Add tokens to `suppressed` and to the list's file, durably and in one step."""
    connection.execute(
        "create or replace temp table more as select unnest(?::varchar[]) as token, unnest(?::boolean[]) as is_person",
        [list(more), list(more.values())],
    )
    connection.execute(
        "create or replace temp table suppressed as select token, bool_or(is_person) as is_person "
        "from (from suppressed union all from more) group by token order by token"
    )
    fresh = folder(home) / ".suppressed.parquet"
    with refusing("writing the suppression list"):
        fresh.unlink(missing_ok=True)
        write_parquet(connection, "from suppressed", fresh)
        fresh.chmod(0o600)
        with fresh.open("rb") as file:
            os.fsync(file.fileno())
        step("write suppression list")
        os.replace(fresh, path(home))
        step("wrote suppression list")
        files.sync_folder(folder(home))


def n_people(home: Home) -> int:
    """How many people were erased from this home."""
    if not path(home).exists():
        return 0
    with connect() as connection:
        query = f"select count(*) filter (where is_person) from {readable(connection, path(home))}"
        ((count,),) = connection.execute(query).fetchall()
    return int(count)


def rounded(count: int) -> int:
    """The count as it may be told in a mart: to the nearest 5, halves away from zero as DuckDB's round does."""
    return 5 * ((2 * count + 5) // 10)
