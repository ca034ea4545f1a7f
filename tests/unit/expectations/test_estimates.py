"""The estimates door counts in SQL: every query is shown one row that it must count, and clean figures."""

from pathlib import Path

import duckdb
import pytest

from expectations.checks import Count
from expectations.counts import match
from expectations.run import run_door
from expectations.suites import registry
from expectations.suites.estimate_sql import queries
from expectations.suites.estimates import count

CLEAN = (Path(__file__).parent / "clean_figures.sql").read_text(encoding="utf-8")

REPEAT = "repeat a row"
RESTORED = "where state = 'restored' and day = 20 and curve_name = 'restoration'"
HARM_BY_TABLE = {
    "outcomes.curve": {
        "estimate_finite": f"set estimate = null {RESTORED}",
        "estimate_in_unit": f"set estimate = 1.01 {RESTORED}",
        "day_in_time": f"set day = -1 {RESTORED}",
        "at_risk_not_negative": f"set n_at_risk = -1 {RESTORED}",
        "interval_ordered": f"set lower = estimate + 0.01 {RESTORED}",
        "restored_never_falls": "set estimate = 0 where state = 'restored' and day = 30 and method = 'panel'",
        "code_known": f"set state = 'cured' {RESTORED}",
        "grain": REPEAT,
        "interval_in_unit": f"set upper = 1.2 {RESTORED}",
        "headline_adds_up": "set estimate = 0.5 where state = 'lost' and day = 20",
        "headline_present": "set curve_name = 'other' where curve_name = 'restoration'",
        "exits_one_way": "set estimate = 2 where state = 'in_care' and day = 30",
        "headline_has_limits": f"set upper = null {RESTORED}",
        "headline_before_detection": "set estimate = 0.9 where method = 'detection_date' and day = 30",
    },
    "models.metric": {
        "finite": "set estimate = 'nan' where metric = 'auc'",
        "interval_ordered": "set lower = 0.9 where metric = 'auc'",
        "grain": REPEAT,
    },
    "models.fairness": {
        "finite": "set estimate = 'nan' where group_value = 'male'",
        "interval_ordered": "set lower = 2 where model_id = 'a' and group_value = 'female'",
        "status_known": "set status = 'unsure' where model_id = 'b'",
        "grain": REPEAT,
        "small_never_pass": "set status = 'pass' where group_value = 'male'",
        "failing_not_in_use": "set status = 'fail' where model_id = 'a' and group_value = 'female'",
    },
    "models.card": {
        "one_champion": "set is_champion = true",
    },
    "models.risk_indicator": {
        "finite": "set importance = 'inf' where unit = 'domain'",
        "interval_ordered": "set lower = 0.4 where unit = 'domain'",
        "rank_ordered": "set rank_low = 5 where unit = 'indicator'",
        "code_known": "set code = 'SAF1' where unit = 'domain'",
        "grain": REPEAT,
        "importance_in_interval": "set upper = 0.11 where unit = 'domain'",
        "selection_in_unit": "set selection_frequency = 1.1 where unit = 'domain'",
    },
    "outcomes.office": {
        "finite": "set ratio = 'inf' where status = 'estimated'",
        "interval_ordered": "set lower = 3 where status = 'estimated'",
    },
    "outcomes.partner": {
        "finite": "set shrunken = 'nan' where status = 'estimated'",
        "interval_ordered": "set upper = 0.4 where status = 'estimated'",
    },
    "outcomes.history": {
        "finite": "set upper = 'inf' where measure = 'restored_12m'",
        "interval_ordered": "set lower = 0.5 where measure = 'restored_12m'",
        "grain": REPEAT,
    },
    "outcomes.optimal_time": {
        "finite": "set upper_months = 'inf' where question = 'plateau'",
        "interval_ordered": "set upper_months = 1 where question = 'plateau'",
        "months_in_time": "set lower_months = -1 where question = 'plateau'",
        "estimate_in_interval": "set lower_months = 19 where question = 'plateau'",
        "answer_or_reason": "set reason = null where question = 'cure'",
        "status_known": "set status = 'unsure' where question = 'cure'",
        "grain": REPEAT,
        "five_questions": "set stratum = 'office_id' where question = 'cure'",
    },
    "services.effect": {
        "finite": "set effective_n = 'nan' where question = 'q'",
        "interval_ordered": "set upper = -1 where question = 'q'",
        "answer_or_reason": "set estimate = null where question = 'q'",
        "estimate_in_interval": "set lower = 0.35, upper = 0.9 where question = 'q'",
        "code_known": "set contrast = 'odds_ratio' where question = 'q'",
        "wording_known": "set wording = 'Therapy works.' where question = 'q'",
        "refused_without_number": "set estimate = 0.1 where status = 'refused'",
        "grain": REPEAT,
    },
    "services.effect_check": {"finite": "set estimate = 'nan' where question = 'q'", "grain": REPEAT},
}
ONE = "where status = 'estimated'"
COMPARED = {
    "limits_finite": f"set limit_high_95 = 'inf', limit_high_998 = 'inf' {ONE}",
    "status_known": "set status = 'unsure' where status = 'insufficient'",
    "measure_known": f"set measure = 'gain' {ONE}",
    "answer_or_reason": "set reason = null where status = 'insufficient'",
    "refused_says_nothing": "set ratio = 1 where status = 'insufficient'",
    "large_enough": f"set n = 10 {ONE}",
    "expected_enough": f"set expected = 4.9 {ONE}",
    "ratio_in_interval": f"set ratio = 2.5 {ONE}",
    "shrunken_in_interval": f"set shrunken_upper = 1 {ONE}",
    "limits_nested": f"set limit_low_998 = 0.5 {ONE}",
    "grain": REPEAT,
}
HARM_BY_TABLE["outcomes.office"] |= COMPARED
HARM_BY_TABLE["outcomes.partner"] |= COMPARED
HARM_BY_TABLE["outcomes.training_need"] = {
    "finite": "set ratio = 'nan' where status = 'below'",
    "interval_ordered": "set lower = 3 where status = 'below'",
    "probability_in_unit": "set probability_below = 1.2 where status = 'below'",
    "status_known": "set status = 'unsure' where status = 'insufficient'",
    "answer_or_reason": "set probability_below = null where status = 'below'",
    "large_enough": "set n = 10 where status = 'below'",
    "trainings_counted": "set n_trainings = 0 where status = 'below'",
    "grain": REPEAT,
}
HARM = {
    f"{table}.{name}": f"insert into {table} from (from {table} limit 1)" if how == REPEAT else f"update {table} {how}"
    for table, harms in HARM_BY_TABLE.items()
    for name, how in harms.items()
}


