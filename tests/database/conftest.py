"""A PostgreSQL of the tests' own, from a wheel, and databases in it that hold the embedded JDS."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from flows.extract.url import DatabaseUrl, parse_url
from tests.database.server import Server, start


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A running PostgreSQL; each worker has its own. Its folder has a short name, since a socket's path may not be long."""
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    folder.chmod(0o755)
    with start(folder / "data") as running:
        yield running
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def database(server: Server) -> Iterator[DatabaseUrl]:
    """An empty database of one test."""
    name = server.create()
    yield parse_url(server.url(name))
    server.drop(name)


@pytest.fixture
def sql(server: Server, database: DatabaseUrl) -> Callable[[str], str]:
    """Runs SQL in the test's database as its owner."""
    return lambda text: server.sql(text, dict(database.libpq)["dbname"])
