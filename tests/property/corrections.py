"""A delivery of which a third is wrong at first, and the corrections that come after it."""

from __future__ import annotations

import csv
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from tests.oracle.contract import COLUMNS
from tests.unit.oracle.small import Delivery

# What is wrong in a row of each table before it is corrected: a column, and how its value comes to be another.
STAMP = "2019-01-01T00:00:00Z"


def _shifted(value: str, by: int) -> str:
    return (date.fromisoformat(value) + timedelta(days=by)).isoformat() if value else value


WRONG = {
    "survivors": ("gender", lambda value, by: "other" if value != "other" else "female"),
    "cases": ("casework_type", lambda value, by: "land_theft" if value != "land_theft" else "police_abuse"),
    "aftercare_episodes": ("intake_date", _shifted),
    "aso_assessments": ("assessed_on", _shifted),
    "aso_scores": ("score", lambda value, by: str(5 - int(float(value))) if value else "1"),
    "community_events": ("attended_on", _shifted),
    "health_services": ("status", lambda value, by: "missed" if value == "delivered" else "delivered"),
    "legal_proceedings": ("occurred_on", _shifted),
    "support_services": ("started_on", _shifted),
}


def read_csv(folder: Path) -> Delivery:
    """The rows of a delivery folder of CSV files."""
    delivery = Delivery(bare=True)
    for table in COLUMNS:
        with (folder / f"{table}.csv").open(encoding="utf-8", newline="") as lines:
            delivery.rows[table] = [dict(row) for row in csv.DictReader(lines)]
    return delivery


def wrong_at_first(truth: Delivery, seed: int, share: float) -> tuple[Delivery, Delivery]:
    """The truth with this share of its rows wrong and older, and those rows as they are right."""
    rng = np.random.default_rng(seed)
    first, corrected = Delivery(bare=True), Delivery(bare=True)
    for table, rows in truth.rows.items():
        for row in rows:
            if table in WRONG and rng.random() < share:
                column, wrong = WRONG[table]
                value = wrong(str(row[column]), int(rng.choice([-40, -5, 3, 30])))
                first.rows[table].append({**row, column: value, "modified_at": STAMP})
                corrected.rows[table].append(row)
            else:
                first.rows[table].append(row)
    return first, corrected
