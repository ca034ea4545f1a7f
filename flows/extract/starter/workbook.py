"""The workbook that a partner fills in: one sheet a table, with the lists of codes to pick from and the meaning of each column.

Columns that never land are not in it: what has no place is not typed in.
"""

import re
import zipfile
from collections.abc import Iterator
from io import BytesIO

from openpyxl import Workbook
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from flows.extract.contract import Column, Contract, Table
from flows.extract.starter.words import ABOUT, CODES, Words, asked, is_needed

LAST_ROW = 1_048_576
FORMATS = {"date": "yyyy-mm-dd", "birth_year": "yyyy-mm-dd", "int": "0", "number": "General", "bool": "General"}
NEEDED = PatternFill("solid", fgColor="FFE8B3")
OTHER = PatternFill("solid", fgColor="E6E6E6")
# Nothing of the clock may be in the bytes: the same contract gives the same file.
MOMENT = (2026, 11, 22, 0, 0, 0)
STAMP = re.compile(rb"(<dcterms:(created|modified)[^>]*>)[^<]*")


def template(contract: Contract, meaning: Words) -> bytes:
    """The workbook as the bytes of an .xlsx file."""
    book = Workbook()
    _about(book.active or book.create_sheet(), contract, meaning)
    sheets = {table.name: book.create_sheet(table.name) for table in contract.tables.values()}
    lists = _codes(book.create_sheet(CODES), contract, meaning)
    for table in contract.tables.values():
        _sheet(sheets[table.name], table, meaning, lists)
    raw = BytesIO()
    book.save(raw)
    return _without_clock(raw.getvalue())


def _about(sheet: Worksheet, contract: Contract, meaning: Words) -> None:
    sheet.title = ABOUT
    lines = [
        "One sheet a table. Row 1 holds the names of the columns: do not change them. Type from row 2 on, one row after the other.",
        "A note on each name says what it means. Orange columns are needed, grey ones may stay blank.",
        "Never type a name, a telephone number, an e-mail address, an address or a number of the state anywhere in this file.",
        "Ids are numbers that you give yourself. The same person has the same id everywhere and in every delivery.",
        "Leave out whoever did not agree, or write false in consent_analytics: a blank counts as no.",
        "Before you hand it over: aftercare seal FOLDER NEW_FOLDER (README.md beside this file).",
    ]
    for number, line in enumerate(lines, 1):
        sheet.cell(number, 1, line)
    for number, table in enumerate(contract.tables.values(), len(lines) + 2):
        sheet.cell(number, 1, table.name).font = Font(bold=True)
        sheet.cell(number, 2, meaning.about[table.name])
    sheet.column_dimensions["A"].width = 24


def _codes(sheet: Worksheet, contract: Contract, meaning: Words) -> dict[str, str]:
    """Write each list into a column of its own; the range of each by the name of the list."""
    ranges = {}
    lists = {**contract.codes, "closure_reason": meaning.closure_reasons}
    for number, (name, codes) in enumerate(lists.items(), 1):
        letter = get_column_letter(number)
        sheet.cell(1, number, name).font = Font(bold=True)
        for row, code in enumerate(codes, 2):
            sheet.cell(row, number, code)
        sheet.column_dimensions[letter].width = 24
        ranges[name] = f"={CODES}!${letter}$2:${letter}${len(codes) + 1}"
    sheet.freeze_panes = "A2"
    return ranges


def _sheet(sheet: Worksheet, table: Table, meaning: Words, lists: dict[str, str]) -> None:
    for number, column in enumerate(asked(table), 1):
        letter = get_column_letter(number)
        head = sheet.cell(1, number, column.name)
        head.font, head.alignment = Font(bold=True), Alignment(horizontal="left")
        head.fill = NEEDED if is_needed(table, column) else OTHER
        head.comment = Comment(meaning.of(table, column), "aftercare", height=120, width=300)
        sheet.column_dimensions[letter].width = max(14, len(column.name) + 4)
        sheet.column_dimensions[letter].number_format = FORMATS.get(column.kind, "@")
        for rule in _rules(column, lists):
            rule.add(f"{letter}2:{letter}{LAST_ROW}")
            sheet.add_data_validation(rule)
    sheet.freeze_panes = "A2"


def _rules(column: Column, lists: dict[str, str]) -> Iterator[DataValidation]:
    """What the spreadsheet says where a cell is not as the column wants it."""
    if column.kind == "code":
        yield _validation("list", lists[column.of], "Pick one of the list.")
    elif column.kind == "closure":
        yield _validation("list", lists["closure_reason"], "", is_strict=False)
    elif column.kind == "bool":
        yield _validation("list", '"true,false"', "Pick true or false.")
    elif column.kind in {"date", "birth_year"}:
        yield _validation("date", "25569", "Type a date, such as 2026-11-01.", operator="greaterThan")
    elif column.name == "score":
        yield _validation("whole", "1", "Type 1, 2, 3 or 4.", operator="between", second="4")
    elif column.kind in {"int", "number"}:
        kind = "whole" if column.kind == "int" else "decimal"
        yield _validation(kind, "0", "Type a number.", operator="greaterThanOrEqual")


def _validation(
    kind: str, first: str, says: str, *, operator: str | None = None, second: str | None = None, is_strict: bool = True
) -> DataValidation:
    return DataValidation(
        type=kind,
        operator=operator,
        formula1=first,
        formula2=second,
        allow_blank=True,
        showErrorMessage=is_strict,
        error=says or None,
        errorTitle="aftercare" if says else None,
    )


def _without_clock(content: bytes) -> bytes:
    """The same file with one moment in place of the time it was made."""
    made = BytesIO()
    with zipfile.ZipFile(BytesIO(content)) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            entry = zipfile.ZipInfo(name, MOMENT)
            entry.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(entry, STAMP.sub(rb"\g<1>2026-11-22T00:00:00Z", old.read(name)))
    return made.getvalue()
