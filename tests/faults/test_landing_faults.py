"""Cells that are odd but allowed, and columns under each other's names: what lands of them. F12, F13, F17, F18."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from expectations import gx
from expectations.checks import Count
from expectations.suites import registry
from flows.extract.land import Extract
from tests.deliveries import change, rows_of, write_rows
from tests.faults.test_delivery_refused import a_delivery
from tests.nights import landed, stamp
from tests.unit.oracle.small import Delivery

MEGABYTE = 1024 * 1024


def column(extract: Extract, table: str, select: str) -> list[tuple[object, ...]]:
    """What a query gives on a landed table."""
    return duckdb.sql(f"select {select} from read_parquet('{extract.file(table)}') order by all").fetchall()


def is_held(check_id: str, n_checked: int, n_failed: int) -> bool:
    """Whether the run is held by a check on these counts."""
    check = next(check for check in registry("marts") if check.check_id == check_id)
    exceeded = gx.exceeded([check], {check_id: Count(n_checked, n_failed)})
    return check.hold and check.status(Count(n_checked, n_failed), exceeded=exceeded.get(check_id)) == "fail"


def test_F12_line_ends_newlines_and_a_note_of_a_megabyte_shift_nothing_and_leave_nothing(tmp_path: Path) -> None:
    delivery = stamp(Delivery().form("a1", 0).write(tmp_path / "delivery"))

    def notes(rows: list[dict[str, str]]) -> None:
        rows[0]["notes"] = 'id-note\r\n,"two",\n' + "n" * MEGABYTE

    change(delivery, "aso_assessments", notes)
    content = (delivery / "cases.csv").read_bytes()
    (delivery / "cases.csv").write_bytes(content.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))
    write_rows(delivery, "cases", rows_of(delivery, "cases"))
    extract = landed(delivery, tmp_path / "raw")
    assert column(extract, "aso_assessments", "assessed_on, setting") == [
        (duckdb.sql("select date '2024-01-01'").fetchone()[0], None)
    ]
    assert sum(path.stat().st_size for path in extract.folder.iterdir()) < MEGABYTE / 4
    assert not any(b"id-note" in path.read_bytes() for path in extract.folder.iterdir())


def test_F12_an_embedded_nul_stays_in_its_own_cell(tmp_path: Path) -> None:
    delivery = stamp(Delivery().form("a1", 0).write(tmp_path / "delivery"))
    change(delivery, "offices", lambda rows: rows[0].update(name="No\0rth"))
    assert column(landed(delivery, tmp_path / "raw"), "offices", "name, country_code") == [("No\0rth", "KE")]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@sum(a)"])
def test_F13_a_cell_that_looks_like_a_formula_lands_as_the_text_it_is(tmp_path: Path, text: str) -> None:
    delivery = stamp(Delivery().form("a1", 0).write(tmp_path / "delivery"))
    change(delivery, "offices", lambda rows: rows[0].update(name=text))
    assert column(landed(delivery, tmp_path / "raw"), "offices", "name") == [(text,)]


def many(tmp_path: Path) -> Path:
    """A delivery of 32 episodes, more than a hold needs."""
    delivery = a_delivery()
    for number in range(8, 32):
        person = f"id-s{number}"
        delivery.add("survivors", survivor_id=person).add("cases", case_id=f"id-c{number}")
        delivery.add("aftercare_episodes", episode_id=f"id-e{number}", survivor_id=person, case_id=f"id-c{number}")
    return stamp(delivery.write(tmp_path / "delivery"))


def test_F17_two_columns_swapped_are_found_by_their_types_and_hold_the_run(tmp_path: Path) -> None:
    delivery = many(tmp_path)

    def swap(rows: list[dict[str, str]]) -> None:
        for row in rows:
            row["intake_date"], row["status"] = row["status"], row["intake_date"]

    change(delivery, "aftercare_episodes", swap)
    extract = landed(delivery, tmp_path / "raw")
    found = column(extract, "aftercare_episodes", "intake_date, starts_with(status, '#'), unreadable")
    assert found == [(None, True, "intake_date")] * 32
    assert is_held("aftercare_episodes.unreadable.hold", 32, 32)


def test_F17_the_order_of_columns_is_nothing(tmp_path: Path) -> None:
    one, two = stamp(a_delivery().write(tmp_path / "one")), stamp(a_delivery().write(tmp_path / "two"))
    for table in ("survivors", "aftercare_episodes", "aso_scores"):
        rows = rows_of(two, table)
        write_rows(two, table, rows, names=list(reversed(rows[0])))
    as_is, turned = landed(one, tmp_path / "raw one"), landed(two, tmp_path / "raw two")
    for table in ("survivors", "aftercare_episodes", "aso_scores"):
        assert column(as_is, table, "* exclude (row_digest)") == column(turned, table, "* exclude (row_digest)")


def test_F18_a_type_that_changed_is_null_with_its_name_beside_and_holds_the_run(tmp_path: Path) -> None:
    delivery = stamp(a_delivery().write(tmp_path / "delivery"))

    def words(rows: list[dict[str, str]]) -> None:
        for row in rows:
            row["score"] = "Three"

    change(delivery, "aso_scores", words)
    extract = landed(delivery, tmp_path / "raw")
    assert column(extract, "aso_scores", "distinct score, unreadable") == [(None, "score")]
    assert is_held("aso_scores.score_domain.hold", 160, 160)
    assert not is_held("aso_scores.score_domain.hold", 160, 2)
