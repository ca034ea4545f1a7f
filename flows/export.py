"""`aftercare export`: tables of share/ for spreadsheets, and one office's own file. Every export is recorded."""

import csv
import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from flows.errors import Exit, NothingPublishedError, StageError
from flows.publish import audit, withdrawal
from flows.publish.reader import release_folder
from flows.publish.sharing.cells import Line, read_state
from flows.publish.sharing.columns import COLUMNS
from flows.publish.sharing.figure import as_csv
from flows.publish.sharing.office_file import COLUMNS as OFFICE_COLUMNS
from flows.publish.sharing.office_file import office_lines
from flows.warehouse import Home

STAGE = "export"
ALL = "all"
FORMATS = ("csv", "xlsx")
TEXT = ("label", "reason", "wording", "because", "group", "set_months")


class ExportError(StageError):
    """What was asked for cannot be exported so."""

    code = Exit.USAGE


def export_tables(home: Home, table: str, folder: Path, *, fmt: str, at: datetime) -> list[Path]:
    """Write one table of the live release's share/, or all, to a folder; the files that were written. None is overwritten."""
    release = release_folder(home)
    withdrawal.refuse_withdrawn(home, release.name)
    names = list(COLUMNS) if table == ALL else [table.removesuffix(".csv")]
    if not set(names) <= COLUMNS.keys():
        raise _refused("there is no such table in share/", f"name one of: {', '.join(COLUMNS)}; or all")
    folder.mkdir(parents=True, exist_ok=True)
    targets = {name: folder / f"{name}.{fmt}" for name in names}
    _refuse_existing(targets.values())
    for name, target in targets.items():
        source = release / "share" / f"{name}.csv"
        with source.open(newline="", encoding="utf-8") as file:
            lines: list[Line] = list(csv.reader(file))
        _write(target, name, lines)
    audit.append(home, "export", at=at, release_id=release.name, tables=names, format=fmt)
    return list(targets.values())


def export_office(home: Home, office: str, target: Path, *, at: datetime) -> Path:
    """Write one office's own numbers to a .csv or .xlsx file, hidden and rounded as what leaves; no row is about a person."""
    release = release_folder(home)
    withdrawal.refuse_withdrawn(home, release.name)
    if target.suffix.lstrip(".") not in FORMATS:
        raise _refused("the file to write is neither .csv nor .xlsx", "give --to a name that ends in .csv or .xlsx")
    state = read_state(home, release.name)
    if state is None:
        raise NothingPublishedError(
            "the live release does not remember the numbers behind its shared tables",
            stage=STAGE,
            next_step="make a release with this version: aftercare nightly --rebuild",
        )
    if not any(key[0] == office for key in state.tables.get("_office_outcome", {})):
        raise _refused("the release knows no such office", "take the id from share/episodes_by_office.csv")
    _refuse_existing([target])
    tables = {}
    for name in ("offices", "partners", "quality", "training_needs"):
        with (release / "share" / f"{name}.csv").open(newline="", encoding="utf-8") as file:
            tables[name] = list(csv.DictReader(file))
    _write(target, "office", [OFFICE_COLUMNS, *office_lines(state, tables, office)])
    audit.append(home, "export", at=at, release_id=release.name, office=office, format=target.suffix.lstrip("."))
    return target


def _write(target: Path, title: str, lines: Sequence[Line]) -> None:
    """A file that only its owner and group can read; whole or not at all."""
    fresh = target.with_name(f".{target.name}.new")
    if target.suffix == ".xlsx":
        book = Workbook()
        sheet = book.active
        assert isinstance(sheet, Worksheet)
        sheet.title = title[:31]
        for number, line in enumerate(lines, start=1):
            for column, value in enumerate(line, start=1):
                _put(sheet, number, column, value, is_text=number == 1 or lines[0][column - 1] in TEXT)
        book.save(fresh)
    else:
        fresh.write_text(as_csv([[_kept(value) for value in line] for line in lines]), encoding="utf-8")
    fresh.chmod(0o640)
    os.replace(fresh, target)


def _kept(value: object) -> object:
    """A cell of a shared table is neutral already; a number below zero stays a number."""
    return _number(value) if isinstance(value, str) and _number(value) is not None else value


def _put(sheet: Worksheet, row: int, column: int, value: object, *, is_text: bool) -> None:
    """A number as a number, everything else as text that no spreadsheet runs."""
    if value is None or value == "":
        return
    cell = sheet.cell(row, column)
    number = None if is_text else _number(value)
    if number is not None:
        cell.value = number
        return
    cell.value = str(value)
    cell.data_type = "s"
    cell.quotePrefix = True


def _number(value: object) -> int | float | None:
    text = str(value)
    try:
        return int(text) if text.lstrip("-").isdigit() else float(text)
    except ValueError:
        return None


def _refuse_existing(targets: object) -> None:
    there = sum(Path(str(target)).exists() for target in targets)  # type: ignore[attr-defined]
    if there:
        raise ExportError(
            "a file of that name is there already", stage=STAGE, count=there, next_step="name another, or move it away"
        )


def _refused(rule: str, next_step: str) -> ExportError:
    return ExportError(rule, stage=STAGE, next_step=next_step)
