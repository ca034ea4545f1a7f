"""The embedded JDS in a database: a night's folder delivery put into the twelve tables of a schema, in one transaction.

The tables then hold what the delivery holds: rows that are not in it are deleted, so that nights played one after another show
new, changed, corrected, merged, marked and vanished rows as a live system would. Rows that are as they were are not touched.
"""

import duckdb

from flows.errors import DeliveryError
from flows.extract import postgres
from flows.extract.contract import Table
from flows.extract.folder import FolderDelivery
from flows.extract.url import DatabaseUrl
from flows.warehouse import connect

STAGE = "simulate"
_TYPES = {
    "date": "date",
    "birth_year": "date",
    "timestamp": "timestamptz",
    "bool": "boolean",
    "number": "decimal(12, 2)",
    "int": "integer",
}


def fill(url: DatabaseUrl, delivery: FolderDelivery, *, password: str | None = None) -> int:
    """Make the tables of the schema hold what a full folder delivery holds; how many rows were written and deleted.

    Schema and tables, with primary keys, are made where they are not there yet. Raises DeliveryError where it does not work, and the
    database is then as it was.
    """
    if delivery.facts.mode != "full":
        raise DeliveryError(
            "only a full delivery can fill a database", stage=STAGE, next_step="leave out --incremental"
        )
    with connect() as connection:
        postgres.attach(connection, url, password=password, read_only=False)
        try:
            connection.execute("begin")
            connection.execute(f"create schema if not exists {postgres.NAME}.{_name(url.schema)}")
            count = sum(_fill(connection, url, delivery, table) for table in delivery.contract.tables.values())
            connection.execute("commit")
        except duckdb.Error:
            raise DeliveryError(
                "the simulated rows could not be written into the database",
                stage=STAGE,
                next_step="let the user create the schema and write to its tables; dirty rows (--faults) do not fit into typed tables",
            ) from None
    return count


def _fill(connection: duckdb.DuckDBPyConnection, url: DatabaseUrl, delivery: FolderDelivery, table: Table) -> int:
    target = f"{postgres.NAME}.{_name(url.schema)}.{_name(table.name)}"
    names = ", ".join(_name(column.name) for column in table.columns)
    keys = ", ".join(map(_name, table.primary_key))
    types = {column.name: _TYPES.get(column.kind, "varchar") for column in table.columns}
    columns = ", ".join(
        f"{_name(name)} {kind}{' not null' if name == 'modified_at' else ''}" for name, kind in types.items()
    )
    connection.execute(f"create table if not exists {target} ({columns}, primary key ({keys}))")
    values = ", ".join(f"{_name(name)}::{kind} as {_name(name)}" for name, kind in types.items())
    connection.execute(f"create or replace temp table wanted as select {values} from ({delivery.scan(table.name)})")
    connection.execute(f"create or replace temp table held as select {names} from {target}")
    connection.execute("create or replace temp table past as from held except from wanted")
    connection.execute("create or replace temp table fresh as from wanted except from held")
    deleted, written = connection.execute(
        "select (select count(*) from past), (select count(*) from fresh)"
    ).fetchall()[0]
    if deleted:
        connection.execute(f"delete from {target} where ({keys}) in (select ({keys}) from past)")
    connection.execute(f"insert into {target} ({names}) select {names} from fresh")
    return int(deleted) + int(written)


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
