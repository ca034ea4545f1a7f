"""A database that cannot be read whole: what is said, the exit code, and that nothing was landed."""

from __future__ import annotations

import random
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from flows.errors import Exit, StageError
from flows.extract.contract import jds
from flows.extract.database import Access, open_database
from flows.extract.land import extracts, land
from flows.extract.resume import base_of
from flows.extract.url import DatabaseUrl, parse_url
from tests.conftest import WholeNight
from tests.database.readings import ALL, begin, differences, nights, play, read
from tests.database.server import Relay, Server, start
from tests.faults.refusals import refusal, run, visible
from tests.nights import KEY, landed

Sql = Callable[[str], str]
STAYS = "Next: "
ADD = STAYS + "map or add the columns at the source; nothing of the delivery was loaded"


@pytest.fixture
def filled(tmp_path: Path, database: DatabaseUrl) -> Path:
    """The raw folder after one reading of a database that holds a night."""
    play(database, nights(tmp_path, 1)[0])
    read(database, tmp_path / "raw")
    return tmp_path / "raw"


def refused(what: Callable[[], object]) -> StageError:
    """The error of what must be refused."""
    with pytest.raises(StageError) as caught:
        what()
    return caught.value


SQL_FAULTS = {
    "a table is missing": (
        "alter table jds.cases rename to cases_old",
        "delivery check refused (exit 11): required tables are missing: cases. Count: 1. "
        f"{STAYS}map or add the tables at the source; nothing of the delivery was loaded",
    ),
    "a column is missing": (
        "alter table jds.survivors rename consent_analytics to consent",
        f"delivery check refused (exit 11): required columns are missing: consent_analytics. Table: survivors. Count: 1. {ADD}",
    ),
    "the cursor column is missing": (
        "alter table jds.cases drop modified_at",
        f"delivery check refused (exit 11): required columns are missing: modified_at. Table: cases. Count: 1. {ADD}",
    ),
    "the schema is missing": (
        "alter schema jds rename to other",
        "delivery check refused (exit 11): the schema is not in the database, or the user may not use it. "
        f"{STAYS}name the schema in the URL (?schema=...), or grant usage on it, then run again",
    ),
    "two rows have one key": (
        "alter table jds.survivors drop constraint survivors_pkey; "
        "insert into jds.survivors select * from jds.survivors order by 1 limit 2",
        "delivery check refused (exit 10): two rows have one key. Table: survivors. Count: 2. "
        f"{STAYS}mend the rows and give the table a primary key on the key of the contract, then run again",
    ),
    "a row has no key": (
        "alter table jds.cases drop constraint cases_pkey; alter table jds.cases alter case_id drop not null; "
        "insert into jds.cases (office_id, modified_at) values ('O', now())",
        "delivery check refused (exit 10): a row has no key. Table: cases. Count: 1. "
        f"{STAYS}mend the rows and give the table a primary key on the key of the contract, then run again",
    ),
    "the tables are empty": (
        "truncate jds.aso_scores",
        "delivery check refused (exit 10): a table that cannot be empty has no rows. Table: aso_scores. "
        f"{STAYS}check the schema in the URL, and that JDS has filled the table",
    ),
    "the clock went back": (
        "update jds.offices set modified_at = modified_at - interval '9 days'",
        "delivery check refused (exit 12): the clock of the database went back: rows have an older modified_at than the last "
        f"release has seen. Table: offices. Count: 8. {STAYS}find out whether an older copy was put in place; if that was "
        "meant, run aftercare nightly with --full",
    ),
}


@pytest.mark.parametrize("fault", SQL_FAULTS)
def test_a_fault_of_the_database_is_refused(filled: Path, database: DatabaseUrl, sql: Sql, fault: str) -> None:
    change, text = SQL_FAULTS[fault]
    sql(change)
    assert refused(lambda: begin(database, filled)).text() == text
    assert len(extracts(filled)) == 1


