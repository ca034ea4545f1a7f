"""aftercare init and seal: from the contract to a workbook, and from a workbook to a delivery that lands as what was typed."""

from __future__ import annotations

import csv
import json
import shutil
import sys
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from flows.cli import main
from flows.extract.contract import Column, jds
from flows.extract.folder import open_folder
from flows.extract.simulate import Parameters, write_delivery
from flows.extract.starter.cells import CellError, as_csv
from flows.extract.starter.words import WORKBOOK, is_needed, words
from tests.deliveries import rows_of
from tests.nights import landed

AT = "2026-11-01T01:30:00Z"


@pytest.fixture(scope="module")
def typed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A simulated delivery, from which a partner's folder is made."""
    folder = tmp_path_factory.mktemp("typed") / "delivery"
    write_delivery(folder, Parameters(survivors=60))
    return folder


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    """The exit code of the command with these arguments, in this process."""
    monkeypatch.setattr(sys, "argv", ["aftercare", *map(str, arguments)])
    try:
        main()
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


def test_every_table_and_column_that_lands_has_words_and_no_other() -> None:
    meaning, tables = words(), jds().tables
    assert meaning.about.keys() == tables.keys()
    for table in tables.values():
        lands = {column.name for column in table.columns if column.kind != "drop"}
        assert {name for name in meaning.columns[table.name] if name not in meaning.common} == lands - meaning.common
        assert all(meaning.of(table, column) for column in table.columns if column.kind != "drop")
    assert all(
        any(duckdb.sql("select regexp_matches(?, ?)", params=[reason, pattern]).fetchall()[0][0]
            for pattern, _ in jds().closure_patterns)
        for reason in meaning.closure_reasons
    )  # fmt: skip


# A spreadsheet knows no zones.
SHOWN, BORN = datetime.fromisoformat("2024-02-29T13:05"), datetime.fromisoformat("1998-07-09")
CELLS: list[tuple[object, str, str]] = [
    (None, "text", ""),
    ("  Kisumu ", "text", "Kisumu"),
    (7, "text", "7"),
    (7.0, "text", "7"),
    (2.5, "number", "2.5"),
    (True, "bool", "true"),
    (False, "bool", "false"),
    ("yes", "bool", "yes"),
    (SHOWN, "date", "2024-02-29"),
    (date(2024, 2, 29), "date", "2024-02-29"),
    ("31/12/2024", "date", "31/12/2024"),
    (SHOWN, "timestamp", "2024-02-29T13:05:00Z"),
    (BORN, "birth_year", "1998-01-01"),
    ("1998-07-09", "birth_year", "1998-01-01"),
    ("1998-12-31", "birth_year", "1998-01-01"),
    ("1998-13-09", "birth_year", "1998-13-09"),
    ("1998-02-30", "birth_year", "1998-02-30"),
    ("1998-W01-1", "birth_year", "1998-W01-1"),
    ("9 July 1998", "birth_year", "9 July 1998"),
    ("Maria", "drop", ""),
    (BORN, "drop", ""),
]


@pytest.mark.parametrize(("value", "kind", "wanted"), CELLS)
def test_a_cell_is_written_as_the_contract_has_it(value: object, kind: str, wanted: str) -> None:
    assert as_csv(value, Column("c", kind, "", "none")) == wanted


@pytest.mark.parametrize(
    ("value", "rule"), [(1234567890123456, "lost_digits"), (time(9, 30), "no_text"), (float("nan"), "lost_digits")]
)
def test_a_cell_that_lost_what_it_held_is_refused(value: object, rule: str) -> None:
    with pytest.raises(CellError, match=rule):
        as_csv(value, Column("c", "text", "", "none"))


def test_init_overwrites_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("openpyxl", reason="the workbook is written with openpyxl")
    assert run(monkeypatch, "init", tmp_path / "p") == 0
    before = {path.name: path.read_bytes() for path in (tmp_path / "p").iterdir()}
    assert before.keys() == {"README.md", ".gitignore", "mapping.yml", WORKBOOK}
    assert run(monkeypatch, "init", tmp_path / "p") == 10
    assert {path.name: path.read_bytes() for path in (tmp_path / "p").iterdir()} == before
    assert run(monkeypatch, "init", tmp_path / "again") == 0
    assert {path.name: path.read_bytes() for path in (tmp_path / "again").iterdir()} == before, (
        "same contract, same bytes"
    )


