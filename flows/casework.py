"""`<home>/casework/casework.duckdb`: what is about one person, for named case managers; never in a release, a report or share/.

The only writer and reader of that file. It is made whole after a release went live, readable by its owner alone, and replaced in one
step. Its tables: `about` (release_id, as_of) and `worklist` (office_id, check_id, status, source_table, record_key, episode_key,
guidance), one row a record that an office can set right, and each table of schema `casework` of the build file, where estimates put what is
about one person. Keys are pseudonyms: `aftercare key` turns the JDS id of a record into its key.
"""

import os
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from flows.errors import Exit, NothingPublishedError, StageError
from flows.publish.files import refusing
from flows.warehouse import Home, attach, connect

FILE = "casework.duckdb"
WORKLIST = """
    create table worklist as
    select f.office_id, f.check_id, c.status, f.source_table, f.record_key, f.episode_key, c.guidance
    from build.intermediate.int_finding as f
    inner join build.quality."check" as c on f.check_id = c.check_id
    where c.owner = 'office'
    order by all
"""


class UnknownOfficeError(StageError):
    """An office that the release does not know was asked for."""

    code = Exit.USAGE


@dataclass(frozen=True)
class Work:
    """What one office can set right: the release it is of, and by check its status, guidance and records."""

    release_id: str
    checks: dict[str, tuple[str, str, list[tuple[str, str, str]]]]


def write(home: Home, build_file: Path, release_id: str, as_of: date) -> int:
    """Replaces the file by what the build file says; how many records the worklists hold. Call it after publication."""
    home.casework.mkdir(mode=0o700, exist_ok=True)
    building = home.casework / f".building-{FILE}"
    with refusing("writing the worklists"):
        building.unlink(missing_ok=True)
        mask = os.umask(0o077)
        try:
            with connect(building) as connection:
                n_records = _fill(connection, build_file, release_id, as_of)
        finally:
            os.umask(mask)
        os.replace(building, home.casework / FILE)
    return n_records


def _fill(connection: duckdb.DuckDBPyConnection, build_file: Path, release_id: str, as_of: date) -> int:
    attach(connection, build_file, "build")
    connection.execute("create table about as select ? as release_id, ?::date as as_of", [release_id, as_of])
    connection.execute(WORKLIST)
    connection.execute("create table office as select office_id from build.core.dim_office order by office_id")
    for (name,) in connection.execute(
        "select table_name from duckdb_tables() where database_name = 'build' and schema_name = 'casework' order by all"
    ).fetchall():
        connection.execute(f'create table "{name}" as from build.casework."{name}" order by all')
    connection.execute("detach build")
    ((n_records,),) = connection.execute("select count(*) from worklist").fetchall()
    return int(n_records)


def work_of(home: Home, office_id: str) -> Work:
    """What an office can set right; records as (source table, record key, episode key), by check, the most first."""
    path = home.casework / FILE
    if not path.exists():
        raise NothingPublishedError("there is no worklist yet", stage="worklist", next_step="aftercare nightly")
    with connect(path, read_only=True) as connection:
        ((release_id,),) = connection.execute("select release_id from about").fetchall()
        if not connection.execute("select 1 from office where office_id = ?", [office_id]).fetchall():
            raise UnknownOfficeError(
                "there is no such office",
                stage="worklist",
                next_step='aftercare sql "select office_id, name from core.dim_office"',
            )
        rows = connection.execute(
            "select check_id, status, guidance, source_table, record_key, episode_key from worklist where office_id = ? "
            "order by count(*) over (partition by check_id) desc, check_id, source_table, record_key",
            [office_id],
        ).fetchall()
    work = Work(str(release_id), {})
    for check_id, status, guidance, *record in rows:
        work.checks.setdefault(check_id, (status, guidance, []))[2].append(tuple(record))
    return work


def read(home: Home, query: str, parameters: list[object] | None = None) -> list[tuple[object, ...]]:
    """Rows of a query on the file; raises NothingPublishedError where there is none yet."""
    path = home.casework / FILE
    if not path.exists():
        raise NothingPublishedError(
            "there is no file for case work yet", stage="case work", next_step="aftercare nightly"
        )
    with connect(path, read_only=True) as connection:
        return connection.execute(query, parameters or []).fetchall()


@dataclass(frozen=True)
class Outlook:
    """What may come of one person in care: chances of each state on a later day (estimate, lower, upper), and until when it may be used."""

    release_id: str
    made_for: date
    expires_on: date
    office_id: str
    day: int
    then: int
    states: dict[str, tuple[float, float, float]]


def outlook_of(home: Home, episode_key: str, *, today: date) -> Outlook:
    """The forecast of an episode. Raises NothingPublishedError where there is none, or only one that has expired."""
    path = home.casework / FILE
    next_step = "aftercare nightly"
    if not path.exists():
        raise NothingPublishedError("there is no forecast yet", stage="forecast", next_step=next_step)
    with connect(path, read_only=True) as connection:
        ((release_id,),) = connection.execute("select release_id from about").fetchall()
        there = connection.execute("select 1 from duckdb_tables() where table_name = 'forecast'").fetchall()
        rows = connection.execute(
            "select as_of, expires_on, office_id, as_of_day, day, state, estimate, lower, upper from forecast "
            "where episode_key = ? order by state",
            [episode_key],
        ).fetchall() if there else []  # fmt: skip
    if not rows:
        raise NothingPublishedError(
            "there is no forecast of this episode: it is not in care, was seen restored, or is watched for longer than "
            "anybody has been",
            stage="forecast",
            next_step="aftercare key turns the id of an episode into its key",
        )
    made_for, expires_on, office_id, day, then = rows[0][:5]
    if today > expires_on:
        raise NothingPublishedError("the forecast has expired", stage="forecast", next_step=next_step)
    states = {str(state): (estimate, lower, upper) for *_, state, estimate, lower, upper in rows}
    return Outlook(str(release_id), made_for, expires_on, str(office_id), int(day), int(then), states)