@pytest.mark.xdist_group("clean")
def test_a_refused_database_leaves_a_whole_home_as_it_is(
    clean_night: WholeNight,
    database: DatabaseUrl,
    server: Server,
    sql: Sql,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("AFTERCARE_KEY_FILE", str(clean_night.key_file))
    play(database, clean_night.delivery)
    sql("alter table jds.cases drop modified_at")
    before = visible(clean_night.home)
    source = server.url(dict(database.libpq)["dbname"])
    said = run(monkeypatch, capsys, clean_night.home, "nightly", "--source", source)
    assert said.code == Exit.CONTRACT
    assert refusal(said.err) == (
        "delivery check refused (exit 11): required columns are missing: modified_at. Table: cases. Count: 1. The last release "
        "stays live. Next: map or add the columns at the source; nothing of the delivery was loaded"
    )
    assert visible(clean_night.home) == before


def test_a_server_that_starts_anew_while_tables_land_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """A server of its own, stopped as a crash would and started again between two tables; the next reading is whole."""
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    folder.chmod(0o755)
    delivery, raw = nights(tmp_path, 1)[0], tmp_path / "raw"
    with start(folder / "data") as own:
        url = parse_url(own.url(own.create()))
        play(url, delivery)
        begun = begin(url, raw)
        restarted = []

        def progress(table: str) -> None:
            if table == "aso_scores":
                own.restart()
                restarted.append(table)

        error = refused(lambda: land(raw, begun, jds(), KEY, progress=progress))
        assert restarted == ["aso_scores"]
        assert (error.code, error.rule) == (Exit.DELIVERY, "the connection to the database was cut while it was read")
        assert extracts(raw) == []
        assert not list(raw.glob(".landing-*"))
        assert differences([read(url, raw)], [landed(delivery, tmp_path / "folder")]) == {}
    shutil.rmtree(folder, ignore_errors=True)


def test_all_is_read_again_when_a_clock_that_went_back_was_meant(filled: Path, database: DatabaseUrl, sql: Sql) -> None:
    sql("update jds.offices set modified_at = modified_at - interval '9 days'")
    assert read(database, filled, full=True).is_full
    assert begin(database, filled).facts.mode == "incremental"


def test_a_server_that_is_down_or_a_wrong_password_is_refused(server: Server, database: DatabaseUrl) -> None:
    name = dict(database.libpq)["dbname"]
    server.sql("drop role if exists reader; create role reader login password 'the right one'", name)
    closed = Relay(server)
    closed.close()
    cases = {
        closed.url(name): "the database cannot be reached",
        f"postgresql://postgres@/{name}?host=/no/such/folder": "the database cannot be reached",
        server.url(name, user="reader"): "the database refused the user or the password",
        server.url(name, user="nobody-7"): "the database refused the user or the password",
        server.url("nothing-here"): "there is no database of that name on the server",
    }
    for url, rule in cases.items():
        error = refused(
            lambda url=url: open_database(parse_url(url), jds(), KEY, "first", Access(password="wrong one"))
        )
        assert (error.rule, error.code) == (rule, Exit.DELIVERY)
        assert not any(
            word in error.text() for word in ("wrong one", "reader", "nobody-7", "nothing-here", name, "/no/such")
        )
    right = Access(password="the right one")
    error = refused(lambda: open_database(parse_url(server.url(name, user="reader")), jds(), KEY, "first", right))
    assert error.code == Exit.CONTRACT, "the password is right: what is missing is the schema"


def test_tables_that_may_not_be_read_are_named(filled: Path, server: Server, database: DatabaseUrl, sql: Sql) -> None:
    sql(
        "drop role if exists clerk; create role clerk login; grant usage on schema jds to clerk; "
        "grant select on all tables in schema jds to clerk; revoke select on jds.cases from clerk"
    )
    url = parse_url(server.url(dict(database.libpq)["dbname"], user="clerk"))
    error = refused(lambda: open_database(url, jds(), KEY, "first", Access()))
    assert error.rule == "the user may not read these tables: cases"
    sql("drop owned by clerk; drop role clerk")


@pytest.mark.parametrize("points", [3, pytest.param(10, marks=pytest.mark.slow)])
def test_a_connection_cut_at_points_of_a_full_and_an_incremental_reading_loses_and_doubles_nothing(
    tmp_path: Path, server: Server, database: DatabaseUrl, points: int
) -> None:
    first, second = nights(tmp_path, 2, survivors=300)
    raw, name = tmp_path / "raw", dict(database.libpq)["dbname"]

    def reading(relay: Relay, into: Path) -> None:
        # The relay's port is new each time; to the cursor it is the same place.
        url = parse_url(relay.url(name) + "?gssencmode=disable")
        base = base_of(extracts(into), ALL, origin=database.origin, contract=jds())
        begun = open_database(url, jds(), KEY, base, Access())
        land(into, replace(begun, facts=replace(begun.facts, origin=database.origin)), jds(), KEY)
        relay.close()

    chance = random.Random(9)
    for delivery in (first, second):
        play(database, delivery)
        measured, whole = tmp_path / f"measured of {delivery.name}", Relay(server)
        if raw.exists():
            shutil.copytree(raw, measured)
        reading(whole, measured)
        for after in sorted(chance.sample(range(2000, int(whole.passed * 0.9)), points)):
            before = [extract.sequence for extract in extracts(raw)]
            error = refused(lambda after=after: reading(Relay(server, cut_after=after), raw))
            assert error.code == Exit.DELIVERY
            assert [extract.sequence for extract in extracts(raw)] == before
            assert not list(raw.glob(".landing-*"))
        reading(Relay(server), raw)
        assert differences(extracts(raw), [landed(delivery, tmp_path / f"folder of {delivery.name}")]) == {}
    assert [extract.is_full for extract in extracts(raw)] == [True, False]


def test_a_server_that_ends_the_connection_while_tables_land_is_refused(
    tmp_path: Path, database: DatabaseUrl, sql: Sql
) -> None:
    play(database, nights(tmp_path, 1)[0])
    begun = begin(database, tmp_path / "raw")
    sql("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'aftercare'")
    error = refused(lambda: land(tmp_path / "raw", begun, jds(), KEY))
    assert error.rule == "the connection to the database was cut while it was read"
    assert error.stage == "landing"
    assert extracts(tmp_path / "raw") == []


@pytest.mark.parametrize(
    ("url", "rule"),
    [
        ("postgresql://me:se-cret@host/jds", "a password stands in the URL of the database"),
        ("postgresql://me@host/jds?password=se-cret", "a password stands in the URL of the database"),
        ("postgresql://me@host:se-cret/jds", "the URL of the database cannot be read"),
        ("postgresql://me@host/jds?se-cret=1", "1 options of the URL are not known"),
    ],
)
def test_a_url_that_cannot_be_used_is_refused_without_being_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], url: str, rule: str
) -> None:
    said = run(monkeypatch, capsys, tmp_path / "home", "nightly", "--source", url)
    assert said.code == Exit.USAGE
    assert rule in refusal(said.err)
    assert "se-cret" not in said.out + said.err


