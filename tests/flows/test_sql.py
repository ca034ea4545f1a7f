"""`aftercare sql`: results as table, CSV and Parquet, and a session with history and completion at a real terminal."""

from __future__ import annotations

import csv
import io
import os
import pty
import select
import stat
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from flows.publish.release import open_release
from flows.query import format_of
from flows.sql_session import HISTORY, completions, names, statements
from flows.warehouse import Home
from tests.conftest import WholeNight, aftercare_here

pytestmark = pytest.mark.xdist_group("clean")

QUERY = "select office_id, count(*) as n, max(exit_day) as most, max(null::int) as none from core.fct_episode group by all order by all"


def asked(night: WholeNight, *arguments: object) -> str:
    """What the command prints; it must succeed."""
    done = aftercare_here("sql", *arguments, home=night.home, key_file=night.key_file)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def expected(clean_night: WholeNight) -> list[tuple[object, ...]]:
    """The rows, straight from the file of the release."""
    with duckdb.connect(str(clean_night.home / "current" / "marts.duckdb"), read_only=True) as marts:
        return marts.execute(QUERY).fetchall()


def test_csv_keeps_whole_numbers_whole_and_nothing_empty(
    clean_night: WholeNight, expected: list[tuple[object, ...]]
) -> None:
    rows = list(csv.reader(io.StringIO(asked(clean_night, QUERY, "--format", "csv"))))
    assert rows[0] == ["office_id", "n", "most", "none"]
    assert [tuple(row) for row in rows[1:]] == [(office, str(n), str(most), "") for office, n, most, _ in expected]


@pytest.mark.parametrize("name", ["result.parquet", "result.csv"])
def test_a_file_holds_every_row_and_is_the_users_alone(
    clean_night: WholeNight, expected: list[tuple[object, ...]], tmp_path: Path, name: str
) -> None:
    file = tmp_path / name
    assert asked(clean_night, QUERY, "--to", file).startswith(f"{len(expected):,} rows are in {file}")
    found = duckdb.sql(f"select * from '{file}'").fetchall()
    assert [row[:3] for row in found] == [row[:3] for row in expected]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    if name.endswith("parquet"):
        assert str(pq.read_schema(file).field("n").type) == "int64"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((QUERY, "--format", "parquet"), "Parquet is not for a screen"),
        (("select [1] as l", "--format", "csv"), "the columns l hold lists"),
        (("select no_such_column from core.fct_episode", "--to", "{new}"), "show all tables"),
        ((QUERY, "--to", "{there}"), "the file is there already"),
        ((QUERY, "--to", "{nowhere}"), "the file cannot be written"),
        (("--to", "{new}"), "a file is written for one query"),
    ],
)
def test_what_cannot_be_given_is_refused_and_leaves_no_file(
    clean_night: WholeNight, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    there = tmp_path / "there.csv"
    there.write_text("mine")
    places = {"new": tmp_path / "new.csv", "there": there, "nowhere": tmp_path / "no" / "x.csv"}
    given = [argument.format(**places) for argument in arguments]
    done = aftercare_here("sql", *given, home=clean_night.home, key_file=clean_night.key_file)
    assert done.returncode == 2
    assert said in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["there.csv"]
    assert there.read_text() == "mine"


def test_the_format_is_what_was_asked_for_or_what_the_file_is_named() -> None:
    assert [format_of(None, None), format_of(Path("a.PARQUET"), None), format_of(Path("a.txt"), None)] == [
        "table",
        "parquet",
        "csv",
    ]
    assert format_of(Path("a.parquet"), "csv") == "csv"


def test_tables_columns_and_keywords_are_completed(clean_night: WholeNight) -> None:
    with open_release(Home(clean_night.home)) as connection:
        known = names(connection)
    assert completions("core.fct_ep", known) == ["core.fct_episode"]
    assert "core.fct_episode" in completions("CORE.", known)
    assert completions("exit_da", known) == ["exit_day"]
    assert completions("e.exit_da", known) == ["e.exit_day"]
    assert completions("HAVIN", known) == ["having"]
    assert completions("no_such", known) == []


def test_a_statement_ends_with_its_semicolon_and_a_stop_throws_it_away() -> None:
    assert list(statements(iter(["select 1\n", ";\n", "select\n", "", "select 2;\n", "select 3"]))) == [
        "select 1\n;\n",
        "select 2;\n",
        "select 3",
    ]


def test_a_session_at_a_terminal_completes_goes_on_after_an_error_and_remembers(
    clean_night: WholeNight, tmp_path: Path
) -> None:
    """Two sessions in a terminal of its own: what was typed in the first comes back in the second with the arrow."""
    said = at_a_terminal(
        clean_night, tmp_path, "select nothing;\n", "select count(*) + 1000 as many from core.dim_off\t;\n"
    )
    assert "correct the query" in said
    with duckdb.connect(str(clean_night.home / "current" / "marts.duckdb"), read_only=True) as marts:
        (many,) = marts.execute("select count(*) + 1000 from core.dim_office").fetchone() or (0,)
    assert str(many) in said
    kept = tmp_path / HISTORY
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert "from core.dim_office" in kept.read_text()
    assert str(many) in at_a_terminal(clean_night, tmp_path, "\x1b[A\n")
    before = kept.read_text()
    at_a_terminal(clean_night, tmp_path, "select 4711;\n", option="--no-history")
    assert kept.read_text() == before


def at_a_terminal(night: WholeNight, user: Path, *typed: str, option: str = "") -> str:
    """What a session shows to a user whose home folder is given; each text is typed when the prompt is there."""
    ours, theirs = pty.openpty()
    given = {name: value for name, value in os.environ.items() if not name.startswith("AFTERCARE_")}
    given |= {"HOME": str(user), "TERM": "dumb", "AFTERCARE_HOME": str(night.home)}
    command = [sys.executable, "-c", "from flows.cli import main; main()", "sql", *filter(None, [option])]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=given) as session:
        os.close(theirs)
        said = ""
        for text in typed:
            said += until_prompt(ours)
            os.write(ours, text.encode())
        said += until_prompt(ours)
        os.write(ours, b"\x04")
        assert session.wait(timeout=60) == 0
    os.close(ours)
    return said


def until_prompt(terminal: int) -> str:
    """What is shown until the prompt stands there again."""
    said, end = "", time.monotonic() + 60
    while not said.endswith("sql > "):
        assert time.monotonic() < end, said
        if select.select([terminal], [], [], 1)[0]:
            said += os.read(terminal, 4096).decode(errors="replace")
    return said
