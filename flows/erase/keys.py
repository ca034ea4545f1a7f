"""Which keys are one person's: from her pseudonym to her merged records, episodes, cases, forms and services, wherever they stand."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from flows.publish.content import quoted
from flows.warehouse import attach, readable

# (what belongs to, whom): a row that holds both says so. Merged records are one person, whichever way the merge points.
OWNED = (
    ("survivor_key", "merged_into_key"), ("merged_into_key", "survivor_key"), ("episode_key", "survivor_key"),
    ("assessment_key", "episode_key"), ("attendance_key", "episode_key"), ("health_service_key", "episode_key"),
    ("support_service_key", "episode_key"), ("service_key", "episode_key"), ("proceeding_key", "survivor_key"),
)  # fmt: skip
OWN_KEYS = frozenset(name for pair in OWNED for name in pair) | {"case_key"}
# Keys that several people may have: of a household, of a rescue, of the colleague who filled in a form.
SHARED = frozenset({"household_key", "operation_key", "rescue_operation_key", "assessor_key"})


@dataclass(frozen=True)
class Relation:
    """A table of some file: how SQL names it, its key columns that can be one person's, and which part of the home it is in."""

    sql: str
    name: str
    keys: tuple[str, ...]
    where: str = ""

    @property
    def is_doomed(self) -> str:
        """SQL that is true for the rows that hold a key of `doomed`."""
        tests = (f"coalesce({quoted(key)} in (select key from doomed), false)" for key in self.keys)
        return " or ".join(tests) or "false"


def parquet_relation(connection: duckdb.DuckDBPyConnection, path: Path) -> Relation:
    """One Parquet file as a relation."""
    sql = readable(connection, path)
    columns = connection.execute(f"describe select * from {sql}").fetchall()
    return Relation(sql, path.stem, _keys((str(name), str(kind)) for name, kind, *_ in columns))


def database_relations(connection: duckdb.DuckDBPyConnection, catalog: str) -> list[Relation]:
    """The tables of an attached DuckDB file, as relations named `schema.table`."""
    rows = connection.execute(
        "select c.schema_name || '.' || c.table_name, list((c.column_name, c.data_type) order by c.column_index) "
        "from duckdb_columns() as c semi join duckdb_tables() as t using (table_oid, database_oid) "
        "where c.database_name = ? group by all order by all",
        [catalog],
    ).fetchall()
    return [Relation(f"{quoted(catalog)}.{quoted(name)}", str(name), _keys(columns)) for name, columns in rows]


def _keys(columns: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    return tuple(
        name
        for name, kind in columns
        if kind == "VARCHAR" and (name == "key" or name.endswith("_key")) and name not in SHARED
    )


@contextmanager
def attached(connection: duckdb.DuckDBPyConnection, path: Path, catalog: str) -> Iterator[list[Relation]]:
    """The tables of a DuckDB file, attached read-only in the block."""
    attach(connection, path, catalog)
    try:
        yield database_relations(connection, catalog)
    finally:
        connection.execute(f"detach {quoted(catalog)}")


def begin(connection: duckdb.DuckDBPyConnection, keys: list[str]) -> None:
    """Make the table `doomed` (key), with these to begin with."""
    connection.execute("create or replace temp table doomed as select distinct unnest(?::varchar[]) as key", [keys])


def find_suppressed(connection: duckdb.DuckDBPyConnection, relations: Iterable[Relation]) -> None:
    """Add to `doomed` every key of the relations that is on the suppression list."""
    for relation in relations:
        for name in relation.keys:
            _add(
                connection,
                f"select key from (select distinct {quoted(name)} as key from {relation.sql}) "
                "where key is not null and token(key) in (select token from suppressed)",
            )


def close(connection: duckdb.DuckDBPyConnection, relations: list[Relation]) -> None:
    """Add to `doomed` what belongs to those in it, and to these, until nothing is added."""
    while sum(_grown(connection, relation) for relation in relations):
        pass
    _cases(connection, relations)


def _grown(connection: duckdb.DuckDBPyConnection, relation: Relation) -> int:
    return sum(
        _add(
            connection,
            f"select {quoted(child)} from {relation.sql} where {quoted(parent)} in (select key from doomed)",
        )
        for child, parent in OWNED
        if {child, parent} <= set(relation.keys)
    )


def _cases(connection: duckdb.DuckDBPyConnection, relations: list[Relation]) -> None:
    """A case goes with a person where nobody else is in it; otherwise it is kept for the others."""
    both = [relation for relation in relations if {"case_key", "survivor_key"} <= set(relation.keys)]
    if not both:
        return
    people = " union all ".join(f"select case_key, survivor_key from {relation.sql}" for relation in both)
    connection.execute(f"create or replace temp table in_case as select distinct * from ({people})")
    others = (
        "select case_key from in_case where survivor_key is not null and survivor_key not in (select key from doomed)"
    )
    _add(connection, "select case_key from in_case where survivor_key in (select key from doomed)")
    connection.execute(f"delete from doomed where key in ({others})")


def _add(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    """How many keys that were not in `doomed` the query adds."""
    ((n_added,),) = connection.execute(
        f"insert into doomed select distinct * from ({query}) as found(key) "
        "where key is not null and key not in (select key from doomed)"
    ).fetchall()
    return int(n_added)


def n_doomed(connection: duckdb.DuckDBPyConnection, relation: Relation) -> int:
    """How many rows of a relation hold a key of `doomed`."""
    ((count,),) = connection.execute(f"select count(*) from {relation.sql} where {relation.is_doomed}").fetchall()
    return int(count)
