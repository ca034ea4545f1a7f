"""Every dirty value is planted, as often as it is said to be, and only where faults were asked for."""

import json
import re

import pytest

from flows.extract.simulate import FAULT_RULES
from flows.extract.simulate.columns import KEYS, PERSONAL

AS_OF = "2026-11-01"
CHILD = "join d.aftercare_episodes e using (episode_id)"
CODE = "like 'code-Qx%'"
# How many rows show the fault, found without knowing what was planted.
FOUND = {
    "unknown_closure_reason": "d.aftercare_episodes where closure_reason like 'Reason-Qx%'",
    "exit_before_intake": "d.aftercare_episodes where exit_date < intake_date and intake_date < '2026-11-01'",
    "intake_after_as_of": f"d.aftercare_episodes where intake_date > '{AS_OF}'",
    "intake_impossible": "d.aftercare_episodes where intake_date = '2024-02-30'",
    "intake_1900": "d.aftercare_episodes where intake_date = '1900-01-01'",
    "intake_absent": "d.aftercare_episodes where intake_date is null",
    "closed_without_exit_date": "d.aftercare_episodes where status = 'closed' and exit_date is null",
    "open_with_closure_reason": "d.aftercare_episodes where status <> 'closed' "
    "and closure_reason is not null and exit_date is null",
    "unknown_indicator_code": f"d.aso_scores where indicator_code {CODE}",
    "score_out_of_range": "d.aso_scores where score in ('0', '5', '-1', '9')",
    "score_not_whole": "d.aso_scores where score = '2.5'",
    "score_text": "d.aso_scores where score = 'Three'",
    "assessment_after_as_of": f"d.aso_assessments where assessed_on > '{AS_OF}'",
    "assessment_too_early": f"d.aso_assessments {CHILD} where try_cast(intake_date as date) is not null "
    f"and intake_date between '1901-01-01' and '{AS_OF}' "
    "and assessed_on::date < least(rescue_date::date, try_cast(intake_date as date) - 90)",
    "delivered_after_as_of.health_services": "d.health_services where status = 'delivered' "
    f"and delivered_on > '{AS_OF}'",
    "delivered_after_as_of.community_events": f"d.community_events where attended_on > '{AS_OF}'",
    "delivered_after_as_of.legal_proceedings": f"d.legal_proceedings where occurred_on > '{AS_OF}'",
    "delivered_after_as_of.support_services": "d.support_services where status = 'delivered' "
    f"and started_on > '{AS_OF}'",
    "service_over_36_months": f"d.community_events {CHILD} where exit_date > intake_date "
    "and attended_on::date > exit_date::date + 1100",
    "merged_into_missing": "d.survivors where merged_into is not null "
    "and merged_into not in (select survivor_id from d.survivors)",
    "merge_cycle": "d.survivors a join d.survivors b on a.merged_into = b.survivor_id "
    "join d.survivors c on b.merged_into = c.survivor_id where c.merged_into = a.survivor_id",
    **{
        f"unknown_code.{table}.{column}": f"d.{table} where {column} {CODE}"
        for rule in FAULT_RULES
        if rule.startswith("unknown_code.")
        for _, table, column in [rule.split(".")]
    },
    **{
        f"orphan.{table}": f"d.{table} anti join d.{parent} using ({key})"
        for table, parent, key in (
            ("aftercare_episodes", "survivors", "survivor_id"),
            ("aso_assessments", "aftercare_episodes", "episode_id"),
            ("aso_scores", "aso_assessments", "assessment_id"),
            ("community_events", "aftercare_episodes", "episode_id"),
            ("health_services", "aftercare_episodes", "episode_id"),
            ("legal_proceedings", "cases", "case_id"),
            ("support_services", "aftercare_episodes", "episode_id"),
        )
    },
}
# How many rows more than in the clean delivery.
ADDED = {
    **{
        f"is_deleted.{t}": f"{t} where is_deleted = 'true'"
        for t in ("survivors", "aftercare_episodes", "aso_assessments")
    },
    "planned_after_as_of.health_services": f"health_services where planned_on > '{AS_OF}' and status = 'planned'",
    "planned_after_as_of.support_services": f"support_services where started_on > '{AS_OF}' and status = 'planned'",
    "service_after_exit.community_events": "community_events join aftercare_episodes using (episode_id) "
    "where attended_on::date = exit_date::date + 30",
    "service_after_exit.health_services": "health_services join aftercare_episodes using (episode_id) "
    "where delivered_on::date = exit_date::date + 30",
}


