"""What a person must look at first: too many unknown reasons, too many keys gone. And the two releases that come of it.

F41, F57, F59, F63, F64, R18. Three runs on a copy of the clean home: held, let through, and one whose dbt fails.
"""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pytest

from expectations import gx
from flows import stages
from flows.errors import ChecksError, DbtError, Exit
from flows.publish.files import remove_tree
from flows.run import run_night
from flows.stage import Done, Stage
from flows.stages import NIGHTLY
from flows.warehouse import connect
from tests.conftest import WholeNight, aftercare, aftercare_here
from tests.faults.quiet import Quiet
from tests.faults.refusals import refusal, visible
from tests.faults.test_delivery_refused import STAYS, a_delivery
from tests.nights import settings_for, sign, stamp, tree_hash
from tests.privacy.scan import identifiers, leaks

pytestmark = pytest.mark.xdist_group("clean")

NEXT_DAY = "2026-11-02T01:30:00Z"
HELD = ("aftercare_episodes.closure_reason.unknown_code.hold", "community_events.mass_delete")


@dataclass
class Two:
    """A home with the clean release, a delivery that is held, and what came of it."""

    home: Path
    night: WholeNight
    delivery: Path
    said: dict[str, str] = field(default_factory=dict)
    codes: dict[str, int] = field(default_factory=dict)
    seen: dict[str, object] = field(default_factory=dict)


def spoilt(source: Path, target: Path) -> Path:
    """The delivery of the next day: 30 reasons nobody knows, and every fifth attendance gone."""
    shutil.copytree(source, target)
    reasons = iter(range(30))

    def unknown(row: dict[str, str]) -> None:
        if row["exit_date"] and next(reasons, None) is not None:
            row["closure_reason"] = "id-reason"

    _rewrite(target, "aftercare_episodes", unknown)
    _rewrite(target, "community_events", None)
    stamp(target, extracted_at=NEXT_DAY, extract_id="spoilt")
    return target


def _rewrite(folder: Path, table: str, change: Callable[[dict[str, str]], None] | None) -> None:
    """Change the rows of a table, or drop every fifth; the manifest then agrees."""
    path = folder / f"{table}.csv"
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        names, rows = list(reader.fieldnames or []), list(reader)
    if change is None:
        rows = [row for number, row in enumerate(rows) if number % 5]
    else:
        for row in rows:
            change(row)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(rows)
    sign(folder, table, rows=len(rows))


@pytest.fixture(scope="module")
def two(clean_night: WholeNight, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Two]:
    """The held run, then the same delivery let through, with a reader open all the while."""
    folder = tmp_path_factory.mktemp("holds")
    shutil.copytree(clean_night.home, folder / "home", symlinks=True)
    made = Two(folder / "home", clean_night, spoilt(clean_night.delivery, folder / "delivery"))
    before = visible(made.home)
    held = aftercare_here("nightly", "--source", made.delivery, home=made.home, key_file=clean_night.key_file)
    made.codes["held"], made.said["held"] = held.returncode, held.stdout + held.stderr
    after = visible(made.home)
    made.seen["unchanged"] = {name: text for name, text in after.items() if "/raw/" not in name} == {
        name: text for name, text in before.items() if "/raw/" not in name
    }
    checks = aftercare_here("checks", "--run", "--failed", home=made.home, key_file=clean_night.key_file)
    made.codes["checks"], made.said["checks"] = checks.returncode, checks.stdout
    query = "select count(*), sum(hash(columns(*))) from core.fct_episode"
    with duckdb.connect(str(made.home / "current" / "marts.duckdb"), read_only=True) as reader:
        first = reader.execute(query).fetchall()
        accepted = [word for check in HELD for word in ("--accept", check)]
        done = aftercare("nightly", "--source", made.delivery, *accepted, home=made.home, key_file=clean_night.key_file)
        made.codes["accepted"], made.said["accepted"] = done.returncode, done.stdout + done.stderr
        made.seen["reader"] = first == reader.execute(query).fetchall()
    yield made
    remove_tree(made.home)


def test_F20_F41_too_much_unknown_or_gone_holds_the_run(two: Two) -> None:
    assert two.codes["held"] == Exit.HELD
    text = refusal(two.said["held"])
    assert text.startswith("marts checks refused (exit 15): 2 hold checks failed: " + HELD[0] + " (30 of 3")
    assert f"{HELD[1]} (" in text
    assert text.endswith(
        f"Count: 2. {STAYS} Next: aftercare checks --run --failed; a failure that a person has looked at is let through "
        "with --accept CHECK_ID"
    )
    assert "id-reason" not in two.said["held"]
    assert two.seen["unchanged"], "the last release must stay as it was"