def test_the_starter_mapping_names_every_column_that_lands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("openpyxl", reason="the workbook is written with openpyxl")
    run(monkeypatch, "init", tmp_path / "p")
    document = yaml.safe_load((tmp_path / "p" / "mapping.yml").read_text(encoding="utf-8"))
    assert document["version"] == 1
    assert list(document["tables"]) == list(jds().tables)
    for table in jds().tables.values():
        told = document["tables"][table.name]
        assert told["from"] == table.name
        assert list(told["columns"]) == [column.name for column in table.columns if column.kind != "drop"]
        for column in table.columns:
            if column.kind == "code":
                codes = jds().codes[column.of]
                assert told["columns"][column.name] == {
                    "from": column.name,
                    "codes": dict(zip(codes, codes, strict=True)),
                }


def test_the_workbook_asks_for_what_lands_and_for_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    openpyxl = pytest.importorskip("openpyxl", reason="the workbook is written with openpyxl")
    run(monkeypatch, "init", tmp_path / "p")
    book = openpyxl.load_workbook(tmp_path / "p" / WORKBOOK)
    assert book.sheetnames == ["about", *jds().tables, "codes"]
    lists = {column[0].value: [cell.value for cell in column[1:] if cell.value] for column in book["codes"].columns}
    for table in jds().tables.values():
        sheet = book[table.name]
        asked = [column for column in table.columns if column.kind != "drop" and column.name not in words().common]
        assert [cell.value for cell in sheet[1]] == [column.name for column in asked]
        assert sheet.freeze_panes == "A2"
        ranges = {str(rule.sqref): rule for rule in sheet.data_validations.dataValidation}
        for cell, column in zip(sheet[1], asked, strict=True):
            assert words().columns[table.name][column.name] in cell.comment.text
            assert ("needed" in cell.comment.text) == is_needed(table, column)
            rule = ranges.get(f"{cell.column_letter}2:{cell.column_letter}1048576")
            assert (rule is not None) == (
                column.kind in {"code", "bool", "date", "birth_year", "closure", "int", "number"}
            )
            if column.kind == "code" and rule:
                assert rule.formula1.startswith("=codes!")
                assert lists[column.of] == list(jds().codes[column.of])
            if column.kind in {"date", "birth_year"}:
                assert sheet.column_dimensions[cell.column_letter].number_format == "yyyy-mm-dd"


def as_typed(text: str, column: Column) -> Any:
    """A cell as a spreadsheet holds it."""
    if not text:
        return None
    if column.kind in {"date", "birth_year"}:
        return datetime.fromisoformat(text)
    if column.kind == "timestamp":
        return datetime.fromisoformat(text).astimezone(UTC).replace(tzinfo=None)
    if column.kind == "bool":
        return text == "true"
    if column.kind in {"int", "number"}:
        return float(text)
    return text


def fill(delivery: Path, book: Path) -> Path:
    """A workbook with the rows of a delivery, its columns turned round: they are matched by name."""
    openpyxl = pytest.importorskip("openpyxl", reason="the workbook is written with openpyxl")
    made = openpyxl.Workbook()
    made.remove(made.active)
    for table in jds().tables.values():
        sheet = made.create_sheet(table.name)
        columns = list(reversed(table.columns))
        sheet.append([column.name for column in columns])
        for row in rows_of(delivery, table.name):
            sheet.append([as_typed(row[column.name], column) for column in columns])
    book.parent.mkdir(parents=True)
    made.save(book)
    return book.parent


