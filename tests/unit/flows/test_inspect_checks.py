"""`aftercare checks`: which rows are shown, what is said of them, and what the present limits make of stored counts."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from click.testing import CliRunner

from expectations.run import ACCEPTED, PROMISED, run_door
from expectations.suites import DOORS, registry
from flows import history
from flows.cli import cli
from flows.inspect_checks import check_lines, check_rows, rejudged
from flows.warehouse import Home

WARNS, CLEAN = "survivors.extra_columns", "offices.file_hash"


def stored(home: Home, columns: list[str] | None = None) -> None:
    """A run that did not publish, with the checks of the landing door; one of them warns."""
    rows = [(check.check_id, 20, 3 if check.check_id == WARNS else 0) for check in registry("landing")]
    frame = run_door("landing", None, pd.DataFrame(rows, columns=["check_id", "n_checked", "n_failed"])).rows
    folder = home.runs / "20261101T000000-x"
    folder.mkdir(parents=True)
    with duckdb.connect(str(folder / "build.duckdb")) as connection:
        connection.register("frame", frame[columns] if columns else frame)
        connection.execute('create schema quality; create table quality."check" as from frame')


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home with a run that did not publish."""
    stored(Home(tmp_path))
    return Home(tmp_path)


@pytest.mark.parametrize(
    ("chosen", "found"),
    [
        ({"family": "conformance"}, lambda check: check.family == "conformance"),
        ({"family": "timeliness"}, lambda check: check.sub_family == "timeliness"),
        (
            {"severity": "block", "table": "cases"},
            lambda check: check.severity == "block" and check.table_name == "cases",
        ),
        ({"owner": "data"}, lambda check: check.owner == "data"),
        ({"status": "warn"}, lambda check: check.check_id == WARNS),
        ({"status": None}, lambda check: True),
    ],
)
def test_rows_are_chosen(home: Home, chosen: dict, found) -> None:
    rows = check_rows(home, of_run=True, failed=False, chosen=chosen)
    assert (
        {row["check_id"] for row in rows} == {check.check_id for check in registry("landing") if found(check)} != set()
    )


def test_guidance_says_who_acts_and_how(home: Home) -> None:
    lines = check_lines(check_rows(home, of_run=True, failed=True), guidance=True)
    assert lines[-2].strip() == "source: Leave it out of the export, or have it classified in the source contract."
    assert lines[-1] == "1 warn"


def test_a_release_from_before_owners_can_be_shown(tmp_path: Path) -> None:
    stored(Home(tmp_path), PROMISED)
    rows = check_rows(Home(tmp_path), of_run=True, failed=False)
    assert len(rows) == len(registry("landing"))
    assert rows[0]["owner"] is None


def test_nothing_changes_under_the_same_limits(home: Home) -> None:
    again = rejudged(check_rows(home, of_run=True, failed=False))
    assert (again.lines[0], again.is_refused) == ("no check would end otherwise", False)


def test_changed_limits_show_what_would_end_otherwise(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    before = registry("landing")
    changed = [
        replace(check, max_failed=None, max_percent=50) if check.check_id == WARNS else check
        for check in registry("landing")
    ]
    later = replace(changed[0], check_id="offices.brand_new")
    monkeypatch.setitem(DOORS, "landing", [*changed, later])
    rows = check_rows(home, of_run=True, failed=False)
    again = rejudged(rows)
    assert again.lines[:3] == [
        f"{WARNS}: warn -> pass_with_violations, 3 of 20",
        "    limit at most 0 -> at most 50 %",
        "1 checks were registered later and have no count: offices.brand_new",
    ]
    assert not again.is_refused
    tightened = [replace(check, severity="block") for check in before]
    monkeypatch.setitem(DOORS, "landing", tightened)
    assert rejudged(rows).is_refused
    accepted = [{**row, "because": f"{row['because']} {ACCEPTED}"} if row["check_id"] == WARNS else row for row in rows]
    assert not rejudged(accepted).is_refused


def test_the_command_ends_with_14_where_a_shown_check_fails(home: Home) -> None:
    def run(*words: str) -> int:
        return CliRunner().invoke(cli, ["checks", "--run", "--home", str(home.root), *words]).exit_code

    assert run() == 0
    with duckdb.connect(str(next(home.runs.glob("*/build.duckdb")))) as connection:
        connection.execute(
            f"update quality.\"check\" set status = 'fail', severity = 'block' where check_id = '{WARNS}'"
        )
    assert (run(), run("--table", "cases"), run("--owner", "source", "--failed")) == (14, 0, 14)
    assert run("--rejudge") == 0  # by the present limits it warns
    assert run("--rejudge", "--failed") == 2


def test_recent_nights_are_those_of_the_present_before_this_date_and_not_rolled_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(tmp_path)
    nights = {
        "2026-10-20-0006": 6,
        "2026-09-01-0001": 1,
        "2026-10-20-0002": 2,
        "2026-10-31-0003": 3,
        "2026-11-01-0004": 4,
        "2026-10-30-0005": 5,
    }
    for release_id, n in nights.items():
        folder = home.history / release_id
        folder.mkdir(parents=True)
        day, is_past = date.fromisoformat(release_id[:10]), release_id.endswith("6")
        remembered = history.Memory(
            release_id, day, None, (1,), "fingerprint", return_to="2026-11-01-0004" if is_past else None
        )
        (folder / history.MEMORY).write_text(remembered.as_json(), encoding="utf-8")
        with duckdb.connect() as connection:
            query = f"select 'survivors.volume' as check_id, 'rows' as code, {n}::bigint as n"
            connection.execute(f"copy ({query}) to '{folder / history.COUNTS}.parquet' (format parquet)")
    monkeypatch.setattr(history, "went_live", lambda _home: list(nights))
    with duckdb.connect() as build:
        build.execute("create schema raw")
        for live, as_of, wanted in [
            ("2026-11-01-0004", date(2026, 11, 1), [2, 3]),
            ("2026-10-30-0005", date(2026, 11, 1), [2, 3, 5]),
            ("2026-10-20-0006", date(2026, 11, 1), [2, 3, 5]),
            ("2026-11-01-0004", date(2026, 10, 25), [2]),
            (None, date(2026, 11, 1), []),
        ]:
            history.show_recent(build, home, live, as_of)
            assert [n for (n,) in build.execute("select n from raw.recent_counts order by n").fetchall()] == wanted
