"""What a mapping makes of a source, word by word."""

from __future__ import annotations

from pathlib import Path

import duckdb

from flows.extract.contract import jds
from tests.unit.extract.mapping.small import ROWS, opened, rows, write

WITH_PARTS = "id,first,last,born,sex,agreed,changed\np9,Zoe,Q,1999-01-01,w,J,2024-01-01\n"


def test_every_contract_column_comes_as_text_and_what_is_not_mapped_is_null(tmp_path: Path) -> None:
    delivery = opened(tmp_path)
    with delivery.reading(None) as connection:
        for name, table in jds().tables.items():
            found = connection.execute(f"describe {delivery.scan(name)}").fetchall()
            assert [(column, kind) for column, kind, *_ in found] == [(one.name, "VARCHAR") for one in table.columns]
    assert rows(delivery, "survivors", "phone", "merged_into") == [(None, None)] * 3


def test_the_source_says_which_extract_it_is(tmp_path: Path) -> None:
    facts = opened(tmp_path).facts
    assert (facts.extract_id, facts.extracted_at.isoformat(), facts.mode) == ("7", "2026-11-01T02:30:00+00:00", "full")
    assert facts.rows["aso_scores"] == 4
    assert facts.rows["partners"] == 0


def test_dates_are_read_by_the_declared_forms_and_what_is_none_stays_as_it_came(tmp_path: Path) -> None:
    delivery = opened(tmp_path)
    assert rows(delivery, "survivors", "survivor_id", "date_of_birth", "modified_at") == [
        ("p1", "1999-05-04", "2024-01-01 00:00:00"),
        ("p2", "1999-13-40", "2024-01-02 00:00:00"),
        ("p3", "1980-01-02", None),
    ]


def test_codes_are_translated_and_an_unknown_one_is_kept_or_what_otherwise_says(tmp_path: Path) -> None:
    delivery = opened(tmp_path)
    assert rows(delivery, "survivors", "survivor_id", "gender", "consent_analytics") == [
        ("p1", "female", "true"), ("p2", "x", None), ("p3", "male", "false"),
    ]  # fmt: skip


def test_an_empty_text_is_null(tmp_path: Path) -> None:
    assert rows(opened(tmp_path), "survivors", "survivor_id", "full_name") == [
        ("p1", "Amina Okello"), ("p2", "Bo"), ("p3", None),
    ]  # fmt: skip


def test_a_join_gives_at_most_one_row_the_newest_that_its_filter_lets_through(tmp_path: Path) -> None:
    assert rows(opened(tmp_path), "aftercare_episodes", "episode_id", "exit_date", "modified_at") == [
        ("s1", "2024-04-01", "2024-04-02 00:00:00"), ("s2", None, "2024-06-01 00:00:00"), ("s3", None, None),
    ]  # fmt: skip


def test_one_row_of_the_source_becomes_several(tmp_path: Path) -> None:
    assert rows(opened(tmp_path), "aso_scores", "assessment_id", "indicator_code", "score", "not_applicable") == [
        ("f1", "MEN1", "4", "false"), ("f1", "SAF1", "3", None), ("f2", "MEN1", "none", "true"), ("f2", "SAF1", None, None),
    ]  # fmt: skip


def test_one_row_per_key_keeps_the_newest_and_every_row_without_a_key(tmp_path: Path) -> None:
    stays = ROWS["Stay"] + "s4,,c1,2024-06-03,2024-01-01\ns5,,c1,2024-06-03,2024-01-02\n"
    assert rows(opened(tmp_path, Stay=stays), "cases", "case_id", "modified_at") == [
        ("p1", "2024-06-01 00:00:00"), ("p2", None), (None, "2024-01-01 00:00:00"), (None, "2024-01-02 00:00:00"),
    ]  # fmt: skip


def test_a_row_that_is_not_deleted_stands_before_a_newer_one_that_is(tmp_path: Path) -> None:
    line = (
        "{case_id: person, office_id: centre,",
        "{case_id: person, office_id: centre, is_deleted: {expr: \"id = 's2'\"},",
    )
    assert rows(opened(tmp_path, line), "cases", "case_id", "is_deleted", "modified_at")[0] == (
        "p1", "false", "2024-02-03 00:00:00",
    )  # fmt: skip


