"""Checks are checked: every data test of the project is shown one bad row, which it must catch."""

from typing import Any

import duckdb
import pytest

from tests.dbt.conftest import Example

pytestmark = pytest.mark.xdist_group("dbt example")

COPY_OF_A_ROW = "insert into {table} select * from {table} limit 1"
SPOILED = "update {table} set {column} = {value} where rowid = (select min(rowid) from {table})"
NOBODY = "'nobody'"


def _bad_row(test: dict[str, Any], table: str) -> str:
    """The statement that adds or makes one bad row for a data test."""
    kind, column = test["test_metadata"]["name"], test["column_name"]
    if kind in ("unique", "unique_combination"):
        return COPY_OF_A_ROW.format(table=table)
    if kind == "not_null":
        return SPOILED.format(table=table, column=column, value="null")
    if kind == "accepted_values":
        is_text = test["test_metadata"]["kwargs"].get("quote", True)
        return SPOILED.format(table=table, column=column, value=NOBODY if is_text else "99")
    assert kind == "relationships", f"say what a bad row is for {kind}"
    return SPOILED.format(table=table, column=column, value=NOBODY)


def _tests(example: Example) -> list[tuple[dict[str, Any], str]]:
    tests = []
    for test in example.nodes("test"):
        attached = example.manifest["nodes"][test["attached_node"]]
        tests.append((test, f"{attached['schema']}.{attached['alias']}"))
    return tests


def test_every_data_test_catches_one_bad_row(example: Example, scratch: duckdb.DuckDBPyConnection) -> None:
    compiled = {result["unique_id"]: result["compiled_code"] for result in example.results}
    tests = _tests(example)
    assert len(tests) >= 30
    for test, table in tests:
        sql = compiled[test["unique_id"]]
        assert scratch.execute(sql).fetchall() == [], test["name"]
        scratch.execute("begin")
        scratch.execute(_bad_row(test, table))
        assert len(scratch.execute(sql).fetchall()) == 1, f"{test['name']} does not see a bad row"
        scratch.execute("rollback")


@pytest.mark.parametrize(
    "table",
    ["core.fct_episode", "core.dim_survivor", "aso.fct_assessment", "services.timeline", "core.caseload", "aso.change"],
)
def test_keys_are_tested(example: Example, table: str) -> None:
    kinds = {test["test_metadata"]["name"] for test, of in _tests(example) if of == table}
    assert kinds & {"unique", "unique_combination"}