def test_P2_F72_the_build_file_that_a_held_run_leaves_holds_no_text_of_the_delivery(two: Two) -> None:
    assert list((two.home / "runs").glob("*/build.duckdb"))
    assert leaks(two.home, {"id-reason"} | identifiers(two.delivery)) == {}


def test_F41_the_checks_of_the_held_run_can_be_looked_at(two: Two) -> None:
    assert two.codes["checks"] == Exit.CHECKS
    for check in HELD:
        assert f"fail                 {check}" in two.said["checks"]


def test_F41_what_a_person_accepts_goes_through_as_a_warning_that_says_so(two: Two) -> None:
    assert two.codes["accepted"] == 0, two.said["accepted"]
    with connect(two.home / "current" / "marts.duckdb", read_only=True) as marts:
        query = 'select check_id, status, because from quality."check" where check_id in (?, ?) order by all'
        rows = marts.execute(query, list(HELD)).fetchall()
    assert [row[:2] for row in rows] == [(check, "warn") for check in HELD]
    assert all(row[2].endswith("An operator accepted this failure.") for row in rows)


def test_F57_a_reader_is_not_disturbed_by_a_publication(two: Two) -> None:
    assert two.codes["accepted"] == 0
    assert two.seen["reader"]


def test_F59_rollback_brings_back_data_models_reports_and_metadata(two: Two) -> None:
    first, second = sorted(path.name for path in (two.home / "releases").iterdir())
    kept = tree_hash(two.home / "releases" / first)
    assert (two.home / "current").resolve().name == second
    done = aftercare_here("rollback", home=two.home, key_file=two.night.key_file)
    assert (done.returncode, (two.home / "current").resolve().name) == (0, first)
    assert tree_hash(two.home / "releases" / first) == kept
    with connect(two.home / "current" / "marts.duckdb", read_only=True) as marts:
        assert marts.execute("select release_id from meta.release").fetchall() == [(first,)]
    status = aftercare_here("status", home=two.home, key_file=two.night.key_file).stdout
    assert f"live      {first}" in status
    assert "rollback --resume" in status
    assert aftercare_here("rollback", "--resume", home=two.home, key_file=two.night.key_file).returncode == 0


def test_F63_when_dbt_fails_no_later_stage_runs_and_nothing_is_visible(clean_night: WholeNight, tmp_path: Path) -> None:
    shutil.copytree(clean_night.home, tmp_path / "home", symlinks=True)
    delivery = stamp(a_delivery().write(tmp_path / "delivery"), extracted_at=NEXT_DAY)
    before = visible(tmp_path / "home")

    def spoil(night: stages.Night, watch: stages.Watch) -> Done:
        with connect(night.build_file) as build:
            build.execute("create or replace view raw.aso_assessments as select 'id-secret' as assessment_key")
        return Done("spoilt")

    names = [stage.name for stage in NIGHTLY]
    place = names.index("build marts")
    broken = (*NIGHTLY[:place], Stage("spoil", spoil), *NIGHTLY[place:])
    reporter = Quiet()
    with pytest.raises(DbtError) as error:
        run_night(
            settings_for(tmp_path / "home", key=None, key_file=clean_night.key_file), delivery, reporter, stages=broken
        )
    assert error.value.code == Exit.DBT
    assert "these nodes failed: stg_jds__aso_assessments" in error.value.text()
    assert "id-" not in error.value.text()
    assert reporter.begun[-1] == "build marts"
    assert reporter.ended[-1] == "spoil"
    after = visible(tmp_path / "home")
    assert {name: text for name, text in after.items() if name in before} == before
    assert {Path(name).parts[-3] for name in set(after) - set(before)} == {"raw"}
    remove_tree(tmp_path / "home")


def test_F64_a_check_engine_that_raises_is_an_error_that_blocks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivery = stamp(a_delivery().write(tmp_path / "delivery"), extracted_at=NEXT_DAY)

    def broken(*_: object, **__: object) -> object:
        raise RuntimeError("id-secret")

    monkeypatch.setattr(gx, "_validate", broken)
    reporter = Quiet()
    with pytest.raises(ChecksError) as error:
        run_night(settings_for(tmp_path / "home"), delivery, reporter, stages=NIGHTLY[:2])
    assert error.value.code == Exit.CHECKS
    assert "id-" not in error.value.text()
    assert reporter.ended == ["land delivery"]
