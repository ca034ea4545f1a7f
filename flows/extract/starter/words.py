"""What a column means, how it is written and what becomes of it, in plain words."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from flows.extract.contract import Column, Table

# The workbook, and its sheets that are no table.
WORKBOOK, ABOUT, CODES = "aftercare.xlsx", "about", "codes"
WRITTEN = {
    "key": "text",
    "birth_year": "date, YYYY-MM-DD",
    "closure": "text",
    "text": "text",
    "date": "date, YYYY-MM-DD",
    "timestamp": "time, as 2026-11-01T09:30:00Z",
    "bool": "true or false",
    "int": "whole number",
    "number": "number",
    "code": "a code of the list",
}
BECOMES = {
    "key": "kept only as a pseudonym",
    "birth_year": "only the year is kept",
    "closure": "kept as an outcome; the text itself only as a keyed hash",
    "code": "kept; what is not on the list is kept as a keyed hash only",
}
# Without these a row is left out, or says nothing.
NEEDED = {
    "survivors": {"consent_analytics"},
    "aftercare_episodes": {"survivor_id", "case_id", "office_id", "intake_date", "status"},
    "cases": {"office_id"},
    "partner_trainings": {"partner_id", "completed_on"},
    "aso_assessments": {"episode_id", "assessed_on"},
    "community_events": {"episode_id", "attended_on"},
    "health_services": {"episode_id", "status"},
    "legal_proceedings": {"case_id", "occurred_on"},
    "support_services": {"episode_id", "status", "started_on"},
}


@dataclass(frozen=True)
class Words:
    """The meaning of each table and column; `common` are the columns of every table that nobody types in."""

    common: frozenset[str]
    about: dict[str, str]
    columns: dict[str, dict[str, str]]
    closure_reasons: tuple[str, ...]

    def of(self, table: Table, column: Column) -> str:
        """Meaning, way of writing, and what becomes of a column that lands."""
        parts = [self.columns[table.name][column.name], WRITTEN[column.kind]]
        parts += ["needed"] if is_needed(table, column) else []
        parts += [BECOMES[column.kind]] if column.kind in BECOMES else []
        return "; ".join(parts)


def is_needed(table: Table, column: Column) -> bool:
    """Whether a row without this column is left out or says nothing."""
    return column.name in table.primary_key or column.name in NEEDED.get(table.name, set())


def asked(table: Table) -> list[Column]:
    """The columns that a person fills in, in the order of the contract: not what never lands, and no stamps."""
    return [column for column in table.columns if column.kind != "drop" and column.name not in words().common]


@cache
def words() -> Words:
    """The words that ship with the project."""
    document = yaml.safe_load((Path(__file__).parent / "words.yml").read_text(encoding="utf-8"))
    tables = document["tables"]
    return Words(
        common=frozenset(document["common"]),
        about={name: str(spec["about"]) for name, spec in tables.items()},
        columns={name: {**document["common"], **spec["columns"]} for name, spec in tables.items()},
        closure_reasons=tuple(document["closure_reasons"]),
    )