def test_union_gives_the_rows_of_each_block(tmp_path: Path) -> None:
    block = "{from: Centre, columns: {office_id: %s, modified_at: changed}}"
    line = ("    from: Centre\n    columns: {office_id: id, name: label, modified_at: changed}\n",
            f"    union:\n      - {block % 'id'}\n      - {block % 'label'}\n")  # fmt: skip
    assert rows(opened(tmp_path, line), "offices", "office_id") == [("North",), ("c1",)]


def test_a_column_that_the_source_lacks_gives_way_to_what_is_said_for_it(tmp_path: Path) -> None:
    line = (
        "{from: sex, codes: {w: female, m: male}}",
        "{from: gender, if_absent: {from: sex, codes: {w: female}, otherwise: unknown}}",
    )
    assert rows(opened(tmp_path, line), "survivors", "gender") == [("female",), ("unknown",), ("unknown",)]


def test_numbered_names_file_and_row_of_the_first_table(tmp_path: Path) -> None:
    write(tmp_path, Person="")
    for name, content in (("a", ROWS["Person"]), ("b", WITH_PARTS)):
        (tmp_path / "Person").mkdir(exist_ok=True)
        (tmp_path / "Person" / f"{name}.csv").write_text(content, encoding="utf-8")
    delivery = opened(tmp_path, Person="")
    assert rows(delivery, "survivors", "#file", "#row", "survivor_id", numbered=True) == [
        ("a.csv", 1, "p1"), ("a.csv", 2, "p2"), ("a.csv", 3, "p3"), ("b.csv", 1, "p9"),
    ]  # fmt: skip
    assert rows(delivery, "aso_scores", "#row", "assessment_id", numbered=True) == [(1, "f1")] * 2 + [(2, "f2")] * 2
    assert rows(delivery, "partners", "#file", "#row", numbered=True) == []


def test_row_numbers_are_those_of_the_file_however_large(tmp_path: Path) -> None:
    many = 400_000
    people = "id,first,last,born,sex,agreed,changed\n" + "".join(f"{n},,{'x' * 90},,w,J,\n" for n in range(1, many + 1))
    delivery = opened(tmp_path, Person=people)
    with delivery.reading(None) as connection:
        wrong = connection.execute(
            f'select count(*) filter (where survivor_id::bigint <> "#row"), count(*) from ({delivery.numbered("survivors")})'
        ).fetchall()
    assert wrong == [(0, many)]


def test_typed_parquet_gives_the_text_that_csv_would(tmp_path: Path) -> None:
    write(tmp_path, Form="", Centre="")
    duckdb.sql(
        "select 'f1' as id, 's1' as stay, date '2024-02-04' as day, 3.0::double as safe, 'good' as mood"
    ).write_parquet(str(tmp_path / "Form.parquet"))
    duckdb.sql("select 12 as id, 'North' as label, timestamp '2024-01-01 10:00:00' as changed").write_parquet(
        str(tmp_path / "Centre.parquet")
    )
    delivery = opened(tmp_path, Form="", Centre="")
    assert rows(delivery, "aso_scores", "indicator_code", "score", "modified_at") == [
        ("MEN1", "4", "2024-02-04 00:00:00"), ("SAF1", "3", "2024-02-04 00:00:00"),
    ]  # fmt: skip
    assert rows(delivery, "offices", "office_id", "modified_at") == [("12", "2024-01-01 10:00:00")]


def test_the_delivery_is_another_when_the_mapping_a_parameter_or_a_file_is(tmp_path: Path) -> None:
    one = opened(tmp_path).facts
    assert opened(tmp_path).facts.hash == one.hash
    assert opened(tmp_path, ("name: small", "name: other")).facts.hash != one.hash
    assert opened(tmp_path, Form=ROWS["Form"] + "f3,s1,2024-02-06,1,bad\n").facts.hash != one.hash
    assert one.sha256["aso_scores"] == one.sha256["aso_assessments"] != one.sha256["cases"]
    assert one.sha256["partners"] == ()
