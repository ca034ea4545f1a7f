"""What the pages read: the tables of `share/` and its manifest. A table or a column that is not there reads as empty."""

import csv
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Row = Mapping[str, str]

_GROUP = "group label n_episodes percent status"
_STANDING = "label measure n observed expected ratio lower upper shrunken status reason"
# The columns that pages read; docs of share/ say what each means.
COLUMNS: dict[str, str] = {
    "episodes_by_office": _GROUP,
    "episodes_by_casework_type": _GROUP,
    "episodes_by_outcome": _GROUP,
    "episodes_by_age_band": _GROUP,
    "episodes_by_gender": _GROUP,
    "curves": "curve_name stratum stratum_value label state month estimate_percent lower_percent upper_percent n_at_risk "
    "method status",
    "optimal_time": "question stratum stratum_value label estimate_months lower_months upper_months set_months n status "
    "reason definition_version",
    "risk_indicators": "outcome code label domain_code importance lower upper rank_low rank_high direction "
    "selection_percent",
    "history": "release_id as_of measure stratum stratum_value estimate lower upper n definition_version is_break status",
    "model_metrics": "model_name model_id metric split estimate lower upper n status",
    "model_cards": "model_name model_id trained_as_of is_champion reason",
    "fairness": "model_id group_kind group_value metric estimate lower upper n n_positive status",
    "service_effects": "question strategy comparator contrast horizon_months estimate lower upper effective_n status "
    "reason wording",
    "service_descriptions": "measure category stratum stratum_value label month estimate lower_quartile upper_quartile n "
    "status",
    "offices": f"office_id {_STANDING}",
    "partners": f"partner_id {_STANDING}",
    "training_needs": "partner_id label kind code measure n observed expected ratio lower upper probability_below "
    "n_trainings last_training_quarter status reason",
    "trainings": "partner_id label topic n_trainings last_training_quarter",
    "domain_changes": "domain_code stratum stratum_value label n percent_measurable percent_substantial percent_worse "
    "mean_initial mean_latest status",
    "changes": "table measure before after cause status",
    "quality": "office_id label measure n percent status",
    "checks_summary": "severity status n_checks",
    "checks_spoken": "check_id family table_name status threshold because",
    "exclusions": "reason n_survivors status",
    "definitions": "name version value since",
}
# What a row says where an older share/ has no such column.
WITHOUT = {"stratum": "overall", "stratum_value": "all", "state": "restored", "table": "", "measure": ""}


@dataclass(frozen=True)
class Share:
    """The facts of the release (share/manifest.json) and every table by name."""

    facts: Mapping[str, Any]
    tables: Mapping[str, list[Row]]

    def rows(self, table: str, **wanted: str) -> list[Row]:
        """The rows of a table that have these values, in the order of the file."""
        return [row for row in self.tables[table] if all(row[name] == value for name, value in wanted.items())]


def read_share(folder: Path) -> Share:
    """Everything that pages are made from. Raises FileNotFoundError when there is no manifest."""
    facts = json.loads((folder / "manifest.json").read_bytes())
    return Share(facts, {name: _rows(folder / f"{name}.csv", columns.split()) for name, columns in COLUMNS.items()})


def _rows(path: Path, columns: list[str]) -> list[Row]:
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return [_row(row, columns) for row in csv.DictReader(file)]


def _row(row: Mapping[str, str | None], columns: list[str]) -> Row:
    given = {name: plain(row[name] or "") for name in columns if name in row}
    return {name: given.get(name, WITHOUT.get(name, "")) for name in columns}


def plain(text: str) -> str:
    """A cell without the apostrophe that keeps spreadsheets from reading it as a formula."""
    return text[1:] if text[:1] == "'" and text[1:].lstrip()[:1] in ("=", "+", "-", "@") else text


def by(rows: list[Row], column: str) -> dict[str, list[Row]]:
    """The rows by their value in a column, values in the order in which they come first."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row[column], []).append(row)
    return groups
