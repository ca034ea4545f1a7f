"""What stands in the schema of a database: is it there, may it be read, what are its columns."""

import duckdb

from flows.errors import ContractError, DeliveryError
from flows.extract import postgres
from flows.extract.contract import Contract, Table
from flows.extract.scan import as_text
from flows.extract.url import STAGE, DatabaseUrl
from flows.warehouse import literal


def catalogue(
    connection: duckdb.DuckDBPyConnection, url: DatabaseUrl, contract: Contract
) -> tuple[dict[str, dict[str, str]], int]:
    """DuckDB's type of each column of each contract table, and the bytes of the tables.

    Raises ContractError where the schema or a table is not there, DeliveryError where a table may not be read.
    """
    schema = literal(url.schema)
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
        rows = connection.execute(f"describe select * {relation(url, table)}").fetchall()
    except duckdb.Error as error:
        raise postgres.explained(error, stage=STAGE, table=table) from None
    return {str(name): str(kind) for name, kind, *_ in rows}


def relation(url: DatabaseUrl, table: str) -> str:
    """The `from` of a query on one table of the attached database."""
    schema = url.schema.replace('"', '""')
    return f'from {postgres.NAME}."{schema}"."{table}"'


def text_of(url: DatabaseUrl, table: Table, types: dict[str, str]) -> str:
    """The query of a contract table of the attached database, whose columns have these types: every contract column as text."""
    columns = ", ".join(f'{as_text(column, types.get(column.name))} as "{column.name}"' for column in table.columns)
    return f"select {columns} {relation(url, table.name)}"