@pytest.fixture
def build() -> duckdb.DuckDBPyConnection:
    """A build file in memory with clean figures."""
    connection = duckdb.connect()
    connection.execute(CLEAN)
    return connection


def counts(connection: duckdb.DuckDBPyConnection) -> dict[str, Count]:
    delivered = match(registry("estimates"), count(connection))
    assert not delivered.problems
    assert not delivered.unknown
    return delivered.good


def test_every_check_has_a_query_of_at_most_ten_lines_and_a_harm():
    ids = {check.check_id for check in registry("estimates")}
    assert set(queries()) == ids == set(HARM)
    assert max(sql.strip().count("\n") + 1 for sql in queries().values()) <= 10


def test_clean_figures_count_no_failure(build):
    found = counts(build)
    assert {check_id: c.n_failed for check_id, c in found.items() if c.n_failed} == {}
    assert all(c.n_checked for c in found.values())


@pytest.mark.parametrize("check_id", HARM)
def test_each_query_counts_its_one_bad_row(build, check_id):
    build.execute(HARM[check_id])
    assert counts(build)[check_id].n_failed == 1


@pytest.mark.parametrize("value", ["null", "'nan'::double", "'inf'::double", "'-inf'::double"])
def test_no_hole_in_a_curve_passes(build, value):
    build.execute(f"update outcomes.curve set estimate = {value} {RESTORED}")
    assert counts(build)["outcomes.curve.estimate_finite"].n_failed == 1


def test_a_model_without_a_champion_is_a_refusal_not_a_fault(build):
    build.execute("update models.card set is_champion = false")
    assert counts(build)["models.card.one_champion"] == Count(1, 0)


def test_a_curve_may_stay_level_and_differ_by_rounding(build):
    build.execute(
        "update outcomes.curve set estimate = 0.2 - 1e-12 where state = 'restored' and day = 30 and method = 'panel'"
    )
    assert counts(build)["outcomes.curve.restored_never_falls"] == Count(8, 0)


def test_an_interval_may_be_open_at_one_end(build):
    build.execute("update outcomes.optimal_time set upper_months = null")
    assert {check_id for check_id, c in counts(build).items() if c.n_failed} == set()


def test_empty_tables_are_not_applicable_except_the_headline(build):
    for table in ("outcomes.curve", "models.card", "models.metric", "outcomes.office"):
        build.execute(f"delete from {table}")
    found = counts(build)
    assert found["models.card.one_champion"] == Count(0, 0)
    assert found["outcomes.curve.headline_present"] == Count(1, 1)


def test_a_missing_table_is_an_error_of_its_checks_and_its_text_is_not_repeated(build, caplog):
    build.execute("drop table models.card")
    build.execute(
        "create table quality.check (check_id varchar, family varchar, severity varchar, table_name varchar, "
        "status varchar, n_checked bigint, n_failed bigint, threshold varchar, because varchar)"
    )
    assert run_door("estimates", build).blocking == ["models.fairness.failing_not_in_use", "models.card.one_champion"]
    assert "CatalogException" in caplog.text
    assert "does not exist" not in caplog.text
