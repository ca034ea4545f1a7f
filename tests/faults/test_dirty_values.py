"""A delivery with dirty rows of every kind: the night goes through, and each kind is found and counted where it belongs."""

from __future__ import annotations

import json
import re

import duckdb
import pytest

from flows.extract.simulate import FAULT_RULES
from tests.conftest import WholeNight

pytestmark = pytest.mark.xdist_group("dirty")

QUARANTINE, CHECK, BUCKET = "quarantine", "check", "bucket"
EPISODES, FORMS, SCORES = "aftercare_episodes", "aso_assessments", "aso_scores"
CHILDREN = ("community_events", "health_services", "legal_proceedings", "support_services")
DOUBLED = (FORMS, SCORES, "health_services")

# Planted rule -> where its rows must be: a rule of quality.quarantine, a check, or a bucket of quality.conservation.
FOUND: dict[str, tuple[str, str, str]] = {
    "service_over_36_months": (CHECK, "", "services.over_36_months_after_exit"),
    "service_after_exit.community_events": (CHECK, "", "services.after_exit"),
    "service_after_exit.health_services": (CHECK, "", "services.after_exit"),
    "unknown_closure_reason": (CHECK, "", "unmapped_closure"),
    "exit_before_intake": (QUARANTINE, EPISODES, "exit_before_intake"),
    "intake_after_as_of": (QUARANTINE, EPISODES, "intake_after_as_of"),
    "intake_impossible": (QUARANTINE, EPISODES, "impossible_date"),
    "intake_1900": (QUARANTINE, EPISODES, "impossible_date"),
    "intake_absent": (QUARANTINE, EPISODES, "missing_intake"),
    "closed_without_exit_date": (QUARANTINE, EPISODES, "closed_without_exit"),
    "open_with_closure_reason": (CHECK, "", "aftercare_episodes.open_with_reason"),
    "unknown_indicator_code": (QUARANTINE, SCORES, "unknown_indicator"),
    "score_out_of_range": (QUARANTINE, SCORES, "score_domain"),
    "score_not_whole": (QUARANTINE, SCORES, "score_domain"),
    "score_text": (QUARANTINE, SCORES, "score_domain"),
    "assessment_too_early": (QUARANTINE, FORMS, "before_window"),
    "assessment_after_as_of": (QUARANTINE, FORMS, "after_as_of"),
    "merged_into_missing": (QUARANTINE, "survivors", "merged_into_missing"),
    "merge_cycle": (QUARANTINE, "survivors", "merge_cycle"),
    "merge_chain": (BUCKET, "survivors", "n_collapsed"),
    **{
        name: (CHECK, "", f"{name.removeprefix('unknown_code.')}.unknown_code")
        for name in FAULT_RULES
        if name.startswith("unknown_code.")
    },
    **{f"delivered_after_as_of.{table}": (QUARANTINE, table, "after_as_of") for table in CHILDREN},
    **{f"planned_after_as_of.{table}": (BUCKET, table, "n_out") for table in ("health_services", "support_services")},
    **{
        f"exact_duplicate.{table}": (CHECK, "", f"{table}.duplicate_exact")
        for table in ("survivors", "cases", EPISODES)
    },
    **{f"exact_duplicate.{table}": (CHECK, "", f"{table}.duplicate_exact") for table in (FORMS, SCORES, *CHILDREN)},
    **{f"same_key_later.{table}": (CHECK, "", f"{table}.duplicate_superseded") for table in ("survivors", *DOUBLED)},
    **{f"same_key_equal_stamp.{table}": (QUARANTINE, table, "duplicate_conflict") for table in DOUBLED},
    **{f"orphan.{table}": (QUARANTINE, table, "orphan") for table in (EPISODES, FORMS, SCORES, *CHILDREN)},
    **{
        f"is_deleted.{table}": (BUCKET, table, "n_tombstoned")
        for table in ("survivors", EPISODES, FORMS, "health_services")
    },
}
# Fault of the catalogue -> the planted rules that stand for it.
CATALOGUE = {
    "F14_F20": [name for name in FAULT_RULES if name.startswith("unknown_c")],
    "F22": [name for name in FAULT_RULES if name.startswith("exact_duplicate.")],
    "F23": [name for name in FAULT_RULES if name.startswith("same_key_equal_stamp.")],
    "F26": ["assessment_too_early", "service_after_exit.community_events", "service_after_exit.health_services"],
    "F27": ["exit_before_intake"],
    "F28": ["intake_after_as_of", "intake_1900", "intake_impossible", "intake_absent", "assessment_after_as_of"],
    "F32": ["closed_without_exit_date", "open_with_closure_reason"],
    "F33": ["score_out_of_range", "score_not_whole", "score_text", "unknown_indicator_code"],
    "F36": [name for name in FAULT_RULES if name.startswith("orphan.")],
    "F40": [name for name in FAULT_RULES if name.startswith("is_deleted.")],
    "F43": ["merged_into_missing", "merge_cycle", "merge_chain"],
}


