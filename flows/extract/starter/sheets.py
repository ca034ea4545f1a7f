"""The rows of a partner's folder: the sheets of the workbook, or CSV files named as the tables."""

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

from flows.errors import DeliveryError
from flows.extract.contract import Contract
from flows.extract.scan import MAX_LINE_BYTES
from flows.extract.starter.cells import CellError
from flows.extract.starter.words import ABOUT, CODES, WORKBOOK

STAGE = "sealing"
# The number of a row as a spreadsheet shows it, and its cells; a cell that cannot be read is a CellError.
Row = tuple[int, list[object]]


@dataclass(frozen=True)
class Sheet:
    """One table's rows with the header first, and what to call the place where they stand."""

    label: str
    rows: Iterator[Row]


@dataclass(frozen=True)
class Sheets:
    """The sheets there are, by table, and how many there are of other names."""

    by_table: dict[str, Sheet]
    strange: int


@contextmanager
def sheets(folder: Path, contract: Contract) -> Iterator[Sheets]:
    """The sheets of a folder. DeliveryError where the folder holds no workbook and no CSV file of a table, or both."""
    book = folder / WORKBOOK
    files = {table: path for table in contract.tables if (path := folder / f"{table}.csv").is_file()}
    if book.is_file() == bool(files):
        rule = f"the folder holds both {WORKBOOK} and CSV files" if files else f"the folder holds no {WORKBOOK}"
        next_step = "leave either the workbook or one CSV file a table in it (aftercare init makes a workbook)"
        raise DeliveryError(rule, stage=STAGE, next_step=next_step)
    if files:
        read = {table: Sheet(path.name, _csv_rows(path, table)) for table, path in files.items()}
        yield Sheets(read, sum(path not in files.values() for path in folder.glob("*.csv")))
        return
    with _opened(book, data_only=True) as values, _opened(book, data_only=False) as formulas:
        read = {
            table: Sheet(f"sheet {table}", _sheet_rows(values[table], formulas[table]))
            for table in contract.tables
            if table in values.sheetnames
        }
        yield Sheets(read, len(set(values.sheetnames) - read.keys() - {ABOUT, CODES}))


@contextmanager
def _opened(path: Path, *, data_only: bool) -> Iterator[Any]:
    from openpyxl import load_workbook

    try:
        book = load_workbook(path, read_only=True, data_only=data_only)
    except Exception:  # a broken archive raises whatever its reader meets; the text could quote a cell
        raise DeliveryError(
            f"{WORKBOOK} cannot be read", stage=STAGE, next_step="save it anew as .xlsx, without a password"
        ) from None
    try:
        yield book
    finally:
        book.close()


def _sheet_rows(values: Any, formulas: Any) -> Iterator[Row]:
    """Rows as last calculated; the size that the file states of itself is not believed."""
    values.reset_dimensions()
    formulas.reset_dimensions()
    for number, (row, written) in enumerate(zip_longest(values.iter_rows(), formulas.iter_rows(), fillvalue=()), 1):
        yield number, [_cell(*pair) for pair in zip_longest(row, written)]


def _cell(value: Any, written: Any) -> object:
    if value is not None and value.data_type == "e":
        return CellError("spreadsheet_error")
    found = value.value if value is not None else None
    if found is None and written is not None and written.data_type == "f":
        return CellError("formula_without_value")
    return found


def _csv_rows(path: Path, table: str) -> Iterator[Row]:
    """Rows of a CSV file as spreadsheets save it: with or without a byte-order mark, parted by commas or semicolons."""
    csv.field_size_limit(MAX_LINE_BYTES)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            head = file.readline()
            file.seek(0)
            mark = ";" if head.count(";") > head.count(",") else ","
            for number, cells in enumerate(csv.reader(file, delimiter=mark, strict=True), 1):
                yield number, list(cells)
    except (OSError, UnicodeDecodeError, csv.Error):
        raise DeliveryError(
            "a file cannot be read as UTF-8 CSV", stage=STAGE, table=table, next_step="save it anew as CSV UTF-8"
        ) from None