def test_a_sealed_workbook_lands_as_the_delivery_it_was_typed_from(
    typed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = fill(typed, tmp_path / "p" / WORKBOOK)
    assert run(monkeypatch, "seal", folder, tmp_path / "sealed", "--extracted-at", AT) == 0
    assert run(monkeypatch, "check-delivery", tmp_path / "sealed") == 0
    was, now = landed(typed, tmp_path / "was"), landed(tmp_path / "sealed", tmp_path / "now")
    for table in jds().tables:
        left, right = (f"select * exclude (row_digest) from '{one.file(table)}'" for one in (was, now))
        assert duckdb.sql(f"select count(*) from '{was.file(table)}'").fetchall()[0][0] > 0
        assert duckdb.sql(f"({left} except all {right}) union all ({right} except all {left})").fetchall() == []


def test_the_same_folder_gives_the_same_delivery(typed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = as_csv_files(typed, tmp_path / "p")
    for name in ("one", "two"):
        assert run(monkeypatch, "seal", folder, tmp_path / name, "--extracted-at", AT) == 0
    one, two = ({path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in ("one", "two"))
    assert one == two
    facts = open_folder(tmp_path / "one", jds()).facts
    assert (facts.mode, facts.extracted_at) == ("full", datetime(2026, 11, 1, 1, 30, tzinfo=UTC))


def as_csv_files(delivery: Path, folder: Path) -> Path:
    """The CSV files of a delivery without its manifest."""
    shutil.copytree(delivery, folder)
    (folder / "manifest.json").unlink()
    return folder


def test_blank_rows_are_left_out_and_rows_are_told_as_the_sheet_numbers_them(
    typed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = as_csv_files(typed, tmp_path / "p")
    rows = rows_of(folder, "partners")
    rows[2]["partner_type"] = "zebra"
    # As spreadsheets of many countries save it: a byte-order mark, semicolons, and blank rows between.
    with (folder / "partners.csv").open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(rows[0])
        writer.writerows(
            [*(row.values() for row in rows[:2]), [], [" "] * len(rows[0]), *(row.values() for row in rows[2:])]
        )
    capsys.readouterr()
    assert run(monkeypatch, "seal", folder, tmp_path / "sealed", "--extracted-at", AT, "--format", "json") == 0
    (one,) = (one for one in json.loads(capsys.readouterr().out)["findings"] if one["rule"] == "unknown_code")
    assert one["places"] == [{"file": "partners.csv", "rows": [6]}]
    assert len(rows_of(tmp_path / "sealed", "partners")) == len(rows)


def test_a_table_that_is_not_there_is_told_and_delivered_without_rows(
    typed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = as_csv_files(typed, tmp_path / "p")
    (folder / "partner_trainings.csv").rename(folder / "trainings.csv")
    capsys.readouterr()
    assert run(monkeypatch, "seal", folder, tmp_path / "sealed", "--extracted-at", AT, "--format", "json") == 0
    told = {(one["table"], one["rule"]) for one in json.loads(capsys.readouterr().out)["findings"]}
    assert {("partner_trainings", "no_sheet"), ("", "extra_sheets")} <= told
    assert rows_of(tmp_path / "sealed", "partner_trainings") == []


def test_what_the_night_would_refuse_is_not_sealed(
    typed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = as_csv_files(typed, tmp_path / "p")
    (folder / "survivors.csv").unlink()
    assert run(monkeypatch, "seal", folder, tmp_path / "sealed", "--extracted-at", AT) == 10
    assert sorted(path.name for path in tmp_path.iterdir()) == ["p"], "nothing is left behind"


def test_a_target_that_is_there_is_not_touched(typed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = as_csv_files(typed, tmp_path / "p")
    (tmp_path / "sealed").mkdir()
    assert run(monkeypatch, "seal", folder, tmp_path / "sealed") == 2
    assert list((tmp_path / "sealed").iterdir()) == []


def test_a_folder_with_nothing_in_it_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "p").mkdir()
    assert run(monkeypatch, "seal", tmp_path / "p", tmp_path / "sealed") == 10
    assert run(monkeypatch, "seal", tmp_path / "nowhere", tmp_path / "sealed") == 10
    (tmp_path / "p" / WORKBOOK).write_text("no workbook")
    assert run(monkeypatch, "seal", tmp_path / "p", tmp_path / "sealed") == 10
    assert sorted(path.name for path in tmp_path.iterdir()) == ["p"]


def test_faults_of_the_spreadsheet_are_told_by_cell_and_nothing_is_sealed(
    typed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    openpyxl = pytest.importorskip("openpyxl", reason="the workbook is written with openpyxl")
    folder = fill(typed, tmp_path / "p" / WORKBOOK)
    book = openpyxl.load_workbook(folder / WORKBOOK)
    names = [cell.value for cell in book["offices"][1]]
    book["offices"].cell(3, names.index("opened_on") + 1).value = "=TODAY()"
    book["offices"].cell(4, names.index("region") + 1).value = "#N/A"
    book["offices"].cell(4, names.index("region") + 1).data_type = "e"
    book["offices"].cell(2, names.index("name") + 1).value = 12345678901234567
    book["offices"].cell(1, len(names) + 1).value = "Maria's column"
    book["offices"].cell(1, names.index("country_code") + 1).value = "country"
    book.create_sheet("Maria's sheet")
    book.save(folder / WORKBOOK)
    capsys.readouterr()
    assert run(monkeypatch, "seal", folder, tmp_path / "sealed", "--extracted-at", AT, "--format", "json") == 10
    out = capsys.readouterr().out
    told = {
        (one["rule"], tuple(one["columns"])): one["places"]
        for one in json.loads(out)["findings"]
        if one["table"] == "offices"
    }
    sheet = "sheet offices"
    assert told["formula_without_value", ("opened_on",)] == [{"file": sheet, "rows": [3]}]
    assert told["spreadsheet_error", ("region",)] == [{"file": sheet, "rows": [4]}]
    assert told["lost_digits", ("name",)] == [{"file": sheet, "rows": [2]}]
    assert told["extra_columns", ()] == []
    assert told["no_column", ("country_code",)] == []
    assert "extra_sheets" in {one["rule"] for one in json.loads(out)["findings"]}
    assert "Maria" not in out
    assert not (tmp_path / "sealed").exists()
