"""How a person reads a release: read-only, nothing else in reach."""

from pathlib import Path

import duckdb

from flows.errors import NothingPublishedError
from flows.publish.catalogue import current_release
from flows.publish.files import STAGE
from flows.warehouse import Home, attach, connect

ATTEMPTS = 5


def release_folder(home: Home, release_id: str | None = None) -> Path:
    """The real folder of a release, of the live one without a name: it stays the same while `current` moves on."""
    name = release_id or current_release(home)
    if name is None or not (home.releases / name).is_dir():
        raise NothingPublishedError(
            "there is no such release" if release_id else "nothing is published yet",
            stage=STAGE,
            next_step="look at `aftercare releases`, or make one with `aftercare nightly`",
        )
    return (home.releases / name).resolve()


def open_release(home: Home, release_id: str | None = None) -> duckdb.DuckDBPyConnection:
    """A connection to the marts of a release, as default catalog; the files of the machine are out of reach.

    The marts are attached read-only to an empty database in memory, and never by the path of the link: DuckDB would
    give a second connection to a path the data of the first. Settings are locked, so no query opens what is closed.
    """
    for attempt in range(ATTEMPTS):
        folder = release_folder(home, release_id)
        connection = connect()
        try:
            attach(connection, folder / "marts.duckdb", "marts")
            break
        except duckdb.IOException:
            connection.close()
            if folder.is_dir() or attempt == ATTEMPTS - 1:
                raise
    connection.execute("use marts")
    connection.execute("set enable_external_access = false")
    connection.execute("set lock_configuration = true")
    return connection
