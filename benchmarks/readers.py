"""Ways out of PostgreSQL, each reading every column of every table in batches and dropping it: rows a second by library.

The pipeline uses DuckDB's reader. The others are no part of it: a missing one is named with what to install.
"""

from collections.abc import Callable, Iterator

from flows.extract import postgres
from flows.extract.contract import jds
from flows.extract.url import DatabaseUrl
from flows.warehouse import connect

BATCH = 50_000


def by_duckdb(url: DatabaseUrl) -> int:
    """DuckDB's reader, into DuckDB's own tables."""
    rows = 0
    with connect() as connection:
        postgres.attach(connection, url, password=None)
        postgres.begin(connection)
        for table in _tables(url, postgres.NAME):
            connection.execute(f"create or replace temp table read as from {table}")
            rows += int(connection.execute("select count(*) from read").fetchall()[0][0])
    return rows


def by_adbc(url: DatabaseUrl) -> int:
    """ADBC, as Arrow record batches."""
    from adbc_driver_postgresql import dbapi

    rows = 0
    with dbapi.connect("postgresql://?" + _options(url)) as connection, connection.cursor() as cursor:
        for table in _tables(url):
            cursor.execute(f"select * from {table}")
            rows += sum(batch.num_rows for batch in cursor.fetch_record_batch())
    return rows


def by_pandas(url: DatabaseUrl) -> int:
    """pandas over SQLAlchemy and psycopg, in chunks from a server-side cursor."""
    import pandas as pd
    import psycopg  # noqa: F401  (SQLAlchemy's driver)
    from sqlalchemy import create_engine

    rows = 0
    engine = create_engine("postgresql+psycopg://?" + _options(url))
    with engine.connect().execution_options(stream_results=True) as connection:
        for table in _tables(url):
            rows += sum(len(chunk) for chunk in pd.read_sql(f"select * from {table}", connection, chunksize=BATCH))  # type: ignore[call-overload]
    return rows


READERS: dict[str, tuple[Callable[[DatabaseUrl], int], str]] = {
    "DuckDB's reader": (by_duckdb, ""),
    "ADBC": (by_adbc, "adbc-driver-postgresql"),
    "pandas, SQLAlchemy, psycopg": (by_pandas, "psycopg[binary]"),
}


def _tables(url: DatabaseUrl, catalog: str = "") -> Iterator[str]:
    for table in jds().tables:
        yield f'{catalog + "." if catalog else ""}"{url.schema}"."{table}"'


def _options(url: DatabaseUrl) -> str:
    from urllib.parse import urlencode

    return urlencode(dict(url.libpq), safe="/")
