"""A database that SQLAlchemy reads (SQLite, whose driver ships with Python) gives what a folder gives, night after night."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.errors import Exit, StageError
from flows.extract.contract import jds
from flows.extract.folder import open_folder
from flows.extract.land import Extract, extracts, land
from flows.extract.mapping.parse import parse
from flows.extract.open import open_source, parse_source
from flows.extract.postgres import Access
from flows.extract.resume import base_of
from flows.extract.sql_source import open_sql
from flows.extract.sql_url import SqlUrl, parse_sql_url
from flows.warehouse import connect
from tests.database.readings import ALL, differences, nights
from tests.faults.refusals import refusal, run
from tests.nights import KEY, landed
from tests.unit.extract.mapping.small import TEXT, opened, read_csv, write


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the database of the test is."""
    return tmp_path / "jds.sqlite"


@pytest.fixture
def base(file: Path) -> Iterator[sqlite3.Connection]:
    """The database, opened by whoever writes into it."""
    connection = sqlite3.connect(file, isolation_level=None)
    yield connection
    connection.close()


def put(base: sqlite3.Connection, delivery: Path) -> None:
    """The database holds what a folder holds, and nothing else."""
    folder = open_folder(delivery, jds())
    base.execute("begin")
    for name, table in jds().tables.items():
        names = ", ".join(f'"{column.name}"' for column in table.columns)
        with connect() as reading:
            rows = reading.execute(folder.scan(name)).fetchall()
        base.execute(f'create table if not exists "{name}" ({names}, primary key ({", ".join(table.primary_key)}))')
        base.execute(f'delete from "{name}"')
        base.executemany(f'insert into "{name}" values ({", ".join("?" * len(table.columns))})', rows)
    base.execute("commit")


def read(file: Path, raw: Path, *, full: bool = False) -> Extract:
    """A reading on top of what has landed, landed."""
    url = parse_source(f"sqlite:///{file}")
    assert isinstance(url, SqlUrl)
    given = open_source(url, jds(), KEY, Access(), landed=extracts(raw), released=ALL, full=full)
    return land(raw, given, jds(), KEY)


def test_nights_give_what_the_folder_and_a_full_reading_give(
    tmp_path: Path, file: Path, base: sqlite3.Connection
) -> None:
    raw = tmp_path / "raw"
    for number, delivery in enumerate(nights(tmp_path, 3)):
        put(base, delivery)
        extract = read(file, raw)
        assert extract.is_full == (number == 0)
        folder = [landed(delivery, tmp_path / f"folder{number}")]
        assert differences(extracts(raw), folder) == {}
        assert differences(extracts(raw), [read(file, tmp_path / f"whole{number}", full=True)]) == {}
        if number:
            rows = extract.facts["tables"]["aso_scores"]["rows"]
            assert rows < folder[0].facts["tables"]["aso_scores"]["rows"] / 4
            assert extract.gone("survivors"), "the simulated night deletes survivors"


def test_the_same_state_again_is_the_delivery_that_has_landed(
    tmp_path: Path, file: Path, base: sqlite3.Connection
) -> None:
    put(base, nights(tmp_path, 1)[0])
    one = read(file, tmp_path / "raw")
    url, landed_before = parse_sql_url(f"sqlite:///{file}"), extracts(tmp_path / "raw")
    again = open_sql(url, jds(), KEY, base_of(landed_before, ALL, origin=url.origin, contract=jds()), Access())
    assert again.facts.hash == one.facts["hash"]
    again.close()


def test_values_of_python_become_the_text_of_csv(tmp_path: Path, file: Path, base: sqlite3.Connection) -> None:
    delivery = nights(tmp_path, 1)[0]
    put(base, delivery)
    base.executescript("""
        create table typed as select assessment_id, indicator_code, cast(score as real) as score,
            case not_applicable when 'true' then 1 when 'false' then 0 end as not_applicable,
            is_deleted, modified_at, created_at from aso_scores;
        drop table aso_scores; alter table typed rename to aso_scores;
    """)
    assert differences([read(file, tmp_path / "raw")], [landed(delivery, tmp_path / "folder")]) == {}


