"""Whom a request names: how many of its pseudonyms are held nowhere, and one key for each person that is meant."""

import duckdb

from flows.erase.keys import Relation, begin
from flows.errors import Exit, StageError
from flows.publish.content import quoted


class Unknown(StageError):
    """Some of those that a request names are held nowhere in the home."""

    code = Exit.USAGE

    def __init__(self, count: int) -> None:
        super().__init__(
            "nothing is held here under some of the ids",
            stage="erase",
            count=count,
            next_step="check them with the office; --accept-unknown keeps them out of later deliveries too",
        )

    def __reduce__(self) -> tuple[object, ...]:
        return Unknown, (self.count,)


def unknown(connection: duckdb.DuckDBPyConnection, relations: list[Relation], keys: list[str]) -> int:
    """How many of these pseudonyms stand in no table as a survivor or an episode."""
    connection.execute("create or replace temp table asked as select distinct unnest(?::varchar[]) as key", [keys])
    for relation in relations:
        for name in {"survivor_key", "episode_key"} & set(relation.keys):
            connection.execute(f"delete from asked where key in (select {quoted(name)} from {relation.sql})")
    ((count,),) = connection.execute("select count(*) from asked").fetchall()
    return int(count)


def people_of(connection: duckdb.DuckDBPyConnection, relations: list[Relation], keys: list[str]) -> list[str]:
    """One pseudonym for each person that these keys of survivors or episodes name; `doomed` begins with all of theirs.

    Records that were merged are one person.
    """
    begin(connection, keys)
    for relation in relations:
        if {"survivor_key", "episode_key"} <= set(relation.keys):
            connection.execute(
                f"insert into doomed select distinct survivor_key from {relation.sql} "
                "where episode_key in (select key from doomed) and survivor_key is not null"
            )
    named = {str(key) for (key,) in connection.execute("select distinct key from doomed").fetchall()}
    episodes: set[str] = set()
    merged: dict[str, str] = {}
    for relation in relations:
        if "episode_key" in relation.keys:
            query = f"select distinct episode_key from {relation.sql} where episode_key in (select key from doomed)"
            episodes |= {str(key) for (key,) in connection.execute(query).fetchall()}
        if {"survivor_key", "merged_into_key"} <= set(relation.keys):
            query = f"select survivor_key, merged_into_key from {relation.sql} where merged_into_key is not null"
            merged |= {str(one): str(into) for one, into in connection.execute(query).fetchall()}
    return sorted({_last(one, merged) for one in named - episodes})


def _last(key: str, merged: dict[str, str]) -> str:
    """The record at the end of a chain of merges; of a ring, the smallest key."""
    seen = [key]
    while (following := merged.get(seen[-1])) and following not in seen:
        seen.append(following)
    return min(seen) if following else seen[-1]
