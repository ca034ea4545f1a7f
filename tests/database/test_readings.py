"""What a database gives is what a folder gives; every night, incremental readings add up to a full one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from flows.extract.contract import Table, jds
from flows.extract.database import Access, open_database
from flows.extract.land import extracts
from flows.extract.pseudonymise import Key
from flows.extract.sums import Server, seed_of
from flows.extract.url import DatabaseUrl, parse_url
from tests.database import server as postgres
from tests.database.readings import begin, differences, nights, play, read
from tests.nights import KEY, landed

Sql = Callable[[str], str]


def test_nights_played_in_give_each_night_what_a_full_reading_and_the_folder_give(
    tmp_path: Path, database: DatabaseUrl
) -> None:
    raw = tmp_path / "raw"
    for number, delivery in enumerate(nights(tmp_path, 3)):
        assert play(database, delivery) > 0
        extract = read(database, raw)
        assert extract.is_full == (number == 0)
        folder = [landed(delivery, tmp_path / f"folder{number}")]
        whole = [read(database, tmp_path / f"whole{number}", full=True)]
        assert differences(extracts(raw), folder) == {}
        assert differences(extracts(raw), whole) == {}
        if number:
            assert extract.facts["tables"]["aso_scores"]["rows"] < folder[0].facts["tables"]["aso_scores"]["rows"] / 4
            assert extract.gone("survivors"), "the simulated night deletes survivors"


def test_a_quiet_database_is_the_delivery_that_has_landed(tmp_path: Path, database: DatabaseUrl) -> None:
    first, second = nights(tmp_path, 2)
    raw = tmp_path / "raw"
    play(database, first)
    one = read(database, raw)
    assert begin(database, raw).facts.hash == one.facts["hash"]
    play(database, second)
    two = read(database, raw)
    assert begin(database, raw).facts.hash == two.facts["hash"] != one.facts["hash"]


def test_the_cursor_waits_for_a_release(tmp_path: Path, database: DatabaseUrl) -> None:
    first, second, third = nights(tmp_path, 3)
    raw = tmp_path / "raw"
    play(database, first)
    one = read(database, raw)
    assert begin(database, raw, released=frozenset()).facts.mode == "full", "no release: everything again"
    released = frozenset({one.sequence})
    play(database, second)
    two = read(database, raw, released=released)
    play(database, third)
    three = read(database, raw, released=released)
    assert two.facts["since"] == three.facts["since"]
    assert differences(extracts(raw), [landed(third, tmp_path / "folder")]) == {}


def test_a_row_committed_late_or_without_a_new_stamp_makes_the_reading_a_full_one(
    tmp_path: Path, database: DatabaseUrl, sql: Sql
) -> None:
    raw = tmp_path / "raw"
    play(database, nights(tmp_path, 1)[0])
    read(database, raw)
    sql(
        "insert into jds.offices (office_id, name, country_code, opened_on, modified_at) "
        "values ('O-late', 'Late', 'XX', '2020-01-01', '2020-01-01')"
    )
    late = begin(database, raw)
    assert (late.facts.mode, late.facts.remark) == (
        "full",
        "1 rows changed without a new modified_at, so everything was read",
    )


def test_a_late_row_is_seen_also_where_another_is_gone(tmp_path: Path, database: DatabaseUrl, sql: Sql) -> None:
    raw = tmp_path / "raw"
    play(database, nights(tmp_path, 1)[0])
    read(database, raw)
    sql(
        "create table kept as select * from jds.cases order by case_id limit 1; "
        "delete from jds.cases where case_id in (select case_id from kept); update kept set case_id = 'C-other'; "
        "insert into jds.cases select * from kept"
    )
    assert begin(database, raw).facts.mode == "full"


def test_a_night_without_deletions_is_read_by_its_changes_alone(
    tmp_path: Path, database: DatabaseUrl, sql: Sql
) -> None:
    raw = tmp_path / "raw"
    play(database, nights(tmp_path, 1)[0])
    read(database, raw)
    sql(
        "update jds.health_services set sessions = 9, modified_at = now() where health_service_id in "
        "(select health_service_id from jds.health_services order by 1 limit 20); "
        "insert into jds.cases (case_id, office_id, modified_at) values ('C-new', 'O-0000001', now())"
    )
    extract = read(database, raw)
    assert not any(extract.gone(table) for table in jds().tables)
    assert extract.facts["tables"]["health_services"]["rows"] == 20
    assert differences(extracts(raw), [read(database, tmp_path / "whole", full=True)]) == {}


def test_where_keys_are_gone_only_their_bins_are_read(
    tmp_path: Path, database: DatabaseUrl, sql: Sql, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Night after night, also after a night that had changes alone: what is kept of the sums goes on."""
    raw, rows_read, binned = tmp_path / "raw", list[int](), list[str]()
    of_bins, bins = Server.keys_of_bins, Server.bins

    def counted(self: Server, table: Table, chosen: list[datetime]) -> None:
        of_bins(self, table, chosen)
        rows_read.append(self.connection.execute(f'select count(*) from "seen_{table.name}"').fetchall()[0][0])

    def named(self: Server, table: Table) -> None:
        binned.append(table.name)
        bins(self, table)

    play(database, nights(tmp_path, 1)[0])
    sql(
        "update jds.support_services set modified_at = '2020-01-01'::timestamptz + (hashtext(support_service_id) & 255) * interval '12 h'"
    )
    read(database, raw)
    total = int(sql("select count(*) from jds.support_services"))
    monkeypatch.setattr(Server, "keys_of_bins", counted)
    monkeypatch.setattr(Server, "bins", named)
    some = "(select support_service_id from jds.support_services order by hashtext(support_service_id) limit 5)"
    touched = f"update jds.support_services set modified_at = now() where support_service_id in {some}; "
    gone = f"delete from jds.support_services where support_service_id in {some.replace('limit', 'desc limit')}"
    for change in (touched, gone, touched):
        sql(change)
        assert not read(database, raw).is_full
    assert binned == ["support_services"], "where changes explain the sums, no bin is asked for"
    assert 0 < rows_read[0] < total / 20
    sql(f"{touched}; {gone}")
    assert extracts(raw)[2].gone("support_services")
    assert read(database, raw).gone("support_services")
    whole = [read(database, tmp_path / "whole", full=True)]
    assert differences(extracts(raw), whole) == {}