def test_one_snapshot_holds_for_all_tables(
    tmp_path: Path, file: Path, base: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    from flows.extract.sql_tables import SqlTables

    delivery = nights(tmp_path, 1)[0]
    base.execute("pragma journal_mode = wal")
    put(base, delivery)
    copy, copied = SqlTables.copy, list[str]()

    def copy_while_others_write(self: SqlTables, table: str, *given: object, **more: object) -> None:
        copy(self, table, *given, **more)  # type: ignore[arg-type]
        copied.append(table)
        if len(copied) == 1:
            base.execute("delete from support_services")
            base.execute("update survivors set gender = 'other'")

    monkeypatch.setattr(SqlTables, "copy", copy_while_others_write)
    extract = read(file, tmp_path / "raw")
    assert base.execute("select count(*) from support_services").fetchone() == (0,)
    assert differences([extract], [landed(delivery, tmp_path / "folder")]) == {}


def test_a_mapped_database_gives_the_rows_of_the_folder(tmp_path: Path, file: Path, base: sqlite3.Connection) -> None:
    for path in write(tmp_path / "source").glob("*.csv"):
        rows = read_csv(path)
        base.execute(f'create table "{path.stem}" ({", ".join(f"{chr(34)}{name}{chr(34)}" for name in rows[0])})')
        base.executemany(
            f'insert into "{path.stem}" values ({", ".join("?" * len(rows[0]))})',
            [[value or None for value in row.values()] for row in rows],
        )
    url, mapping = parse_sql_url(f"sqlite:///{file}"), parse(TEXT, jds(), origin="small")
    given = open_sql(url, jds(), KEY, "first", Access(), mapping=mapping)
    land(tmp_path / "a", given, jds(), KEY)
    land(tmp_path / "b", opened(tmp_path / "source"), jds(), KEY)
    assert differences(extracts(tmp_path / "a"), extracts(tmp_path / "b")) == {}


FAULTS = {
    "a table is missing": (
        "alter table cases rename to cases_old",
        Exit.CONTRACT,
        "required tables are missing: cases",
    ),
    "a column is missing": (
        "alter table survivors rename consent_analytics to consent",
        Exit.CONTRACT,
        "required columns are missing: consent_analytics",
    ),
    "two rows have one key": (
        "create table twice as select * from offices union all select * from offices; drop table offices; "
        "alter table twice rename to offices",
        Exit.DELIVERY,
        "two rows have one key",
    ),
    "the tables are empty": ("delete from aso_scores", Exit.DELIVERY, "a table that cannot be empty has no rows"),
    "the clock went back": (
        "update offices set modified_at = '2001-01-01 00:00:00+00'",
        Exit.OLDER,
        "the clock of the database went back: rows have an older modified_at than the last release has seen",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_the_database_is_refused(tmp_path: Path, file: Path, base: sqlite3.Connection, fault: str) -> None:
    change, code, rule = FAULTS[fault]
    put(base, nights(tmp_path, 1, survivors=60)[0])
    read(file, tmp_path / "raw")
    base.executescript(change)
    with pytest.raises(StageError) as caught:
        read(file, tmp_path / "raw")
    assert (caught.value.code, caught.value.rule) == (code, rule)
    assert len(extracts(tmp_path / "raw")) == 1


def test_a_file_that_is_not_there_or_is_no_database_is_refused_and_not_made(tmp_path: Path) -> None:
    broken = tmp_path / "broken.sqlite"
    broken.write_bytes(b"se-cret" * 400)
    for path, rule in (
        (tmp_path / "none.sqlite", "the database cannot be reached"),
        (broken, "a table of the database could not be read to its end"),
    ):
        with pytest.raises(StageError) as caught:
            read(path, tmp_path / "raw")
        assert caught.value.rule == rule
        assert "sqlite" not in caught.value.text()
    assert not (tmp_path / "none.sqlite").exists()


@pytest.mark.parametrize(
    ("url", "rule"),
    [
        ("mysql://me:se-cret@host/jds", "a password stands in the URL of the database"),
        ("mysql+pymysql://me@host/jds?passwd=se-cret", "a password stands in the URL of the database"),
        ("mssql+pyodbc:///?odbc_connect=se-cret", "a password stands in the URL of the database"),
        ("mysql://me@host/se-cret", "the driver of this kind of database is not installed"),
        ("nosuchdb://me@host/se-cret", "there is no dialect of SQLAlchemy for this kind of database"),
    ],
)
def test_a_url_that_cannot_be_used_is_refused_without_being_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], url: str, rule: str
) -> None:
    said = run(monkeypatch, capsys, tmp_path / "home", "nightly", "--source", url)
    assert said.code == Exit.USAGE
    assert rule in refusal(said.err)
    assert "se-cret" not in said.out + said.err


def test_a_url_keeps_its_schema_and_its_origin_no_user() -> None:
    url = parse_sql_url("sqlite:///some/file?timeout=3")
    assert parse_sql_url(str(url)) == url
    assert (url.schema, url.origin) == (None, "sqlite:///some/file")
