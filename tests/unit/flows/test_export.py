"""aftercare export and withdraw: what leaves for spreadsheets and for one office, and what must not be used any more."""

import csv
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import openpyxl
import pytest
from click.testing import CliRunner

from flows.cli import cli
from flows.errors import NothingPublishedError, OnHoldError
from flows.export import ExportError, export_office, export_tables
from flows.inspect import status_lines
from flows.publish import audit, withdrawal
from flows.publish.crosstab import cell_range, with_totals
from flows.publish.files import remove_tree
from flows.publish.gate import KEY
from flows.publish.sharing.cells import STATE, read_state
from flows.publish.sharing.columns import COLUMNS
from flows.publish.sharing.gather import GROUPS
from flows.publish.sharing.office_file import office_lines
from flows.warehouse import Home
from tests.unit.publish.builds import publish_one
from tests.unit.publish.share_builds import make_full_build

AT = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
FORMULA = "=cmd|' /C calc'!A0"


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The root of a home with one release, an office of it named like a formula; no test may change it."""
    root = tmp_path_factory.mktemp("export")
    build = make_full_build(root / "build.duckdb", n=400)
    with duckdb.connect(str(build)) as connection:
        connection.execute("update core.dim_office set name = ? where office_id = 'O0'", [FORMULA])
    (root / "home").mkdir()
    publish_one(Home(root / "home"), build)
    yield root / "home"
    remove_tree(root)


@pytest.fixture
def home(published: Path, tmp_path: Path) -> Iterator[Home]:
    root = tmp_path / "home"
    shutil.copytree(published, root, symlinks=True)
    yield Home(root)
    remove_tree(root)


def test_8_4_every_table_is_written_as_it_is_shared(home: Home, tmp_path: Path):
    written = export_tables(home, "all", tmp_path / "out", fmt="csv", at=AT)
    assert [path.stem for path in written] == list(COLUMNS)
    for path in written:
        with path.open(newline="") as a, (home.current / "share" / path.name).open(newline="") as b:
            assert list(csv.reader(a)) == list(csv.reader(b))
    line = audit.lines(home)[-1]
    assert (line.what, line.facts["format"], line.facts["tables"]) == ("export", "csv", list(COLUMNS))


@pytest.mark.parametrize("fmt", ["csv", "xlsx"])
def test_F13_no_cell_of_an_export_is_a_formula(home: Home, tmp_path: Path, fmt: str):
    for path in export_tables(home, "all", tmp_path / "out", fmt=fmt, at=AT):
        if fmt == "csv":
            with path.open(newline="") as file:
                cells = [cell for row in csv.reader(file) for cell in row]
            assert not [cell for cell in cells if cell[:1] in "=+@\t\r" and cell != ""]
        else:
            sheet = openpyxl.load_workbook(path).active
            assert sheet is not None
            assert not [cell for row in sheet.iter_rows() for cell in row if cell.data_type == "f"]
            assert path.stem != "offices" or sheet["B2"].value == "'" + FORMULA
            assert path.stem != "offices" or sheet["B2"].quotePrefix


def test_8_4_numbers_are_numbers_in_a_workbook(home: Home, tmp_path: Path):
    (path,) = export_tables(home, "curves", tmp_path, fmt="xlsx", at=AT)
    sheet = openpyxl.load_workbook(path).active
    assert sheet is not None
    header, first = [[cell.value for cell in row] for row in sheet.iter_rows(max_row=2)]
    assert isinstance(dict(zip(header, first, strict=True))["month"], int)


def lines_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_8_4_an_office_gets_its_own_numbers_and_no_other_office_nor_person(home: Home, tmp_path: Path):
    lines = lines_of(export_office(home, "O1", tmp_path / "office.csv", at=AT))
    about = {line["about"] for line in lines if line["section"] in ("offices", "partners", "quality", "training_needs")}
    assert about == {"O1", "P10", "P11", "P12"}
    assert not KEY.search((tmp_path / "office.csv").read_text())
    assert all(int(line["n"]) >= 11 and int(line["n"]) % 5 == 0 for line in lines if line["n"])
    assert {line["status"] for line in lines if not line["n"]} <= {"hidden"}
    assert (audit.lines(home)[-1].what, audit.lines(home)[-1].facts["office"]) == ("export", "O1")
    assert (tmp_path / "office.csv").stat().st_mode & 0o007 == 0


def test_8_4_offices_that_lay_their_files_together_find_no_hidden_number(home: Home):
    state = read_state(home, home.current.resolve().name)
    assert state is not None
    for dimension, groups in GROUPS.items():
        rows = state.tables[f"_office_{dimension}"]
        offices = sorted({key[0] for key in rows})
        shown = {o: office_lines(state, {}, o) for o in offices}
        offices = [office for office in offices if shown[office]]
        grid = with_totals([[rows[(office, group)].n for group in groups] for office in offices])
        gone = state.hidden[f"episodes_by_{dimension}"]
        hidden = {(len(offices), j) for j, group in enumerate(groups) if (group,) in gone}
        for i, office in enumerate(offices):
            said = [line for line in shown[office] if line[0] == f"episodes_by_{dimension}"]
            hidden |= {(i, j) for j, line in enumerate(said) if line[4] is None}
        assert len(hidden) > 5
        for cell in hidden:
            low, high = cell_range(grid, hidden, cell, enough=22)
            assert (low == 0 and high >= 10) or high - low + 1 >= 11, (dimension, cell)


def test_8_4_what_cannot_be_exported_is_refused(home: Home, tmp_path: Path):
    with pytest.raises(ExportError, match="no such table"):
        export_tables(home, "survivors", tmp_path, fmt="csv", at=AT)
    with pytest.raises(ExportError, match="no such office"):
        export_office(home, "O9", tmp_path / "o.csv", at=AT)
    with pytest.raises(ExportError, match=r"neither \.csv nor \.xlsx"):
        export_office(home, "O1", tmp_path / "o.pdf", at=AT)
    (tmp_path / "curves.csv").touch()
    with pytest.raises(ExportError, match="there already"):
        export_tables(home, "all", tmp_path, fmt="csv", at=AT)
    assert [path.name for path in tmp_path.glob("*.csv")] == ["curves.csv"]
    (home.history / home.current.resolve().name / STATE).unlink()
    with pytest.raises(NothingPublishedError, match="does not remember"):
        export_office(home, "O1", tmp_path / "o.csv", at=AT)


def test_P22_a_withdrawn_release_is_not_exported_and_readers_are_told(home: Home, tmp_path: Path):
    name = home.current.resolve().name
    run = CliRunner().invoke
    done = run(cli, ["withdraw", name, "--reason", "the scale was read wrong", "--home", str(home.root)])
    assert "is withdrawn" in done.output
    assert "aftercare rollback" in done.output
    with pytest.raises(OnHoldError, match="the scale was read wrong"):
        export_tables(home, "all", tmp_path / "out", fmt="csv", at=AT)
    assert not (tmp_path / "out").exists()
    assert "WITHDRAWN" in status_lines(home, now=AT)[0]
    assert "Do not use it" in run(cli, ["report", "--home", str(home.root)]).output
    assert (audit.lines(home)[-1].what, audit.lines(home)[-1].release_id) == ("withdraw", name)
    with pytest.raises(NothingPublishedError):
        withdrawal.withdraw(home, "2020-01-01-0001", reason="x", at=AT)
    (home.root / withdrawal.FILE).write_text("no json")
    assert withdrawal.notice(home, name)


def test_the_command_takes_a_table_or_an_office(home: Home, tmp_path: Path):
    run = CliRunner().invoke
    place = ["--home", str(home.root)]
    assert run(cli, ["export", "--to", str(tmp_path), *place]).exit_code == 2
    done = run(cli, ["export", "offices", "--format", "xlsx", "--to", str(tmp_path / "out"), *place])
    assert done.output.strip() == str(tmp_path / "out" / "offices.xlsx")
    done = run(cli, ["export", "--office", "O0", "--to", str(tmp_path / "o.xlsx"), *place])
    assert done.exit_code == 0
    sheet = openpyxl.load_workbook(tmp_path / "o.xlsx").active
    assert sheet is not None
    assert sheet.max_row > 30
