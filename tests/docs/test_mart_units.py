"""Who reads a mart's column learns its unit; who reads a mart's description learns who is in it, who is missing, and how late."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

MARTS = Path(__file__).resolve().parents[2] / "dbt_project" / "models" / "marts"
UNITS = re.compile(
    r"\b(days since intake|days|months?|number of|number in the line|rank number|version number|points|share|probabilit(y|ies)|ratio|"
    r"unit of (the measure|the metric|estimate)|in the unit beside it|code of)\b",
    re.IGNORECASE,
)
NUMERIC = {"integer", "bigint", "tinyint", "double"}
OF_FACTS = ("core", "aso", "services")


def models(*schemas: str) -> list[tuple[str, dict[str, Any]]]:
    """The marts of these schemas (of all without any), as `schema.table` with what their yml says."""
    files = [MARTS / schema / f"_{schema}.yml" for schema in schemas] or sorted(MARTS.rglob("_*.yml"))
    return [
        (f"{file.parent.name}.{model['name']}", model)
        for file in files
        for model in yaml.safe_load(file.read_text(encoding="utf-8"))["models"]
    ]


@pytest.mark.parametrize(("table", "model"), models(), ids=[name for name, _ in models()])
def test_every_number_has_a_unit(table: str, model: dict[str, Any]) -> None:
    silent = [
        column["name"]
        for column in model["columns"]
        if column["data_type"] in NUMERIC and not UNITS.search(column["description"])
    ]
    assert silent == []


@pytest.mark.parametrize(("table", "model"), models(*OF_FACTS), ids=[name for name, _ in models(*OF_FACTS)])
def test_a_table_says_what_a_row_is_who_is_missing_how_late_and_from_where(table: str, model: dict[str, Any]) -> None:
    text = " ".join(model["description"].split())
    assert text.startswith("One row per ")
    assert "Source: " in text
    if not table.startswith("core.dim_") and table != "services.effect":
        assert "Lag: " in text
        assert "Out: " in text or "Missing: " in text


def test_a_day_is_since_the_intake_wherever_it_stands() -> None:
    wrong = [
        f"{table}.{column['name']}"
        for table, model in models(*OF_FACTS)
        for column in model["columns"]
        if re.search(r"(^|_)day$", column["name"]) and "days since intake" not in column["description"]
    ]
    assert wrong == []
