"""The registry: committed by name, every bound with its reason, every check shown one bad count and one clean one."""

import re
import subprocess
import sys
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from expectations import gx
from expectations.checks import Check, Count
from expectations.counts import match
from expectations.suites import DOORS, door_of, registry

from .conftest import N, beyond_the_limit, every_check, on_the_limit

COMMITTED = Path(__file__).parent / "check_ids.txt"
ALL = every_check()
IDS = [check.check_id for _, check in ALL]


def rulings(count_of) -> dict[str, str]:
    """The status of every check of every door on its own count."""
    statuses: dict[str, str] = {}
    for checks in DOORS.values():
        counts = {check.check_id: count_of(check) for check in checks}
        exceeded = gx.exceeded(checks, counts)
        statuses |= {c.check_id: c.status(counts[c.check_id], exceeded=exceeded.get(c.check_id)) for c in checks}
    return statuses


@pytest.fixture(scope="module")
def judged() -> dict[str, dict[str, str]]:
    """Statuses when all are clean, on the limit or beyond it, and when every other one is beyond it."""
    odd = {check_id: place % 2 for place, check_id in enumerate(IDS)}
    return {
        "clean": rulings(lambda check: Count(N, 0)),
        "on": rulings(on_the_limit),
        "beyond": rulings(beyond_the_limit),
        "odd": rulings(lambda check: beyond_the_limit(check) if odd[check.check_id] else Count(N, 0)),
        "even": rulings(lambda check: Count(N, 0) if odd[check.check_id] else beyond_the_limit(check)),
        "nothing": rulings(lambda check: Count(0, 0)),
    }


@pytest.mark.fault("F65")
def test_registry_is_the_committed_list():
    """A check that was deleted, renamed or loosened shows here by name."""
    lines = [
        f"{door} | {check.check_id} | {'hold' if check.hold else check.severity} | {check.threshold}"
        for door, check in ALL
    ]
    committed = COMMITTED.read_text(encoding="utf-8").splitlines()
    assert {"gone": sorted(set(committed) - set(lines)), "new": sorted(set(lines) - set(committed))} == {
        "gone": [],
        "new": [],
    }
    assert len(lines) == len(committed)


@pytest.mark.parametrize(("door", "check"), ALL, ids=IDS)
class TestEveryCheck:
    def test_catches_one_bad_count(self, door: str, check: Check, judged):
        wanted = "fail" if check.severity == "block" else "warn"
        assert judged["beyond"][check.check_id] == wanted

    def test_is_silent_on_a_clean_count(self, door: str, check: Check, judged):
        assert judged["clean"][check.check_id] == "pass"

    def test_sees_what_it_allows(self, door: str, check: Check, judged):
        allowed = on_the_limit(check).n_failed
        assert judged["on"][check.check_id] == ("pass_with_violations" if allowed else "pass")

    def test_is_not_moved_by_its_neighbours(self, door: str, check: Check, judged):
        wanted = "fail" if check.severity == "block" else "warn"
        assert {judged["odd"][check.check_id], judged["even"][check.check_id]} == {wanted, "pass"}

    def test_says_when_nothing_was_checked(self, door: str, check: Check, judged):
        assert judged["nothing"][check.check_id] == "not_applicable"

    def test_remembers_why_and_since_when(self, door: str, check: Check):
        assert re.fullmatch(r"[A-Z].{20,}\.", check.because)
        assert date.fromisoformat(check.since) >= date(2026, 11, 22)
        assert door_of(check.check_id) == door


@pytest.mark.parametrize(("door", "check"), [pair for pair in ALL if pair[1].hold], ids=lambda part: str(part)[:40])
def test_a_hold_needs_both_many_and_a_large_share_of_keys_gone_the_share_alone(door: str, check: Check):
    percent = check.max_percent
    assert percent is not None
    few_of_few = Count(30, 19)
    many_of_many = Count(1_000_000, 20)
    both = Count(40, 20)
    by_share_alone = check.check_id.endswith(".mass_delete")
    for count, exceeded in [(few_of_few, by_share_alone), (many_of_many, False), (both, True)]:
        assert gx.exceeded([check], {check.check_id: count}) == {check.check_id: exceeded}


def test_every_twin_judges_the_count_of_a_registered_check():
    twins = [check for _, check in ALL if check.same_count_as]
    assert len(twins) == len({check.same_count_as for check in twins}) > 40
    for twin in twins:
        assert twin.same_count_as in IDS
        only_base = pd.DataFrame({"check_id": [twin.same_count_as], "n_checked": [100], "n_failed": [30]})
        assert match([twin], only_base).good == {twin.check_id: Count(100, 30)}


def test_a_twin_with_a_count_of_its_own_uses_that():
    check = next(check for _, check in ALL if check.same_count_as)
    frame = pd.DataFrame(
        {"check_id": [check.check_id, check.same_count_as], "n_checked": [100, 100], "n_failed": [1, 2]}
    )
    assert match([check], frame).good == {check.check_id: Count(100, 1)}


def test_no_such_door():
    with pytest.raises(ValueError, match="landing, marts, estimates"):
        registry("attic")


def test_importing_the_registry_does_not_import_great_expectations():
    code = (
        "import sys, expectations.checks, expectations.suites, expectations.run, expectations.report;"
        "sys.exit(any(name.partition('.')[0] == 'great_expectations' for name in sys.modules))"
    )
    root = Path(__file__).parents[3]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0
