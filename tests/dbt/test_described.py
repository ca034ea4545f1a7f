"""Every table and column is described and classed, and the yml, the tables, the release and ml name the same columns."""

from typing import Any

import duckdb
import pytest

from flows.publish.tables import PROMISED, SCHEMAS
from ml import contracts
from ml.offices import contract as offices
from ml.services import contract as services
from tests.dbt.conftest import Example

pytestmark = pytest.mark.xdist_group("dbt example")

CLASSES = {"quasi", "sensitive", "none"}
SHRUNKEN = {"shrunken_lower", "shrunken_upper", "limit_low_95", "limit_high_95", "limit_low_998", "limit_high_998"}
# Columns beyond the promise; one that is neither promised nor listed here is drift.
BEYOND_THE_PROMISE = {
    "core.dim_indicator": {
        "score_min",
        "score_max",
        "direction",
        "align_offset",
        "align_factor",
        "valid_from",
        "valid_to",
    },
    "aso.change": {"days_between"},
    "outcomes.office": SHRUNKEN,
    "outcomes.partner": SHRUNKEN,
    "outcomes.training_need": {"section"},
    "services.timeline": {"service_code"},
    "quality.check": {"sub_family", "door", "since", "owner", "guidance"},
    "meta.definition": {"text"},
}
READ_BY_ML = {
    "core.fct_episode": contracts.FCT_EPISODE,
    "aso.snapshot": contracts.SNAPSHOT,
    "aso.fct_score": contracts.FCT_SCORE,
    "aso.change": offices.CHANGE,
    "core.partner_training": offices.PARTNER_TRAINING,
}
GIVEN_BY_ML = {
    "outcomes.curve": contracts.CURVE,
    "services.effect": services.EFFECT,
    "services.effect_check": services.EFFECT_CHECK,
    "models.risk_indicator": contracts.RISK_INDICATOR,
    "models.metric": contracts.METRIC,
    "models.card": contracts.CARD,
    "outcomes.office": offices.OFFICE,
    "outcomes.partner": offices.PARTNER,
    "outcomes.training_need": offices.TRAINING_NEED,
    "models.fairness": contracts.FAIRNESS,
}


def _tables(example: Example) -> dict[str, dict[str, Any]]:
    return {f"{node['schema']}.{node['alias']}": node for node in example.nodes("model", "seed", "snapshot")}


def _marts(example: Example) -> dict[str, dict[str, Any]]:
    return {table: node for table, node in _tables(example).items() if table.split(".")[0] in SCHEMAS}


def _built(marts: duckdb.DuckDBPyConnection) -> dict[str, dict[str, str]]:
    rows = marts.execute(
        "select table_schema || '.' || table_name, column_name, data_type from information_schema.columns "
        "where not (table_schema = 'history' and column_name like 'dbt_%') order by table_name, ordinal_position"
    ).fetchall()
    built: dict[str, dict[str, str]] = {}
    for table, column, kind in rows:
        built.setdefault(table, {})[column] = kind
    return built


def test_every_table_and_column_is_described(example: Example) -> None:
    silent = [table for table, node in _tables(example).items() if not node["description"].strip()]
    silent += [
        f"{table}.{name}"
        for table, node in _tables(example).items()
        for name, column in node["columns"].items()
        if not column["description"].strip()
    ]
    assert silent == []


def test_every_table_is_classed_and_none_is_direct(example: Example) -> None:
    wrong = [
        table for table, node in _tables(example).items() if node["config"]["meta"].get("sensitivity") not in CLASSES
    ]
    wrong += [
        f"{table}.{name}"
        for table, node in _tables(example).items()
        for name, column in node["columns"].items()
        if column["config"]["meta"].get("sensitivity", None if table.split(".")[0] not in SCHEMAS else "none")
        not in CLASSES
    ]
    assert wrong == []


def test_every_mart_has_an_enforced_contract(example: Example) -> None:
    assert [table for table, node in _marts(example).items() if not node["config"]["contract"]["enforced"]] == []


def test_yml_and_tables_name_the_same_columns(example: Example, marts: duckdb.DuckDBPyConnection) -> None:
    built = _built(marts)
    assert set(built) == set(_tables(example))
    differing = {
        table: sorted(set(node["columns"]) ^ set(built[table]))
        for table, node in _tables(example).items()
        if set(node["columns"]) != set(built[table])
    }
    assert differing == {}


def test_columns_of_marts_are_of_the_declared_types(example: Example, marts: duckdb.DuckDBPyConnection) -> None:
    built = _built(marts)
    for table, node in _marts(example).items():
        for name, column in node["columns"].items():
            declared = marts.execute(f"select typeof(cast(null as {column['data_type']}))").fetchone()
            assert declared == (built[table][name],), f"{table}.{name}"


def test_the_docs_page_of_this_project_sends_nothing(example: Example) -> None:
    """dbt's page starts a tracker only where the manifest says that usage may be sent."""
    assert example.manifest["metadata"]["send_anonymous_usage_stats"] is False


def test_marts_are_the_tables_of_the_release(example: Example) -> None:
    assert set(_marts(example)) == set(PROMISED)


@pytest.mark.parametrize("table", sorted(PROMISED))
def test_columns_of_a_mart_are_those_promised(example: Example, table: str) -> None:
    columns = set(_marts(example)[table]["columns"])
    assert columns == set(PROMISED[table]) | BEYOND_THE_PROMISE.get(table, set())


@pytest.mark.parametrize("table", sorted(READ_BY_ML))
def test_ml_reads_columns_that_are_there(example: Example, table: str) -> None:
    assert set(READ_BY_ML[table]) <= set(_marts(example)[table]["columns"])


@pytest.mark.parametrize("table", sorted(GIVEN_BY_ML))
def test_ml_gives_the_columns_that_are_declared(example: Example, table: str) -> None:
    assert set(GIVEN_BY_ML[table]) == set(_marts(example)[table]["columns"])
