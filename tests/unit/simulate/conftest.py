"""Small deliveries that the tests of the embedded JDS share."""

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from flows.extract.simulate import Parameters, Written, write_delivery

Open = Callable[..., duckdb.DuckDBPyConnection]


@pytest.fixture(scope="session")
def parameters() -> Parameters:
    return Parameters(survivors=400, seed=7)


@pytest.fixture(scope="session")
def clean(tmp_path_factory: pytest.TempPathFactory, parameters: Parameters) -> Written:
    return write_delivery(tmp_path_factory.mktemp("clean") / "night", parameters)


@pytest.fixture(scope="session")
def dirty(tmp_path_factory: pytest.TempPathFactory, parameters: Parameters) -> Written:
    return write_delivery(tmp_path_factory.mktemp("dirty") / "night", parameters, faults=True)


@pytest.fixture(scope="session")
def opened() -> Open:
    """Opens deliveries as schemas of one database: every column text, by the name given."""

    def open_(**deliveries: Written) -> duckdb.DuckDBPyConnection:
        connection = duckdb.connect()
        connection.execute("set time zone 'UTC'")
        for schema, written in deliveries.items():
            connection.execute(f"create schema {schema}")
            for table in written.rows:
                connection.execute(f"create table {schema}.{table} as {_text(written.folder, table)}")
        return connection

    return open_


def _text(folder: Path, table: str) -> str:
    path = folder / f"{table}.csv"
    return (
        f"select * from read_csv('{path}', all_varchar = true, header = true, delim = ',', quote = '\"', escape = '\"')"
    )
