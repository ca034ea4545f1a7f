"""Every check of the marts door finds the defect it is there for, and nothing in a clean delivery. R13, F64.

One delivery is built by dbt; defects are planted in copies of its build file and the compiled models run anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from expectations.run import run_door
from expectations.suites import registry
from flows.extract.simulate import Parameters, write_delivery
from tests.conftest import alone
from tests.faults import defects
from tests.faults.rebuild import CHECK_MODELS, counts, open_copy, rebuild
from tests.nights import built

pytestmark = pytest.mark.xdist_group("defects")

SURVIVORS = 1000
FIRED, QUIET = {"warn", "fail"}, {"pass", "pass_with_violations", "not_applicable"}


@pytest.fixture(scope="module")
def clean(common: Path) -> tuple[Path, Path]:
    """The build file of a clean delivery, and dbt's target folder with the compiled models."""
    folder = common / "defects"
    with alone(common / "defects.lock"):
        done = sorted((folder / "home" / "runs").glob("*/build.duckdb"))
        if not done:
            parameters = Parameters(survivors=SURVIVORS)
            write_delivery(folder / "delivery", parameters)
            done = [built([folder / "delivery"], folder / "home", folder / "target", as_of=parameters.as_of)]
    return done[0], folder / "target"


def statuses(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """How each check of the marts door ends on what is counted now."""
    rows = [(check, *count) for check, count in counts(connection).items()]
    verdict = run_door("marts", None, pd.DataFrame(rows, columns=["check_id", "n_checked", "n_failed"]))
    return dict(zip(verdict.rows["check_id"], verdict.rows["status"], strict=True))


@contextmanager
def a_copy(clean: tuple[Path, Path], folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A copy of the clean build file to spoil."""
    with open_copy(clean[0], folder / "build.duckdb") as connection:
        yield connection


def planted(clean: tuple[Path, Path], folder: Path, statements: dict[str, str]) -> set[str]:
    """The checks that fire after the statements have spoilt a copy."""
    with a_copy(clean, folder) as connection:
        for statement in statements.values():
            connection.execute(statement)
        rebuild(connection, clean[1])
        found = statuses(connection)
    assert set(found.values()) <= FIRED | QUIET
    return {check for check, status in found.items() if status in FIRED}


def test_nothing_fires_on_the_clean_control(clean: tuple[Path, Path], tmp_path: Path) -> None:
    with a_copy(clean, tmp_path) as connection:
        before = counts(connection)
        rebuild(connection, clean[1])
        assert counts(connection) == before
        assert {check: status for check, status in statuses(connection).items() if status not in QUIET} == {}


def test_every_check_is_planted_by_one_of_these() -> None:
    """Many of a kind also plant the twin that holds the run; nothing is left out."""
    twins = {check.check_id: check.same_count_as for check in registry("marts")}
    every = {**defects.many(), **defects.OFFICES, **defects.FOLLOW_UP, **defects.BROKEN}
    assert {check for check, base in twins.items() if check not in every and base not in every} == {
        "aftercare_episodes.overlapping"
    }
    assert "aftercare_episodes.overlapping" in defects.BESIDES


@pytest.mark.fault("F18", "F20", "F21", "F38", "F41", "F43")
def test_many_defects_of_rows_fire_their_checks_and_hold_the_run(clean: tuple[Path, Path], tmp_path: Path) -> None:
    wanted = set(defects.many()) | {"aftercare_episodes.overlapping"}
    wanted |= {check.check_id for check in registry("marts") if check.same_count_as in wanted}
    assert wanted - planted(clean, tmp_path, defects.many()) == set()


def test_one_defect_of_a_kind_fires_its_check_and_holds_nothing(clean: tuple[Path, Path], tmp_path: Path) -> None:
    statements = defects.few()
    fired = planted(clean, tmp_path, statements)
    assert (set(statements) - fired, fired - set(statements) - defects.BESIDES) == (set(), set())


@pytest.mark.parametrize("group", ["OFFICES", "FOLLOW_UP"])
@pytest.mark.fault("F19", "F29", "F35")
def test_an_office_or_caseload_that_stands_apart_fires(clean: tuple[Path, Path], tmp_path: Path, group: str) -> None:
    statements = getattr(defects, group)
    fired = planted(clean, tmp_path, statements)
    assert (set(statements) - fired, fired - set(statements) - defects.BESIDES) == (set(), set())


def test_F38_ten_times_the_rows_or_half_of_them_hold_the_run_and_the_usual_number_does_not(
    clean: tuple[Path, Path], tmp_path: Path
) -> None:
    """The recent nights had a tenth of the rows, twice as many, or as many as tonight."""
    usual = {"survivors.volume": 10.0, "aso_scores.volume": 0.5, "health_services.volume": 1.0}
    with a_copy(clean, tmp_path) as connection:
        for check, times in usual.items():
            connection.execute(
                f"insert into raw.recent_counts select ?, 'rows', count(*) / ? from raw.{check.split('.')[0]}, range(7)",
                [check, times * 7],
            )
            rows = "select check_id, code, n from raw.recent_counts where check_id = ?"
            connection.execute(f"insert into raw.recent_counts select t.* from ({rows}) as t, range(6)", [check])
        rebuild(connection, clean[1], CHECK_MODELS)
        found = statuses(connection)
    held = {check: found[check] == "fail" for check in usual}
    assert held == {"survivors.volume": True, "aso_scores.volume": True, "health_services.volume": False}


def test_F17_dates_under_each_others_names_hold_the_run(clean: tuple[Path, Path], tmp_path: Path) -> None:
    """Both are dates, so no type tells; that people leave before they come does."""
    swap = (
        "update raw.aftercare_episodes set intake_date = exit_date, exit_date = intake_date where exit_date is not null"
    )
    with a_copy(clean, tmp_path) as connection:
        connection.execute(swap)
        rebuild(connection, clean[1])
        found = statuses(connection)
    assert found["aftercare_episodes.exit_before_intake"] == "warn"
    assert found["aftercare_episodes.exit_before_intake.hold"] == "fail"


def test_what_the_pipeline_must_never_do_fires(clean: tuple[Path, Path], tmp_path: Path) -> None:
    by_statement: dict[str, set[str]] = {}
    for check, statement in defects.BROKEN.items():
        by_statement.setdefault(statement, set()).add(check)
    silent = set()
    with a_copy(clean, tmp_path) as connection:
        for statement, checks in by_statement.items():
            connection.execute("begin")
            connection.execute(statement)
            rebuild(connection, clean[1], CHECK_MODELS)
            found = statuses(connection)
            silent |= {check for check in checks if found[check] not in FIRED}
            connection.execute("rollback")
    assert silent == set()