def test_sums_of_another_key_are_others(database: DatabaseUrl, tmp_path: Path) -> None:
    assert seed_of(KEY) != seed_of(Key(b"another key of 32 bytes or more..."))
    play(database, nights(tmp_path, 1)[0])
    kept = [
        open_database(database, jds(), key, "first", Access()).facts.sums["survivors"]
        for key in (KEY, Key(b"another key of 32 bytes or more..."))
    ]
    assert kept[0][:2] == kept[1][:2]
    assert kept[0][2:] != kept[1][2:]


def test_a_key_that_comes_back_is_there_again(tmp_path: Path, database: DatabaseUrl, sql: Sql) -> None:
    raw = tmp_path / "raw"
    play(database, nights(tmp_path, 1)[0])
    read(database, raw)
    sql(
        "create table kept as select * from jds.cases order by case_id limit 3; "
        "delete from jds.cases where case_id in (select case_id from kept)"
    )
    gone = read(database, raw)
    assert gone.gone("cases")
    assert differences(extracts(raw), [read(database, tmp_path / "gone", full=True)]) == {}
    sql("update kept set modified_at = now(); insert into jds.cases select * from kept")
    read(database, raw)
    assert differences(extracts(raw), [read(database, tmp_path / "back", full=True)]) == {}


def test_one_snapshot_holds_for_all_tables(tmp_path: Path, database: DatabaseUrl, sql: Sql) -> None:
    from flows.extract.land import land
    from tests.nights import KEY

    delivery = nights(tmp_path, 1)[0]
    play(database, delivery)
    begun = begin(database, tmp_path / "raw")
    sql("delete from jds.support_services; update jds.survivors set gender = 'other', modified_at = now()")
    with pytest.raises(Exception, match="lock timeout"):
        _ = _renamed(sql)
    land(tmp_path / "raw", begun, jds(), KEY)
    assert differences(extracts(tmp_path / "raw"), [landed(delivery, tmp_path / "folder")]) == {}
    assert _renamed(sql) == "", "when the reading is over the tables are free"


def _renamed(sql: Sql) -> str:
    import subprocess

    try:
        return sql("set lock_timeout = '300ms'; alter table jds.cases rename to cases_old")
    except subprocess.CalledProcessError as error:
        raise RuntimeError(error.stderr) from None


def test_any_schema_name_and_types_of_another_database_are_read(
    tmp_path: Path, server: postgres.Server, database: DatabaseUrl, sql: Sql
) -> None:
    delivery = nights(tmp_path, 1)[0]
    play(database, delivery)
    sql("""
        alter schema jds rename to "Justice Data's";
        set search_path to "Justice Data's";
        alter table aso_scores alter score type double precision;
        alter table health_services alter sessions type numeric;
        alter table aftercare_episodes alter intake_date type timestamp, alter exit_date type text;
        alter table offices alter modified_at drop not null;
        alter table cases add column extra text;
    """)
    url = parse_url(str(database).replace("schema=jds", "schema=Justice+Data%27s"))
    extract = read(url, tmp_path / "raw")
    assert extract.facts["tables"]["cases"]["extra_columns"] == 1
    assert differences([extract], [landed(delivery, tmp_path / "folder")]) == {}


def test_nothing_of_the_url_but_place_and_schema_is_kept(tmp_path: Path, database: DatabaseUrl) -> None:
    play(database, nights(tmp_path, 1)[0])
    text = (read(database, tmp_path / "raw").folder / "extract.json").read_text(encoding="utf-8")
    assert "postgres@" not in text
    assert "user" not in text
    assert '"origin": "postgresql:///' in text