def test_the_command_reads_the_password_from_the_environment_and_refuses_in_one_paragraph(
    tmp_path: Path,
    server: Server,
    database: DatabaseUrl,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    name = dict(database.libpq)["dbname"]
    server.sql("drop role if exists reader; create role reader login password 'the right one'")
    monkeypatch.setenv("AFTERCARE_KEY_FILE", str(tmp_path / "key"))
    for password, code in (("wrong one", Exit.DELIVERY), ("the right one", Exit.CONTRACT)):
        monkeypatch.setenv("AFTERCARE_DATABASE_PASSWORD", password)
        said = run(monkeypatch, capsys, tmp_path / "home", "nightly", "--source", server.url(name, user="reader"))
        assert said.code == code
        assert refusal(said.err)
        assert password not in said.out + said.err


def test_simulate_fills_a_database_and_plays_the_next_night(
    tmp_path: Path, database: DatabaseUrl, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    first = run(monkeypatch, capsys, tmp_path, "simulate", one, "--survivors", 60, "--to", str(database))
    second = run(monkeypatch, capsys, tmp_path, "simulate", two, "--next", one, "--to", str(database))
    assert (first.code, second.code) == (0, 0), first.err + second.err
    assert differences([read(database, tmp_path / "raw")], [landed(two, tmp_path / "folder")]) == {}
    wrong = run(monkeypatch, capsys, tmp_path, "simulate", tmp_path / "x", "--faults", "--to", str(database))
    assert wrong.code == Exit.USAGE
