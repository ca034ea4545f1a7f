"""Deliveries of a few rows, written as CSV folders: one survivor, one case and one episode unless told otherwise."""

from __future__ import annotations

import csv
import hashlib
import json
from datetime import date, timedelta
from pathlib import Path

import pandas as pd

from tests.oracle import read_marts
from tests.oracle.contract import COLUMNS, INDICATORS

INTAKE = date(2024, 1, 1)
AS_OF = date(2026, 11, 1)
STAMP = "2026-10-01T00:00:00Z"

DEFAULTS: dict[str, dict[str, object]] = {
    "offices": {"office_id": "o1", "name": "North", "country_code": "KE", "region": "East"},
    "partners": {"partner_id": "p1", "office_id": "o1", "name": "Clinic", "partner_type": "clinic"},
    "partner_trainings": {"training_id": "t1", "partner_id": "p1", "topic": "SAF"},
    "survivors": {
        "survivor_id": "s1",
        "date_of_birth": "2000-05-05",
        "gender": "female",
        "consent_analytics": "true",
        "household_id": "h1",
    },
    "cases": {"case_id": "c1", "office_id": "o1", "casework_type": "forced_labour", "rescue_operation_id": "r1"},
    "aftercare_episodes": {
        "episode_id": "e1",
        "survivor_id": "s1",
        "case_id": "c1",
        "office_id": "o1",
        "lead_partner_id": "p1",
        "intake_date": INTAKE,
        "status": "active",
    },
    "aso_assessments": {"assessment_id": "a1", "episode_id": "e1", "assessed_on": INTAKE, "assessor_id": "w1"},
    "aso_scores": {"assessment_id": "a1", "indicator_code": "SAF1", "score": 3, "not_applicable": "false"},
    "community_events": {"attendance_id": "k1", "episode_id": "e1", "event_type": "family_day", "attended_on": INTAKE},
    "health_services": {"health_service_id": "m1", "episode_id": "e1", "service_type": "dental", "status": "delivered"},
    "legal_proceedings": {"proceeding_id": "l1", "case_id": "c1", "event_type": "hearing"},
    "support_services": {
        "support_service_id": "u1",
        "episode_id": "e1",
        "service_category": "shelter",
        "status": "delivered",
    },
}


def on(day: int) -> date:
    """The date of this day since the usual intake."""
    return INTAKE + timedelta(days=day)


class Delivery:
    """Rows by table, and the folder they are written to."""

    def __init__(self, *, bare: bool = False) -> None:
        self.rows: dict[str, list[dict[str, object]]] = {table: [] for table in COLUMNS}
        for table in () if bare else ("offices", "partners", "survivors", "cases", "aftercare_episodes"):
            self.add(table)

    def add(self, table: str, **values: object) -> Delivery:
        """One more row: the table's usual values, but for those given; None is an empty field."""
        self.rows[table].append({"modified_at": STAMP, **DEFAULTS[table], **values})
        return self

    def change(self, table: str, **values: object) -> Delivery:
        """The first row of the table with other values."""
        self.rows[table][0].update(values)
        return self

    def form(
        self, key: str, day: int, score: object = 3, *, episode: str = "e1", form: dict | None = None, **scores: object
    ) -> Delivery:
        """One assessment with its twenty scores; a keyword is an indicator or a domain (SAF=2, MEN1=None)."""
        self.add("aso_assessments", assessment_id=key, episode_id=episode, assessed_on=on(day), **(form or {}))
        for indicator, domain in INDICATORS.items():
            value = scores.get(indicator, scores.get(domain, score))
            self.add("aso_scores", assessment_id=key, indicator_code=indicator, score=value)
        return self

    def write(self, folder: Path, mode: str = "full") -> Path:
        """The folder, with one CSV file a table and its manifest."""
        folder.mkdir(parents=True)
        entries = {}
        for table, columns in COLUMNS.items():
            path = folder / f"{table}.csv"
            with path.open("w", encoding="utf-8", newline="") as lines:
                writer = csv.DictWriter(lines, list(columns))
                writer.writeheader()
                writer.writerows(self.rows[table])
            entries[table] = {
                "file": path.name,
                "rows": len(self.rows[table]),
                "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            }
        manifest = {
            "source": "jds",
            "schema_version": "1",
            "extract_id": folder.name,
            "mode": mode,
            "since": None,
            "tables": entries,
        }
        (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
        return folder


def read(folder: Path, *deliveries: Delivery, as_of: date = AS_OF) -> dict[str, pd.DataFrame]:
    """The marts of one full delivery and the incremental ones after it."""
    modes = ["full"] + ["incremental"] * (len(deliveries) - 1)
    folders = [
        delivery.write(folder / str(number), mode)
        for number, (delivery, mode) in enumerate(zip(deliveries, modes, strict=True))
    ]
    return read_marts(folders, as_of=as_of)


def plain(value: object) -> object:
    """The value with every kind of null as None, and numbers as Python's own."""
    if pd.isna(value):
        return None
    return value.item() if hasattr(value, "item") else value


def only(frame: pd.DataFrame, **where: object) -> dict[str, object]:
    """The one row where these columns have these values, as a dict."""
    for column, value in where.items():
        frame = frame[frame[column] == value]
    assert len(frame) == 1, f"{len(frame)} rows, wanted one"
    return {column: plain(value) for column, value in frame.iloc[0].items()}


def pick(row: dict[str, object], names: str) -> list[object]:
    """The values of these columns."""
    return [row[name] for name in names.split()]


def column(frame: pd.DataFrame, key: str, value: str) -> dict[object, object]:
    """One column by another."""
    return {plain(left): plain(right) for left, right in zip(frame[key], frame[value], strict=True)}


def buckets(marts: dict[str, pd.DataFrame], table: str) -> dict[str, int]:
    """The buckets of a source table that are not empty."""
    row = only(marts["quality.conservation"], source_table=table)
    assert row["n_in"] == sum(n for name, n in row.items() if name not in ("source_table", "n_in"))
    return {name[2:]: n for name, n in row.items() if name not in ("source_table", "n_in") and n}


def rules(marts: dict[str, pd.DataFrame], table: str) -> dict[str, int]:
    """How many rows of a source table each rule quarantined."""
    frame = marts["quality.quarantine"]
    return column(frame[frame["source_table"] == table], "rule", "n_rows")