@pytest.fixture(scope="module")
def planted(dirty_night: WholeNight) -> dict[str, int]:
    """How many rows of each rule the delivery holds."""
    rules = json.loads((dirty_night.truth / "faults.json").read_text(encoding="utf-8"))
    return {name: int(rule["rows"]) for name, rule in rules.items()}


@pytest.fixture(scope="module")
def counted(dirty_night: WholeNight) -> dict[tuple[str, str, str], int]:
    """What the release counted, by place."""
    queries = {
        QUARANTINE: "select source_table, rule, n_rows from quality.quarantine",
        CHECK: "select '', check_id, n_failed from quality.\"check\" where n_failed is not null",
        BUCKET: "unpivot (select * exclude (n_in) from quality.conservation) on columns(* exclude (source_table)) into name b value n",
    }
    with duckdb.connect(str(dirty_night.home / "current" / "marts.duckdb"), read_only=True) as marts:
        return {
            (place, table, name): n
            for place, query in queries.items()
            for table, name, n in marts.execute(query).fetchall()
        }


def test_every_planted_rule_has_a_place_and_a_fault() -> None:
    assert set(FOUND) == set(FAULT_RULES)
    of_catalogue = {name for names in CATALOGUE.values() for name in names}
    others = {
        name
        for name in FAULT_RULES
        if name.split(".")[0] in ("delivered_after_as_of", "planned_after_as_of", "same_key_later")
    }
    assert of_catalogue | others | {"service_over_36_months"} == set(FAULT_RULES)


@pytest.mark.parametrize("rule", sorted(FOUND))
def test_planted_rule_is_found(planted: dict[str, int], counted: dict[tuple[str, str, str], int], rule: str) -> None:
    assert planted[rule] >= 3, "the delivery must be large enough for every rule"
    assert counted.get(FOUND[rule], 0) >= planted[rule]


@pytest.mark.parametrize("fault", CATALOGUE)
def test_dirty_rows_of_fault_are_all_counted(
    planted: dict[str, int], counted: dict[tuple[str, str, str], int], fault: str
) -> None:
    wanted: dict[tuple[str, str, str], int] = {}
    for rule in CATALOGUE[fault]:
        wanted[FOUND[rule]] = wanted.get(FOUND[rule], 0) + planted[rule]
    assert {place: n for place, n in wanted.items() if counted.get(place, 0) < n} == {}


def test_R14_no_row_is_dropped_in_silence(dirty_night: WholeNight) -> None:
    manifest = json.loads((dirty_night.delivery / "manifest.json").read_text(encoding="utf-8"))
    with duckdb.connect(str(dirty_night.home / "current" / "marts.duckdb"), read_only=True) as marts:
        rows = marts.execute("from quality.conservation").fetchall()
    assert {table: n_in for table, n_in, *_ in rows} == {name: one["rows"] for name, one in manifest["tables"].items()}
    assert all(n_in == sum(buckets) for _, n_in, *buckets in rows)


def test_the_night_says_that_it_went_through(dirty_night: WholeNight) -> None:
    assert dirty_night.code == 0
    assert re.search(r"^Release 2026-11-01-0001 is live\.$", dirty_night.said, re.MULTILINE)
    assert "refused" not in dirty_night.said.split("estimate")[0]
