"""Content hashes: the same rows give the same hash, whatever their order, the threads, a float's last digits."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import duckdb

from flows.publish.files import refusing
from flows.publish.tables import KEYS, SCHEMAS, STAMPED_COLUMNS, STAMPED_TABLES
from flows.warehouse import attach as attach  # other files attach through here
from flows.warehouse import connect

FLOATS = ("FLOAT", "DOUBLE", "REAL")
_LOW = 2**64 - 1


def quoted(name: str) -> str:
    """A table or column name as SQL takes it: `core.dim_office` becomes `"core"."dim_office"`."""
    return ".".join('"' + part.replace('"', '""') + '"' for part in name.split("."))


def tables_of(connection: duckdb.DuckDBPyConnection, catalog: str) -> dict[str, dict[str, str]]:
    """The tables of the promised schemas in a catalog, as `schema.table`, sorted, with name and type of each column."""
    rows = connection.execute(
        "select c.schema_name || '.' || c.table_name, c.column_name, c.data_type "
        "from duckdb_columns() as c semi join duckdb_tables() as t using (table_oid, database_oid) "
        "where c.database_name = ? and list_contains(?, c.schema_name) order by 1, c.column_index",
        [catalog, list(SCHEMAS)],
    ).fetchall()
    tables: dict[str, dict[str, str]] = {}
    for table, column, kind in rows:
        tables.setdefault(str(table), {})[str(column)] = str(kind)
    return tables


def row_count(connection: duckdb.DuckDBPyConnection, catalog: str, table: str) -> int:
    """How many rows a table has."""
    row = connection.execute(f"select count(*) from {quoted(catalog)}.{quoted(table)}").fetchone()
    return int(row[0]) if row else 0


def sort_order(table: str, columns: Mapping[str, str]) -> str:
    """The columns that a table is sorted by: its promised key, then everything else when a key is not promised."""
    key = [column for column in KEYS.get(table, ()) if column in columns]
    return ", ".join(quoted(column) for column in key) if key else "all"


def content_hashes(path: Path) -> dict[str, str]:
    """The content hash of each table of the promised schemas in a DuckDB file, without what only stamps the run."""
    with refusing("hashing the tables"), connect() as connection:
        attach(connection, path, "hashed")
        return content_hashes_in(connection, "hashed", tables_of(connection, "hashed"))


def content_hashes_in(
    connection: duckdb.DuckDBPyConnection, catalog: str, tables: Mapping[str, Mapping[str, str]]
) -> dict[str, str]:
    """The content hash of each table of an attached catalog, without what only stamps the run."""
    return {
        table: content_hash(connection, catalog, table, columns)
        for table, columns in tables.items()
        if table not in STAMPED_TABLES
    }


def fingerprints(path: Path) -> dict[str, str]:
    """A quick sum of each table of the promised schemas in a DuckDB file, the same for a copy whatever the order of its rows.

    By DuckDB's own hash, which another version may take otherwise: to tell within a run whether a table changed, and never kept.
    """
    with refusing("taking sums of the tables"), connect() as connection:
        attach(connection, path, "summed")
        return {
            table: str(
                connection.execute(
                    f"select count(*), sum(hash({', '.join(quoted(name) for name in sorted(columns))})::hugeint) "
                    f"from summed.{quoted(table)}"
                ).fetchone()
            )
            for table, columns in tables_of(connection, "summed").items()
            if table not in STAMPED_TABLES
        }


def content_hash(connection: duckdb.DuckDBPyConnection, catalog: str, table: str, types: Mapping[str, str]) -> str:
    """SHA-256 over the column names, the number of rows and the sums of the two halves of each row's 128-bit hash.

    A sum does not know the order of its parts: no sort is needed, and every thread count gives the same.
    """
    stamps = STAMPED_COLUMNS.get(table, frozenset())
    columns = sorted(name for name in types if name not in stamps)
    text = ", '|', ".join(canonical(name, types[name]) for name in columns) or "''"
    row = connection.execute(
        f"select count(*), sum((h >> 64)::ubigint), sum((h & {_LOW}::uhugeint)::ubigint) "
        f"from (select md5_number(concat({text})) as h from {quoted(catalog)}.{quoted(table)})"
    ).fetchone()
    return hashlib.sha256(f"{columns}{row}".encode()).hexdigest()


def canonical(column: str, kind: str) -> str:
    """SQL for one value as text: floats to 9 significant digits, no negative zero; text after its length."""
    name = quoted(column)
    if kind in FLOATS:
        text = f"format('{{:.9g}}', case when {name} = 0 then 0 else {name}::double end)"
    elif kind == "VARCHAR":
        text = f"length({name}) || ':' || {name}"
    else:
        text = f"{name}::varchar"
    return f"coalesce({text}, '~')"
