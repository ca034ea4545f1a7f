"""Reading deliveries: folders of CSV or Parquet files with a manifest, cast to the contract's types."""

from __future__ import annotations

import csv
import json
import math
import re
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from tests.oracle.contract import COLUMNS, KEYS, UNKEPT
from tests.oracle.rules import rules

BAD_SCORE = math.inf


@dataclass(eq=False)
class Row:
    """One input row: its values by column, its content for the duplicate rule, and the bucket it falls in."""

    table: str
    key: Hashable
    values: dict[str, Any]
    content: tuple[Any, ...]
    kept: tuple[Any, ...]
    unreadable: frozenset[str] = frozenset()
    delivery: int = 0
    bucket: str = "out"
    rule: str = ""

    def __getitem__(self, column: str) -> Any:
        return self.values[column]


@dataclass
class Scope:
    """The rows that count (latest full delivery and the incremental ones after it), and the keys that are gone."""

    rows: dict[str, list[Row]]
    gone: dict[str, set[Hashable]] = field(default_factory=dict)


def read_scope(folders: list[Path]) -> Scope:
    """The rows of the latest full delivery and everything after it; keys only ever seen before it are hard deletes."""
    manifests = [json.loads((folder / "manifest.json").read_text(encoding="utf-8")) for folder in folders]
    fulls = [number for number, manifest in enumerate(manifests) if manifest["mode"] == "full"]
    first = fulls[-1] if fulls else 0
    deliveries = [_read_delivery(folder, manifest) for folder, manifest in zip(folders, manifests, strict=True)]
    for number, delivery in enumerate(deliveries):
        for row in (row for rows in delivery.values() for row in rows):
            row.delivery = number
    rows = {table: [row for delivery in deliveries[first:] for row in delivery[table]] for table in COLUMNS}
    gone = {
        table: {row.key for delivery in deliveries[:first] for row in delivery[table]}
        - {row.key for row in rows[table]}
        - {None}
        for table in COLUMNS
    }
    return Scope(rows, gone)


def _read_delivery(folder: Path, manifest: dict[str, Any]) -> dict[str, list[Row]]:
    # READING: counts and hashes are the loader's to refuse; the oracle takes what the manifest lists. A table or
    # column that is not there is read as empty or null.
    tables: dict[str, list[Row]] = {}
    for table in COLUMNS:
        files = manifest["tables"].get(table, {}).get("file", [])
        files = [files] if isinstance(files, str) else files
        tables[table] = [_row(table, texts) for file in files for texts in _texts(folder / file)]
    return tables


def _texts(path: Path) -> Iterator[dict[str, str | None]]:
    if path.suffix == ".parquet":
        for record in pq.read_table(path).to_pylist():
            yield {column: _as_csv_text(value) for column, value in record.items()}
        return
    with path.open(encoding="utf-8", newline="") as lines:
        for record in csv.DictReader(lines):
            yield {column: text or None for column, text in record.items()}


def _as_csv_text(value: Any) -> str | None:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value.isoformat() if isinstance(value, date) else str(value) or None


def _row(table: str, texts: dict[str, str | None]) -> Row:
    values = {column: CASTS[kind](texts.get(column)) for column, kind in COLUMNS[table].items()}
    # READING: "different content" is about every column of the contract, identifying and free text included, compared
    # after casting (4 and 4.0, Z and +00:00 are the same content); text that cannot be cast is compared as text.
    content = tuple(texts.get(column) if value is None else value for column, value in values.items())
    key = tuple(values[column] for column in KEYS[table])
    unreadable = frozenset(column for column, value in values.items() if value is None and texts.get(column))
    kept = tuple(_kept(column, value) for column, value in values.items() if column not in UNKEPT)
    return Row(table, key[0] if len(key) == 1 else key, values, content, (*kept, unreadable - UNKEPT), unreadable)


def _kept(column: str, value: Any) -> Any:
    return value or False if column in ("is_deleted", "not_applicable") else value


def _date(text: str | None) -> date | None:
    value = _day(text)
    return value if value and value > rules().last_impossible_date else None


@cache
def _day(text: str | None) -> date | None:
    # READING: a date that cannot be (2026-02-30, on or before 1970-01-01) is the same as an absent one. A timestamp
    # in a date column (Parquet) gives the date as written.
    match = re.fullmatch(r"(\d{4}-\d{2}-\d{2})([T ].*)?", text or "")
    if not match:
        return None
    try:
        return date.fromisoformat(match[1])
    except ValueError:
        return None


@cache
def _timestamp(text: str | None) -> datetime | None:
    try:
        value = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    # READING: a stamp without a zone is UTC.
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _boolean(text: str | None) -> bool | None:
    return {"true": True, "false": False}.get((text or "").lower())


def _number(text: str | None) -> float | None:
    try:
        return float(text or "")
    except ValueError:
        return None


def _whole(text: str | None) -> float | None:
    # READING: a number that is not whole, in a column of whole numbers, is the same as an absent one.
    number = _number(text)
    return number if number is not None and math.isfinite(number) and number == int(number) else None


def _score(text: str | None) -> float | None:
    # READING: a score that is no number at all is a score outside 1-4, not a missing one.
    if text is None:
        return None
    number = _number(text)
    return BAD_SCORE if number is None or not math.isfinite(number) else number


CASTS = {
    "text": lambda text: text,
    "date": _date,
    "timestamp": _timestamp,
    "boolean": _boolean,
    "number": _number,
    "whole": _whole,
    "score": _score,
}
