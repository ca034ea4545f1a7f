"""notebooks/release.py, run as a script on a release: each number that the report draws is one of share/ and one of the marts."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from flows import access
from flows.warehouse import Home
from tests.architecture.tree import ROOT
from tests.conftest import WholeNight
from tests.pages import drawn_values, is_number, read_page, shared, tables

pytestmark = pytest.mark.xdist_group("clean")


def run(home: Path, to: Path) -> subprocess.CompletedProcess[str]:
    """The notebook as a script, away from any server."""
    given = {name: value for name, value in os.environ.items() if not name.startswith("AFTERCARE_")}
    command = [sys.executable, "notebooks/release.py", "--home", str(home), "--to", str(to)]
    return subprocess.run(command, cwd=ROOT, env=given, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def compared(clean_night: WholeNight, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, str]]:
    """Every comparison that it makes, as rows."""
    to = tmp_path_factory.mktemp("notebook") / "compared.csv"
    asked = len(access.lines(Home(clean_night.home)))
    done = run(clean_night.home, to)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "drawn numbers are those of the marts" in done.stdout
    assert [line["what"] for line in access.lines(Home(clean_night.home))[asked:]] == ["sql", "sql"]
    with to.open(newline="") as file:
        return list(csv.DictReader(file))


def test_every_number_that_the_report_draws_is_compared(
    clean_night: WholeNight, compared: list[dict[str, str]]
) -> None:
    held = {table: {float(row["shared"]) for row in compared if row["table"] == table} for table in _tables(compared)}
    drawn = 0
    for path in sorted((clean_night.home / "current" / "report").glob("*.html")):
        for figure in read_page(path.read_text(encoding="utf-8")).iter("figure"):
            (behind, *_) = [table for table in tables(figure) if table.kind != "at_risk"]
            numbers = {float(one) for mark in drawn_values(figure) for one in mark if is_number(one)}
            months = {float(month) for month in (6, 12, 18, 24, 30, 36)} if behind.source == "curves" else set()
            assert numbers - months <= held[behind.source], (path.name, figure.get("data-name"))
            drawn += len(numbers)
    assert drawn > 30


def test_what_it_compares_are_the_numbers_of_share_and_of_the_marts(
    clean_night: WholeNight, compared: list[dict[str, str]]
) -> None:
    live = clean_night.home / "current"
    for table in _tables(compared):
        cells = {value for row in shared(live / "share", table) for value in row.values()}
        texts = {float(cell) for cell in cells if is_number(cell)}
        assert {float(row["shared"]) for row in compared if row["table"] == table} <= texts
    with duckdb.connect(str(live / "marts.duckdb"), read_only=True) as marts:
        rows = marts.execute("select outcome, code, importance from models.risk_indicator").fetchall()
    exact = {f"{outcome} | {code}": importance for outcome, code, importance in rows}
    risks = [row for row in compared if row["table"] == "risk_indicators" and row["column"] == "importance"]
    assert risks
    assert [float(row["marts"]) for row in risks] == pytest.approx([exact[row["what"]] for row in risks])


def test_numbers_that_the_marts_do_not_give_are_found(
    clean_night: WholeNight, a_copy: Callable[[WholeNight], WholeNight], tmp_path: Path
) -> None:
    night = a_copy(clean_night)
    share = (night.home / "current").resolve() / "share"
    share.chmod(0o750)
    changed = {_change(share, *cell) for cell in (("curves", "estimate_percent"), ("risk_indicators", "importance"))}
    done = run(night.home, tmp_path / "compared.csv")
    assert done.returncode == 1
    with (tmp_path / "compared.csv").open(newline="") as found:
        wrong = [row for row in csv.DictReader(found) if row["agrees"] == "False"]
    assert changed <= {(row["table"], row["column"], float(row["shared"])) for row in wrong}
    assert len(wrong) <= 3  # of a curve also who is left in care, since that is what the others leave


def _change(share: Path, table: str, column: str) -> tuple[str, str, float]:
    """Add 5 to one number of a table; gives the table, the column and what stands there now."""
    file = share / f"{table}.csv"
    file.chmod(0o640)
    rows = shared(share, table)
    row = next(row for row in rows if row[column] and float(row[column]) != 0)
    row[column] = str(float(row[column]) + 5)
    with file.open("w", newline="") as out:
        writer = csv.DictWriter(out, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return table, column, float(row[column])


def _tables(compared: list[dict[str, str]]) -> set[str]:
    return {row["table"] for row in compared}
