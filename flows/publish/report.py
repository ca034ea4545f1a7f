"""report/index.html, made from the tables of `share/` and nothing else: one self-contained page, also for outside."""

import base64
import csv
import hashlib
import json
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from flows.publish import files
from flows.publish.chart import curve_chart

TEMPLATES = Path(__file__).parent / "templates"

TABLES = (
    "episodes_by_office", "episodes_by_casework_type", "episodes_by_outcome", "episodes_by_age_band",
    "episodes_by_gender", "curves", "risk_indicators", "checks_summary", "checks_spoken", "exclusions", "definitions",
)  # fmt: skip

CURVE_LABELS = {
    "restoration": "Headline curve: restored, with exits counted as exits",
    "restoration_detection_date": "Detection date: the day an assessment first showed it",
    "restoration_npmle": "If nobody left: between which assessments it happened",
}

CURVE_NOTES = {
    "restoration": "Restoration happens between two assessments, and an exit ends the chance to see it. "
    "Both are modelled.",
    "restoration_detection_date": "Known to lag: restoration is seen at the next assessment, not when it happens. "
    "The curve comes late.",
    "restoration_npmle": "Answers what would be seen if nobody left care early. People do leave: "
    "read it as a bound, not a forecast.",
}

HEADLINE_MONTH = 24

GROUPINGS = {
    "office": "By office",
    "casework_type": "By type of casework",
    "outcome": "By outcome",
    "age_band": "By age at intake",
    "gender": "By gender",
}

RISK_OUTCOMES = {
    "not_restored_24m": "Not restored within 24 months",
    "lost_12m": "Contact lost within 12 months",
    "worse_mid": "Worse at the mid-point assessment",
}


def write_report(share: Path, target: Path) -> None:
    """Writes the page; it holds what lies in the share folder, and no script, link or remote part."""
    target.parent.mkdir()
    files.write_text(target, render(share))


def render(share: Path) -> str:
    """The page as text. Every table may be empty: the page then says that this release has nothing to show there."""
    facts = json.loads((share / "manifest.json").read_bytes())
    tables = {name: _rows(share / f"{name}.csv") for name in TABLES}
    style = (TEMPLATES / "report.css").read_text()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    overall = [row for row in tables["curves"] if (row["stratum"], row["state"]) == ("overall", "restored")]
    curves = _by(overall, "curve_name")
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            style=Markup(style),  # our own file, hashed for the policy
            policy=f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'",
            facts=facts,
            age=_age(facts),
            tables=tables,
            curves=curves,
            headline=_headline(curves.get("restoration", [])),
            chart=curve_chart(curves, CURVE_LABELS),
            curve_labels=CURVE_LABELS,
            curve_notes=CURVE_NOTES,
            groupings=GROUPINGS,
            risks=_by(tables["risk_indicators"], "outcome"),
            risk_outcomes=RISK_OUTCOMES,
        )
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["plain"] = _plain
    return environment


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def _by(rows: list[dict[str, str]], column: str) -> dict[str, list[dict[str, str]]]:
    groups: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        groups.setdefault(row[column], []).append(row)
    return groups


def _headline(rows: list[dict[str, str]]) -> dict[str, str] | None:
    """The headline curve at two years, or at the last month before that has enough people; None where there is none."""
    shown = [row for row in rows if row["status"] == "shown" and int(row["month"]) <= HEADLINE_MONTH]
    return shown[-1] if shown else None


def _plain(text: str) -> str:
    """A cell without the apostrophe that keeps spreadsheets from reading it as a formula."""
    return text[1:] if text[:2] in ("'=", "'+", "'-", "'@") else text


def _age(facts: dict[str, Any]) -> int:
    """Days from the as-of date to the day the page was made; the page has no clock of its own."""
    return (datetime.fromisoformat(facts["created_at"]).date() - date.fromisoformat(facts["as_of"])).days
