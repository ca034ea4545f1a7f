"""Worklists: whose records they are, who may read the file, and that it is replaced whole."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from click.testing import CliRunner

from flows import access
from flows.casework import FILE, UnknownOfficeError, outlook_of, work_of, write
from flows.cli import cli
from flows.errors import NothingPublishedError, StageError
from flows.estimates.tables import write_casework
from flows.warehouse import Home

FINDINGS = [
    ("aso_assessments.two_on_a_day", "o1", "aso_assessments", "a1", "e1"),
    ("aso_assessments.two_on_a_day", "o1", "aso_assessments", "a2", "e1"),
    ("aftercare_episodes.overdue_assessment", "o1", "aftercare_episodes", "e2", "e2"),
    ("aftercare_episodes.orphan", "o1", "aftercare_episodes", "e3", "e3"),
    ("aso_assessments.two_on_a_day", "o2", "aso_assessments", "a9", "e9"),
]
CHECKS = [
    ("aso_assessments.two_on_a_day", "warn", "office", "Keep one."),
    ("aftercare_episodes.overdue_assessment", "pass_with_violations", "office", "Assess now."),
    ("aftercare_episodes.orphan", "warn", "source", "Restore the record."),
]


def a_build(folder: Path, findings: list[tuple[str, ...]]) -> Path:
    """A build file with what worklists are made from."""
    path = folder / "build.duckdb"
    path.unlink(missing_ok=True)
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema intermediate; create schema quality; create schema core")
        connection.execute(
            "create table core.dim_office as select * from (values ('o1'), ('o2'), ('o3')) as o(office_id)"
        )
        columns = "check_id varchar, office_id varchar, source_table varchar, record_key varchar, episode_key varchar"
        connection.execute(f"create table intermediate.int_finding ({columns})")
        connection.executemany("insert into intermediate.int_finding values (?, ?, ?, ?, ?)", findings)
        connection.execute(
            'create table quality."check" (check_id varchar, status varchar, owner varchar, guidance varchar)'
        )
        connection.executemany('insert into quality."check" values (?, ?, ?, ?)', CHECKS)
    return path


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home with worklists."""
    where = Home(tmp_path / "home")
    where.root.mkdir()
    assert write(where, a_build(tmp_path, FINDINGS), "2026-11-01-0001", date(2026, 11, 1)) == 4
    return where


def test_an_office_sees_its_own_records_that_it_can_set_right(home: Home) -> None:
    work = work_of(home, "o1")
    assert work.release_id == "2026-11-01-0001"
    assert list(work.checks) == ["aso_assessments.two_on_a_day", "aftercare_episodes.overdue_assessment"]
    assert work.checks["aso_assessments.two_on_a_day"] == (
        "warn",
        "Keep one.",
        [("aso_assessments", "a1", "e1"), ("aso_assessments", "a2", "e1")],
    )
    assert work_of(home, "o3").checks == {}


def test_only_the_owner_may_read_the_file(home: Home) -> None:
    assert (home.casework / FILE).stat().st_mode & 0o777 == 0o600
    assert home.casework.stat().st_mode & 0o777 == 0o700


def test_the_next_night_replaces_it_whole(home: Home, tmp_path: Path) -> None:
    assert write(home, a_build(tmp_path, FINDINGS[-1:]), "2026-11-02-0002", date(2026, 11, 2)) == 1
    work = work_of(home, "o1")
    assert (work.release_id, work.checks) == ("2026-11-02-0002", {})
    assert [path.name for path in home.casework.iterdir()] == [FILE]


def test_a_night_that_fails_leaves_the_last_one(home: Home, tmp_path: Path) -> None:
    build = a_build(tmp_path, FINDINGS)
    with duckdb.connect(str(build)) as connection:
        connection.execute("drop table intermediate.int_finding")
    with pytest.raises(StageError):
        write(home, build, "2026-11-02-0002", date(2026, 11, 2))
    assert work_of(home, "o1").release_id == "2026-11-01-0001"


