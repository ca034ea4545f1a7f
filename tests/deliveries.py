"""Small deliveries for tests, changed cell by cell."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

from tests.nights import sign

Rows = list[dict[str, str]]


def rows_of(folder: Path, table: str) -> Rows:
    """The rows of a table's CSV file."""
    with (folder / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write_rows(folder: Path, table: str, rows: Rows, *, names: list[str] | None = None) -> Path:
    """The folder, with the table's CSV file made of these rows and its manifest entry as the file now is."""
    with (folder / f"{table}.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names or list(rows[0]), lineterminator="\n", extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    return sign(folder, table, rows=len(rows))


def change(folder: Path, table: str, how: Callable[[Rows], None]) -> Path:
    """The folder, with the rows of one table changed."""
    rows = rows_of(folder, table)
    how(rows)
    return write_rows(folder, table, rows)
