"""docs/lineage.md says what dbt itself found when a night was made, and of staging what its SQL gives."""

from __future__ import annotations

import json
import re
import runpy

import pytest

from flows.extract.contract import jds
from tests.architecture.tree import ROOT
from tests.conftest import WholeNight

LINEAGE = runpy.run_path(str(ROOT / "docs" / "lineage.py"))


@pytest.mark.xdist_group("clean")
def test_what_a_model_reads_is_what_dbt_found(clean_night: WholeNight) -> None:
    """dbt leaves its graph beside what it compiled: each model with those that read it."""
    graph = json.loads((clean_night.home / "runs" / "dbt" / "graph_summary.json").read_text(encoding="utf-8"))["linked"]
    names = {number: node["name"].rpartition(".")[2] for number, node in graph.items() if node["type"] == "model"}
    found: dict[str, set[str]] = {name: set() for name in names.values()}
    for number, node in graph.items():
        for reader in node.get("succ", []):
            if number in names and str(reader) in names:
                found[names[str(reader)]].add(names[number])
    assert len(found) > 60
    assert {model: set(LINEAGE["parents"](model)) for model in found} == found


def test_a_landed_column_goes_where_staging_puts_it() -> None:
    """Also each column that a staging model hands on under its own name: those stand alone on a line of its SQL."""
    found = {
        table: {c.name: LINEAGE["staged"](table, c.landed_as) for c in columns_of(table)} for table in jds().tables
    }
    assert found["survivors"]["gender"] == ["gender", "gender_raw"]
    assert found["survivors"]["date_of_birth"] == ["birth_year"]
    assert found["survivors"]["consent_on"] == []
    assert found["aftercare_episodes"]["lead_partner_id"] == ["partner_id"]
    for table, columns in found.items():
        plain = set(re.findall(r"^        (\w+),?$", LINEAGE["sql"]()[f"stg_jds__{table}"], flags=re.M))
        staged = {name for names in columns.values() for name in names}
        assert plain - {"extract_sequence", "unreadable", "row_digest"} <= staged


def columns_of(table: str) -> list[object]:
    """The columns of a table that land."""
    return [column for column in jds().tables[table].columns if column.landed_as]