def test_who_asks_for_what_is_not_there_is_told(home: Home, tmp_path: Path) -> None:
    with pytest.raises(UnknownOfficeError, match="there is no such office"):
        work_of(home, "nowhere")
    with pytest.raises(NothingPublishedError, match="no worklist yet"):
        work_of(Home(tmp_path / "empty"), "o1")


def test_the_command_shows_counts_and_records_who_lists_keys(home: Home) -> None:
    said = CliRunner().invoke(cli, ["worklist", "--office", "o1", "--home", str(home.root)])
    assert said.exit_code == 0
    assert "     2  aso_assessments.two_on_a_day  (warn)\n        Keep one." in said.output
    assert "a1" not in said.output
    assert not home.audit_log.exists()
    check = ["--check", "aso_assessments.two_on_a_day"]
    said = CliRunner().invoke(cli, ["worklist", "--office", "o1", *check, "--home", str(home.root)])
    assert [line.split() for line in said.output.splitlines()[1:]] == [
        ["aso_assessments", "a1", "episode", "e1"],
        ["aso_assessments", "a2", "episode", "e1"],
        ["2", "records"],
    ]
    (line,) = home.audit_log.read_text().splitlines()
    assert json.loads(line)["facts"] == {"check": check[1], "n": 2, "office": "o1"}


def test_what_estimates_keep_of_single_people_is_there_and_nowhere_else(tmp_path: Path) -> None:
    where, build = Home(tmp_path / "home"), a_build(tmp_path, FINDINGS)
    where.root.mkdir()
    write_casework(build, "forecast", pd.DataFrame({"episode_key": ["e2", "e1"], "estimate": [0.5, 0.25]}))
    write(where, build, "2026-11-01-0001", date(2026, 11, 1))
    with duckdb.connect(str(where.casework / FILE), read_only=True) as connection:
        assert connection.execute("from forecast").fetchall() == [("e1", 0.25), ("e2", 0.5)]


def a_forecast(expires_on: date) -> pd.DataFrame:
    """What the duration stage keeps of one person."""
    states = {"restored": 0.3, "in_care": 0.6, "lost": 0.07, "other_exit": 0.03}
    about = {"episode_key": "e1", "office_id": "o1", "as_of_day": 100, "day": 283, "as_of": date(2026, 11, 1)}
    return pd.DataFrame(
        [
            {**about, "state": state, "estimate": p, "lower": p - 0.02, "upper": p + 0.02, "expires_on": expires_on}
            for state, p in states.items()
        ]
    )


def test_a_forecast_is_shown_with_its_limits_until_it_expires_and_the_use_is_recorded(tmp_path: Path) -> None:
    where, build = Home(tmp_path / "home"), a_build(tmp_path, FINDINGS)
    where.root.mkdir()
    asked = ["forecast", "e1", "--home", str(where.root)]
    assert "there is no forecast yet" in CliRunner().invoke(cli, asked).exception.text()
    write_casework(build, "forecast", a_forecast(date(2100, 1, 1)))
    write(where, build, "2026-11-01-0001", date(2026, 11, 1))
    said = CliRunner().invoke(cli, asked)
    assert said.exit_code == 0
    assert "as of 2026-11-01; do not use after 2100-01-01" in said.output
    assert "    30 (28 to 32)  restored, whether seen or not" in said.output
    assert [(line["what"], line["facts"]["n"]) for line in access.lines(where)] == [("forecast", 1)]
    assert "e1" not in json.dumps([line["facts"] for line in access.lines(where)])
    with pytest.raises(NothingPublishedError, match="expired"):
        outlook_of(where, "e1", today=date(2100, 1, 2))
    with pytest.raises(NothingPublishedError, match="no forecast of this episode"):
        outlook_of(where, "e9", today=date(2026, 11, 2))
