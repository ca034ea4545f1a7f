"""`aftercare seal`: what a partner typed in becomes a delivery, with as little of a person in it as the contract needs.

Columns that never land are written blank, and of a birth date only the year: they do not travel.
"""

import csv
import hashlib
import json
import os
import shutil
from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from flows.errors import DeliveryError, Exit, HomeError
from flows.extract.contract import Contract, Table
from flows.extract.precheck.findings import Finding, Level, Place
from flows.extract.starter.cells import CellError, as_csv
from flows.extract.starter.sheets import STAGE, Sheet, sheets
from flows.extract.starter.words import asked

FAULTS = {
    "formula_without_value": (
        "there are formulas that were never calculated",
        "open the file, let it calculate, save it",
    ),
    "spreadsheet_error": ("there are errors of the spreadsheet, such as #N/A", "mend the formula, or type the value"),
    "lost_digits": (
        "there are numbers of more than fifteen digits, whose end the spreadsheet lost",
        "type them as text",
    ),
    "no_text": ("there are lengths of time where a date or a number belongs", "give the column another format"),
}
NOTHING = "Nothing is sealed."


@dataclass
class Sealed:
    """What was written: the findings on cells, and for each table where its rows stood."""

    findings: list[Finding] = field(default_factory=list)
    labels: dict[str, str] = field(default_factory=dict)
    origins: dict[str, "array[int]"] = field(default_factory=dict)

    def at_home(self, found: Iterable[Finding]) -> list[Finding]:
        """Findings on the sealed files with the rows as the partner's own sheets number them."""
        return [replace(one, places=tuple(self._place(one.table, place) for place in one.places)) for one in found]

    def _place(self, table: str, place: Place) -> Place:
        return Place(self.labels[table], tuple(self.origins[table][row - 2] for row in place.rows))


def seal(folder: Path, building: Path, contract: Contract, *, extracted_at: datetime, limit: int) -> Sealed:
    """Write the delivery into `building`, a new folder, and say what could not be read of the cells and where each row stood.

    Raises DeliveryError where there is nothing to read, HomeError where `building` cannot be written.
    """
    done = Sealed()
    stamp = extracted_at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    entries: dict[str, dict[str, object]] = {}
    if not folder.is_dir():
        raise DeliveryError("the folder does not exist", stage=STAGE, next_step="name the folder of the workbook")
    try:
        building.mkdir(mode=0o700)
        with sheets(folder, contract) as found:
            done.findings += _strange(found.strange)
            for table in contract.tables.values():
                path = building / f"{table.name}.csv"
                rows = _write(path, table, found.by_table.get(table.name), done, stamp=stamp, limit=limit)
                entries[table.name] = {"file": path.name, "rows": rows, "sha256": _sha256(path)}
        manifest = {
            "source": "jds", "schema_version": contract.schema_version, "extract_id": stamp, "extracted_at": stamp,
            "mode": "full", "since": None, "tables": entries,
        }  # fmt: skip
        (building / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    except OSError:
        raise HomeError(
            "the delivery cannot be written", stage=STAGE, next_step="name a new folder that this user may write"
        ) from None
    return done


def keep(building: Path, target: Path) -> None:
    """Give the delivery its name, in one step."""
    os.replace(building, target)


def discard(building: Path) -> None:
    """Leave nothing of a delivery that is not handed over."""
    shutil.rmtree(building, ignore_errors=True)


def _write(path: Path, table: Table, sheet: Sheet | None, done: Sealed, *, stamp: str, limit: int) -> int:
    """How many rows the table has: its CSV in contract order, blank rows left out."""
    columns = [column.name for column in table.columns]
    origin, faults = array("L"), _Faults(table, limit)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        if sheet:
            place = _header(sheet, table, done.findings)
            for number, cells in sheet.rows:
                if any(cell is not None and str(cell).strip() for cell in cells):
                    row = _row(table, place, cells, faults, number)
                    row[columns.index("modified_at")] = row[columns.index("modified_at")] or stamp
                    writer.writerow(row)
                    origin.append(number)
        else:
            done.findings.append(
                _noted(table.name, (), "no_sheet", "there is no sheet of this name", "It is delivered without rows.")
            )
    done.labels[table.name] = sheet.label if sheet else ""
    done.origins[table.name] = origin
    done.findings += faults.findings(sheet.label if sheet else "")
    return len(origin)


def _header(sheet: Sheet, table: Table, findings: list[Finding]) -> dict[str, int]:
    """Where each column of the contract stands. Other names are counted, not told: they could be anything."""
    _, cells = next(sheet.rows, (1, []))
    names = [str(cell).strip().lower() if cell is not None else "" for cell in cells]
    place = {column.name: names.index(column.name) for column in table.columns if column.name in names}
    if twice := tuple(name for name in place if names.count(name) > 1):
        what = "the columns stand more than once in row 1"
        findings.append(_refused(table.name, twice, "column_twice", what, "name each column once"))
    if lacking := tuple(column.name for column in asked(table) if column.name not in place):
        findings.append(
            _noted(table.name, lacking, "no_column", "the columns are not in row 1", "They are delivered blank.")
        )
    if strange := sum(bool(name) and name not in place for name in names):
        what = f"{strange} names in row 1 are none of the contract's columns"
        findings.append(_noted(table.name, (), "extra_columns", what, "They are left out."))
    return place


def _strange(count: int) -> list[Finding]:
    what = f"{count} sheets or CSV files have the name of no table"
    return [_noted("", (), "extra_sheets", what, "They are left out.")] if count else []


def _noted(table: str, columns: tuple[str, ...], rule: str, what: str, night: str) -> Finding:
    mend = "see whether a name was misspelt (sheet about of the template lists them); if not, nothing"
    return Finding(Level.NOTE, table, columns, rule, what, night, mend)


def _row(table: Table, place: dict[str, int], cells: list[object], faults: "_Faults", number: int) -> list[str]:
    row = []
    for column in table.columns:
        at = place.get(column.name)
        cell = cells[at] if at is not None and at < len(cells) else None
        try:
            if isinstance(cell, CellError):
                raise cell
            row.append(as_csv(cell, column))
        except CellError as error:
            faults.add(error.rule, column.name, number)
            row.append("")
    return row


class _Faults:
    """Counts the cells that cannot be written down, by rule and column, with the first rows of each."""

    def __init__(self, table: Table, limit: int) -> None:
        self.table, self.limit = table, limit
        self.counts: dict[tuple[str, str], int] = {}
        self.rows: dict[tuple[str, str], list[int]] = {}

    def add(self, rule: str, column: str, number: int) -> None:
        key = (rule, column)
        self.counts[key] = self.counts.get(key, 0) + 1
        rows = self.rows.setdefault(key, [])
        if len(rows) < self.limit:
            rows.append(number)

    def findings(self, label: str) -> list[Finding]:
        found = []
        for (rule, column), count in self.counts.items():
            what, mend = FAULTS[rule]
            rows = tuple(self.rows[rule, column])
            one = _refused(self.table.name, (column,), rule, what, mend)
            found.append(replace(one, n_rows=count, places=(Place(label, rows),) if rows else ()))
        return found


def _refused(table: str, columns: tuple[str, ...], rule: str, what: str, mend: str) -> Finding:
    return Finding(Level.REFUSED, table, columns, rule, what, NOTHING, mend, exit=Exit.DELIVERY)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
