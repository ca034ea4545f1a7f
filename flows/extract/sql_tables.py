"""Tables of any database that SQLAlchemy has a dialect for: one transaction, rows in batches through Arrow into DuckDB, as text.

A driver gives Python values, so a batch is as typed as the driver makes it; each column of a batch becomes the text that CSV would
have held, by the same rule as a column of Parquet.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import duckdb
import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.engine import Connection, make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from flows.errors import ContractError, StageError
from flows.extract import postgres
from flows.extract.contract import Column, Contract
from flows.extract.scan import as_text
from flows.extract.sql_url import STAGE, SqlUrl

AT_ONCE = 20_000
# The first that a dialect offers is used.
ISOLATION = ("SERIALIZABLE", "SNAPSHOT", "REPEATABLE READ")
# The server's clock in UTC, where the standard's word gives local time or whole seconds.
CLOCKS = {
    "sqlite": "select strftime('%Y-%m-%d %H:%M:%f', 'now')",
    "mysql": "select utc_timestamp(6)",
    "mariadb": "select utc_timestamp(6)",
    "mssql": "select sysutcdatetime()",
    "oracle": "select sys_extract_utc(systimestamp) from dual",
}
TEXT = "VARCHAR"


@dataclass(frozen=True)
class SqlTables:
    """The tables of a schema inside one transaction, and the names of their columns."""

    source: Connection
    duck: duckdb.DuckDBPyConnection
    schema: str | None
    columns: dict[str, dict[str, Any]]

    def moment(self) -> datetime:
        """The server's clock in the transaction, in UTC."""
        own = CLOCKS.get(self.source.dialect.name)
        standard = sa.select(sa.func.current_timestamp())
        found = (self.source.exec_driver_sql(own) if own else self.source.execute(standard)).scalar_one()
        at = found if isinstance(found, datetime) else datetime.fromisoformat(str(found))
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)

    def copy(self, table: str, wanted: list[Column], target: str, *, since: datetime | None = None) -> None:
        """Put columns of a table as text into the temporary table `target`; with `since` only rows changed after it or without a stamp.

        The server compares where the stamp is one by its type; text is compared here. Raises DeliveryError where rows do not come.
        """
        given = self.columns[table]
        listed = ", ".join(f'"{column.name}" varchar' for column in wanted)
        self.duck.execute(f'create or replace temp table "{target}" ({listed})')
        there = [column for column in wanted if column.name in given]
        here = sa.table(table, *[sa.column(column.name) for column in there], schema=self.schema)
        query = sa.select(*[here.c[column.name] for column in there])
        later = self._later(here, table, since) if since else None
        changed = "" if since is None or later is not None else _changed(since)
        query = query if later is None else query.where(later)
        try:
            for rows in self.source.execution_options(stream_results=True).execute(query).partitions(AT_ONCE):
                self._append([tuple(row) for row in rows], there, wanted, target, changed)
        except SQLAlchemyError as error:
            raise explained(error, table) from None

    def _later(self, here: sa.TableClause, table: str, since: datetime) -> sa.ColumnElement[bool] | None:
        kind = self.columns[table]["modified_at"]
        if self.source.dialect.name == "sqlite" or not isinstance(kind, sa.DateTime):
            return None
        bound = since if getattr(kind, "timezone", False) else since.astimezone(UTC).replace(tzinfo=None)
        stamp = here.c.modified_at
        return sa.or_(stamp > sa.bindparam("since", bound), stamp.is_(None))

    def _append(
        self, rows: list[tuple[Any, ...]], there: list[Column], wanted: list[Column], target: str, changed: str
    ) -> None:
        arrays = [_array(values) for values in zip(*rows, strict=True)]
        batch = pa.table(arrays, names=[column.name for column in there])
        self.duck.register("batch", batch)
        types = {str(name): str(kind) for name, kind, *_ in self.duck.execute("describe from batch").fetchall()}
        texts = ", ".join(f'{as_text(column, types.get(column.name))} as "{column.name}"' for column in wanted)
        self.duck.execute(f'insert into "{target}" select * from (select {texts} from batch){changed}')
        self.duck.unregister("batch")


def _changed(since: datetime) -> str:
    stamp = "try_cast(modified_at as timestamptz)"
    return f" where {stamp} is null or {stamp} > '{since.isoformat()}'::timestamptz"


def _array(values: tuple[Any, ...]) -> pa.Array:
    """The values in Arrow's type for them; as text where a column holds values of several kinds."""
    try:
        return pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError):
        return pa.array([None if value is None else str(value) for value in values], pa.string())


@contextmanager
def reading(
    url: SqlUrl, contract: Contract, duck: duckdb.DuckDBPyConnection, password: str | None
) -> Iterator[SqlTables]:
    """The tables of the contract in one transaction at the strongest isolation of the dialect, which ends with the block.

    Raises DeliveryError where the database cannot be opened, ContractError where a table is missing.
    """
    engine = _engine(url, password)
    try:
        with engine.connect() as source, source.begin():
            yield SqlTables(source, duck, url.schema, _columns(source, url, contract))
    except SQLAlchemyError as error:
        raise explained(error) from None
    finally:
        engine.dispose()


def _engine(url: SqlUrl, password: str | None) -> sa.Engine:
    parsed = make_url(url.text)
    if parsed.get_backend_name() == "sqlite":
        # Otherwise a file that is not there would be made.
        parsed = parsed.set(database=f"file:{parsed.database}", query={**parsed.query, "mode": "ro", "uri": "true"})
    elif password:
        parsed = parsed.set(password=password)
    engine = sa.create_engine(parsed, poolclass=NullPool, hide_parameters=True)
    if engine.dialect.name == "sqlite":
        # Python's driver begins no transaction before a first change; reading tables one after another would see several states.
        sa.event.listen(engine, "connect", lambda raw, _: setattr(raw, "isolation_level", None))
        sa.event.listen(engine, "begin", lambda begun: begun.exec_driver_sql("BEGIN"))
        return engine
    with engine.connect() as first:
        offered = set(engine.dialect.get_isolation_level_values(first.connection.dbapi_connection))  # type: ignore[arg-type]
    level = next((one for one in ISOLATION if one in offered), None)
    return engine.execution_options(isolation_level=level) if level else engine


def _columns(source: Connection, url: SqlUrl, contract: Contract) -> dict[str, dict[str, Any]]:
    inspector = sa.inspect(source)
    if url.schema and url.schema not in inspector.get_schema_names():
        raise ContractError(
            "the schema is not in the database, or the user may not use it",
            stage=STAGE,
            next_step="name the schema in the URL (?schema=...), or grant usage on it, then run again",
        )
    there = {*inspector.get_table_names(url.schema), *inspector.get_view_names(url.schema)}
    missing = sorted(set(contract.tables) - there)
    if missing:
        raise ContractError(
            f"required tables are missing: {', '.join(missing)}",
            stage=STAGE,
            count=len(missing),
            next_step="map or add the tables at the source; nothing of the delivery was loaded",
        )
    return {
        table: {str(one["name"]): one["type"] for one in inspector.get_columns(table, url.schema)}
        for table in contract.tables
    }


def explained(error: SQLAlchemyError, table: str | None = None) -> StageError:
    """The error in our words; its own text could quote a row."""
    return postgres.meaning(str(error), stage=STAGE, table=table)
