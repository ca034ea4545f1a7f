"""check-delivery on small deliveries: each problem is told at its place, and only it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pytest

from flows.cli_partner import judged
from flows.errors import DeliveryError, Exit, HomeError
from flows.extract.contract import jds
from flows.extract.precheck.findings import NAMELESS, Finding, Level, exit_of, file_name
from flows.extract.precheck.models import Models
from flows.extract.precheck.opening import open_all
from flows.extract.precheck.own_rules import ON_MODEL, OWN_RULES, on_landed
from flows.extract.precheck.report import as_text
from flows.extract.precheck.rows import judge_rows
from flows.extract.precheck.rules import RULES
from flows.extract.simulate import Parameters, write_delivery
from flows.settings import PROJECT, Settings
from tests.deliveries import Rows, change, rows_of, write_rows
from tests.nights import sign

AT = datetime(2026, 11, 1, 1, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clean") / "delivery"
    write_delivery(folder, Parameters(survivors=120))
    return folder


@pytest.fixture
def folder(clean: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(clean, tmp_path / "delivery"))


def found(folder: Path, *, limit: int = 5, as_of: date | None = None) -> list[Finding]:
    return judged(open_all(folder, jds(), at=AT), Settings(), as_of=as_of, limit=limit)


def said(one: Finding) -> tuple[str, str, tuple[str, ...], int | None]:
    return one.rule, one.table, one.columns, one.n_rows


def added(before: list[Finding], after: list[Finding]) -> list[Finding]:
    """What is told after a change and was not told before it."""
    return [one for one in after if said(one) not in set(map(said, before))]


@pytest.fixture(scope="module")
def before(clean: Path) -> list[Finding]:
    return found(clean)


def test_a_clean_delivery_is_taken_and_nothing_of_it_is_left_out_but_who_did_not_agree(before: list[Finding]) -> None:
    assert exit_of(before) is Exit.OK
    assert {one.rule for one in before} <= {"consent_missing", "consent_withheld", "never_lands"}
    assert "The night would take this delivery." in as_text(before)


def put(column: str, value: str, at: int = 7) -> Callable[[Rows], None]:
    """A change of one cell: that of the row which a spreadsheet numbers `at`."""

    def change_cell(rows: Rows) -> None:
        rows[at - 2][column] = value

    return change_cell


# A change of one cell, and what must then be told: rule, level, first column.
ONE_CELL = [
    ("offices", "opened_on", "31/12/2019", "unreadable", Level.CHANGED),
    ("offices", "country_code", "Kenya", "not_a_country", Level.NOTE),
    ("partners", "partner_type", "N.G.O. Maria", "unknown_code", Level.CHANGED),
    ("partners", "partner_id", "Maria Gomez", "looks_personal", Level.NOTE),
    ("survivors", "birth_date_estimated", "yes", "unreadable", Level.CHANGED),
    ("survivors", "merged_into", "S-nobody", "merged_into_missing", Level.LEFT_OUT),
    ("survivors", "survivor_id", "", "missing_key", Level.LEFT_OUT),
    ("cases", "modified_at", "", "missing_stamp", Level.NOTE),
    ("aftercare_episodes", "survivor_id", "", "orphan", Level.LEFT_OUT),
    ("aftercare_episodes", "office_id", "O-nowhere", "unknown_office", Level.NOTE),
    ("aftercare_episodes", "lead_partner_id", "P-nobody", "unknown_partner", Level.NOTE),
    ("aftercare_episodes", "intake_date", "", "missing_intake", Level.LEFT_OUT),
    ("aftercare_episodes", "intake_date", "2024-02-30", "impossible_date", Level.LEFT_OUT),
    ("aso_assessments", "assessed_on", "", "missing_date", Level.LEFT_OUT),
    ("aso_assessments", "assessed_on", "2031-01-01", "after_as_of", Level.LEFT_OUT),
    ("aso_assessments", "assessed_on", "1999-01-01", "before_window", Level.LEFT_OUT),
    ("aso_scores", "score", "7", "score_domain", Level.LEFT_OUT),
    ("aso_scores", "indicator_code", "SAF9", "unknown_indicator", Level.LEFT_OUT),
    ("community_events", "hours", "two", "unreadable", Level.CHANGED),
    ("legal_proceedings", "occurred_on", "", "without_date", Level.CHANGED),
    ("support_services", "unit", "0712 345 678", "looks_personal", Level.NOTE),
    ("support_services", "unit", "a@example.org", "looks_personal", Level.NOTE),
]  # fmt: skip


@pytest.fixture(scope="module")
def spoilt(clean: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[list[int], list[Finding]]:
    """The row that each of ONE_CELL was put into, and what is told of the delivery with all of them."""
    folder = Path(shutil.copytree(clean, tmp_path_factory.mktemp("spoilt") / "delivery"))
    wholes = {table: _standing(folder, table) for table in {table for table, *_ in ONE_CELL}}
    rows = []
    for table, column, value, *_ in ONE_CELL:
        # People from the end of the list, and what belongs to others from its head, so that no change hides another.
        row = wholes[table].pop(-1 if table == "survivors" else 0)
        change(folder, table, put(column, value, row))
        rows.append(row)
    return rows, found(folder, limit=1000)


@pytest.mark.parametrize("number", range(len(ONE_CELL)), ids=[f"{one[0]}.{one[1]}-{one[3]}" for one in ONE_CELL])
def test_one_wrong_cell_is_told_with_its_row(spoilt: tuple[list[int], list[Finding]], number: int) -> None:
    table, column, _, rule, level = ONE_CELL[number]
    rows, told = spoilt
    of_rule = [one for one in told if (one.table, one.rule) == (table, rule) and column in one.columns]
    assert [one.level for one in of_rule] == [level]
    (place,) = of_rule[0].places
    assert place.file == f"{table}.csv"
    assert rows[number] in place.rows
    planted = sum((one[0], one[3]) == (table, rule) for one in ONE_CELL)
    assert rule in {"orphan", "unknown_partner"} or of_rule[0].n_rows == planted, "no other row is told"


def _standing(folder: Path, table: str) -> list[int]:
    """The rows, as a spreadsheet numbers them, of people who agreed and of what is not deleted; one an episode."""
    agreed = {
        row["survivor_id"]
        for row in rows_of(folder, "survivors")
        if row["consent_analytics"] == "true" and not row["merged_into"] and row["is_deleted"] != "true"
    }
    stays = {
        row["episode_id"]: row["survivor_id"]
        for row in rows_of(folder, "aftercare_episodes")
        if row["survivor_id"] in agreed and row["is_deleted"] != "true"
    }
    forms = {
        row["assessment_id"]: row["episode_id"]
        for row in rows_of(folder, "aso_assessments")
        if row["episode_id"] in stays and row["is_deleted"] != "true"
    }
    found: dict[str, int] = {}
    for number, row in enumerate(rows_of(folder, table), 2):
        owner = {
            "survivors": row.get("survivor_id") if row.get("survivor_id") in agreed else None,
            "aftercare_episodes": stays.get(row.get("episode_id", "")),
            "aso_assessments": forms.get(row.get("assessment_id", "")),
            "aso_scores": row.get("assessment_id") if row.get("score") and row["assessment_id"] in forms else None,
            "legal_proceedings": row.get("survivor_id") if row.get("survivor_id") in agreed else None,
        }.get(table, str(number))
        if owner and row.get("is_deleted") != "true":
            found.setdefault(owner, number)
    return list(found.values())


def test_a_code_that_resembles_one_of_ours_is_named_by_ours(folder: Path) -> None:
    change(folder, "cases", put("casework_type", "Sex Traficking"))
    (one,) = (one for one in found(folder) if one.rule == "unknown_code")
    assert one.likely == (("sex_trafficking", 1),)
    assert "Traficking" not in as_text([one])
    change(folder, "cases", put("casework_type", "zebra"))
    (one,) = (one for one in found(folder) if one.rule == "unknown_code")
    assert one.likely == ()


def test_many_of_a_kind_hold_the_night(folder: Path) -> None:
    def spoil(n: int) -> Callable[[Rows], None]:
        def change_cells(rows: Rows) -> None:
            for row in rows[:n]:
                row["service_type"] = "zebra"

        return change_cells

    n_rows = len(rows_of(folder, "health_services"))
    limit = max(20, n_rows // 50 + 1)
    change(folder, "health_services", spoil(limit - 1))
    assert exit_of(found(folder)) is Exit.OK
    change(folder, "health_services", spoil(limit))
    told = found(folder)
    assert exit_of(told) is Exit.HELD
    assert [one.rule for one in told if one.level is Level.HELD] == ["unknown_code"]
    assert "held for a person to look (exit 15)" in as_text(told)


def test_every_refusal_is_told_at_once(folder: Path, before: list[Finding]) -> None:
    (folder / "partners.csv").unlink()
    (folder / "cases.csv").write_bytes((folder / "cases.csv").read_bytes() + b"x")
    rows = [
        {name: cell for name, cell in row.items() if name != "hours"} for row in rows_of(folder, "community_events")
    ]
    write_rows(folder, "community_events", rows)
    write_rows(folder, "offices", [], names=list(rows_of(folder, "offices")[0]))
    (folder / "legal_proceedings.csv").write_bytes(b"\xef\xbb\xbf" + (folder / "legal_proceedings.csv").read_bytes())
    sign(folder, "legal_proceedings")
    sign(folder, "aso_scores", rows=5)
    told = {(one.table, one.rule): one for one in found(folder) if one.level is Level.REFUSED}
    assert told.keys() >= {
        ("partners", "missing_file"), ("cases", "file_hash"), ("community_events", "missing_columns"),
        ("offices", "not_empty"), ("legal_proceedings", "unreadable_file"), ("aso_scores", "row_count"),
    }  # fmt: skip
    assert told["community_events", "missing_columns"].columns == ("hours",)
    assert exit_of(told.values()) in {Exit.DELIVERY, Exit.CONTRACT}


def test_what_hangs_on_a_table_that_cannot_be_read_is_not_told(folder: Path) -> None:
    (folder / "survivors.csv").unlink()
    told = found(folder)
    assert {one.rule for one in told if one.table == "survivors"} == {"missing_file"}
    assert "orphan" not in {one.rule for one in told}


def test_a_row_that_breaks_the_file_is_told_by_its_line(folder: Path) -> None:
    path = folder / "partners.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    lines[4] += ",one,two,many"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    sign(folder, "partners")
    (one,) = (one for one in found(folder) if one.rule == "unreadable_file")
    assert one.table == "partners"
    assert "near line 5" in one.what
    assert exit_of([one]) is Exit.DELIVERY


def test_without_a_manifest_the_rows_are_judged_too(folder: Path, before: list[Finding]) -> None:
    (folder / "manifest.json").unlink()
    told = found(folder)
    assert [one.rule for one in told if one.level is Level.REFUSED] == ["manifest"]
    assert exit_of(told) is Exit.DELIVERY
    assert {said(one) for one in before} <= {said(one) for one in told}


def test_parts_and_parquet_files_are_numbered_each_from_its_head(folder: Path) -> None:
    rows = rows_of(folder, "partners")
    (folder / "partners").mkdir()
    for number, some in enumerate((rows[:3], rows[3:]), 1):
        some[1]["partner_type"] = "zebra"
        write_rows(folder, "partners", some)
        source, target = folder / "partners.csv", folder / "partners" / f"{number}.parquet"
        duckdb.sql(f"copy (from read_csv('{source}', all_varchar=true)) to '{target}' (format parquet)")
    (folder / "partners.csv").unlink()
    (folder / "manifest.json").unlink()
    (one,) = (one for one in found(folder) if one.rule == "unknown_code")
    assert [(place.file, place.rows) for place in one.places] == [
        ("partners/1.parquet", (3,)), ("partners/2.parquet", (3,)),
    ]  # fmt: skip


def test_an_incremental_delivery_does_not_hold_for_parents_that_came_before(folder: Path) -> None:
    episodes = rows_of(folder, "aftercare_episodes")
    write_rows(folder, "aftercare_episodes", episodes[:3])
    assert exit_of(found(folder)) is Exit.HELD
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    manifest |= {"mode": "incremental", "since": "2026-10-31T01:30:00Z"}
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    told = found(folder)
    assert exit_of(told) is Exit.OK
    (one,) = (one for one in told if one.rule == "orphan" and one.table == "aso_assessments")
    assert "before" in one.night


def test_an_earlier_as_of_leaves_out_what_lies_after_it_and_does_not_hold(folder: Path) -> None:
    told = found(folder, as_of=date(2025, 1, 1))
    assert exit_of(told) is Exit.OK
    assert {"after_as_of", "intake_after_as_of"} <= {one.rule for one in told}


def test_the_number_of_rows_told_is_limited(folder: Path) -> None:
    assert all(sum(len(place.rows) for place in one.places) <= 2 for one in found(folder, limit=2))
    assert all(one.places == () for one in found(folder, limit=0))


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DeliveryError, match="does not exist"):
        open_all(tmp_path / "nowhere", jds(), at=AT)


def test_too_little_memory_is_told_and_nothing_spilled(folder: Path) -> None:
    opened = open_all(folder, jds(), at=AT)
    with pytest.raises(HomeError, match="memory limit was reached"):
        judge_rows(opened, jds(), PROJECT / "dbt_project", as_of=AT.date(), memory_limit="40MB")


@pytest.mark.parametrize(
    "name", ["cases.csv", "cases.parquet", "cases/12.csv", "cases/part-0003.parquet", "cases_2.csv"]
)
def test_a_file_is_named_where_its_name_is_the_tables(name: str) -> None:
    assert file_name(frozenset({"cases"}), name) == name


@pytest.mark.parametrize(
    "name", ["maria.csv", "cases/maria.csv", "cases maria.csv", "casesmaria.csv", "cases/1/maria.csv"]
)
def test_any_other_name_of_a_file_is_not_told(name: str) -> None:
    assert file_name(frozenset({"cases"}), name) == NAMELESS


def test_every_rule_names_columns_of_the_contract() -> None:
    for rules in (RULES, OWN_RULES):
        for name, rule in rules.items():
            tables = [table for table in jds().tables.values() if table.name in rule.columns]
            for table in tables:
                assert set(rule.columns[table.name]) <= {column.name for column in table.columns}, name
    assert {name for rules in ON_MODEL.values() for name in rules} <= OWN_RULES.keys()
    assert {name for table in jds().tables.values() for name, *_ in on_landed(table)} <= OWN_RULES.keys()


def test_the_models_read_the_definitions_of_the_project() -> None:
    with duckdb.connect() as connection:
        models = Models(connection, PROJECT / "dbt_project")
        assert models.definition("continuation_days") == 30
        models.build("int_indicator")
        assert connection.execute("select count(*), typeof(any_value(score_min)) from int_indicator").fetchall() == [
            (20, "TINYINT")
        ]
        with_given = Models(connection, PROJECT / "dbt_project", {"given": {"continuation_days": {"value": 45}}})
        assert with_given.definition("continuation_days") == 45
        with pytest.raises(KeyError):
            models.build("int_no_such_model")