@pytest.fixture(scope="module")
def both(clean, dirty, opened):
    connection = opened(c=clean, d=dirty)
    yield connection
    connection.close()


def _count(connection, query):
    return connection.sql(f"select count(*) from {query}").fetchall()[0][0]


def test_every_rule_is_planted_at_least_thrice_and_rarely(dirty):
    assert set(dirty.faults) == set(FAULT_RULES)
    for rule, rows in dirty.faults.items():
        table = FAULT_RULES[rule].split(":")[0]
        assert rows >= 3, rule
        assert rows < 0.01 * dirty.rows[table] or rows <= 6, rule


@pytest.mark.parametrize("rule", FOUND)
def test_as_many_are_found_as_were_planted(both, dirty, rule):
    assert _count(both, FOUND[rule]) == dirty.faults[rule]


@pytest.mark.parametrize("rule", ADDED)
def test_as_many_more_are_found_as_were_planted(both, dirty, rule):
    counts = []
    for schema in ("c", "d"):
        both.execute(f"use {schema}")
        counts.append(_count(both, ADDED[rule]))
    both.execute("use main")
    assert counts[1] - counts[0] >= dirty.faults[rule]
    assert counts[1] - counts[0] <= dirty.faults[rule] + 3


@pytest.mark.parametrize("table", [rule.split(".")[1] for rule in FAULT_RULES if rule.startswith("exact_duplicate.")])
def test_duplicates_are_exact(both, dirty, table):
    doubles = f"(select sum(n - 1) as k from (select *, count(*) as n from d.{table} group by all) where n > 1)"
    assert both.sql(f"select k from {doubles}").fetchall()[0][0] == dirty.faults[f"exact_duplicate.{table}"]


@pytest.mark.parametrize("table", ["survivors", "aso_assessments", "aso_scores", "health_services"])
def test_one_key_with_two_contents_has_a_later_or_an_equal_stamp(both, dirty, table):
    keys = ", ".join(KEYS[table])
    twice = (
        f"(select count(distinct modified_at) as stamps from (select distinct * from d.{table}) "
        f"group by {keys} having count(*) > 1)"
    )
    assert _count(both, f"{twice} where stamps = 2") == dirty.faults[f"same_key_later.{table}"]
    assert _count(both, f"{twice} where stamps = 1") == dirty.faults.get(f"same_key_equal_stamp.{table}", 0)


def test_a_chain_ends_at_a_person(both, dirty):
    chains = """d.survivors a join d.survivors b on a.merged_into = b.survivor_id
        join d.survivors c on b.merged_into = c.survivor_id where c.merged_into is null"""
    assert 2 * _count(both, chains) == dirty.faults["merge_chain"]


def test_the_faults_file_counts_what_was_planted(dirty, clean):
    planted = json.loads((dirty.truth / "faults.json").read_text())
    assert {rule: entry["rows"] for rule, entry in planted.items()} == dirty.faults
    assert json.loads((clean.truth / "faults.json").read_text()) == {} == clean.faults


def test_every_personal_text_holds_a_canary(both, dirty):
    canaries = set((dirty.truth / "canaries.txt").read_text().split())
    for table, columns in PERSONAL.items():
        for column in columns:
            texts = [
                text for (text,) in both.sql(f"select {column} from d.{table} where {column} is not null").fetchall()
            ]
            assert texts, column
            assert all(set(re.findall("Qx[0-9a-f]{12}", text)) & canaries for text in texts), column
    unknown = both.sql("select closure_reason from d.aftercare_episodes where closure_reason like '%Qx%'").fetchall()
    assert all(set(re.findall("Qx[0-9a-f]{12}", text)) <= canaries for (text,) in unknown)
    assert canaries & {key for (key,) in both.sql("select survivor_id from d.survivors").fetchall()}
