"""A door: counts in, verdict out, rows stored by name; nothing missing, nothing unknown, no value."""

from dataclasses import replace

import duckdb
import numpy as np
import pandas as pd
import pytest

from expectations.report import catalogue, lines
from expectations.run import ADDED, PROMISED, rejudge, run_door, store
from expectations.suites import DOORS, registry

SECRET = "Canary Maria Santos"


def with_count(frame: pd.DataFrame, check_id: str, n_checked, n_failed) -> pd.DataFrame:
    """The counts with one of them replaced."""
    row = pd.DataFrame({"check_id": [check_id], "n_checked": [n_checked], "n_failed": [n_failed]})
    return pd.concat([frame[frame["check_id"] != check_id].astype(object), row.astype(object)], ignore_index=True)


def status_of(verdict, check_id: str) -> str:
    (status,) = verdict.rows.loc[verdict.rows["check_id"] == check_id, "status"]
    return status


@pytest.mark.parametrize("door", DOORS)
def test_clean_night(door, clean):
    verdict = run_door(door, None, clean(door))
    assert (verdict.blocking, verdict.held, verdict.accepted) == ([], [], [])
    assert list(verdict.rows["check_id"]) == [check.check_id for check in registry(door)]
    assert list(verdict.rows.columns) == PROMISED + ADDED
    assert lines(verdict) == [f"{door}: {len(verdict.rows)} checks: {len(verdict.rows)} pass"]


@pytest.mark.fault("F65")
def test_missing_count_is_an_error_and_blocks(clean):
    frame = clean("marts")
    verdict = run_door("marts", None, frame[frame["check_id"] != "aso_scores.conservation"])
    assert verdict.blocking == ["aso_scores.conservation"]
    assert "No count" in lines(verdict)[1]


def test_no_counts_at_all_is_an_error_of_every_check():
    verdict = run_door("marts", None, pd.DataFrame())
    assert len(verdict.blocking) == len(registry("marts"))


@pytest.mark.fault("F65")
def test_unknown_count_is_an_error_and_blocks(clean):
    verdict = run_door("marts", None, with_count(clean("marts"), "aso_scores.brand_new", 10, 0))
    assert verdict.blocking == ["aso_scores.brand_new"]
    assert status_of(verdict, "aso_scores.brand_new") == "error"


def test_count_delivered_twice_is_an_error(clean):
    frame = clean("landing")
    verdict = run_door("landing", None, pd.concat([frame, frame.head(1)]))
    assert verdict.blocking == [registry("landing")[0].check_id]


@pytest.mark.parametrize("bad", [None, np.nan, -1, 0.5, np.inf, "7", SECRET, b"7", pd.NA, [1]])
@pytest.mark.parametrize("column", ["n_checked", "n_failed"])
def test_count_that_is_no_whole_number_is_an_error(clean, column, bad):
    values = {"n_checked": 10, "n_failed": 0} | {column: bad}
    verdict = run_door("landing", None, with_count(clean("landing"), "survivors.file_hash", **values))
    assert verdict.blocking == ["survivors.file_hash"]


def test_canary_in_any_cell_never_reaches_the_results(clean, build_file, caplog):
    frame = with_count(clean("landing"), "survivors.row_count", 10, SECRET)
    frame = with_count(frame, SECRET, 10, 1)
    frame = with_count(frame, "survivors." + SECRET, SECRET, SECRET)
    frame["note"] = SECRET
    verdict = run_door("landing", build_file, frame)
    assert verdict.blocking == ["survivors.row_count", "registry.unknown_count"]
    assert not any(part in file.read_bytes() for file in build_file.parent.iterdir() for part in [b"Maria", b"Canary"])
    for text in (str(verdict), verdict.rows.to_json(), "\n".join(lines(verdict, everything=True)), caplog.text):
        assert "Maria" not in text


def test_fail_blocks_hold_holds_and_warn_does_neither(clean):
    frame = with_count(clean("marts"), "core.fct_episode.grain", 1000, 1)
    frame = with_count(frame, "aso_scores.score_domain", 1000, 61)
    frame = with_count(frame, "aso_scores.score_domain.hold", 1000, 61)
    verdict = run_door("marts", None, frame)
    assert verdict.blocking == ["core.fct_episode.grain"]
    assert verdict.held == ["aso_scores.score_domain.hold"]
    assert status_of(verdict, "aso_scores.score_domain") == "warn"
    told = lines(verdict)
    assert [line.split(":")[0] for line in told[1:]] == [
        "FAIL  core.fct_episode.grain",
        "HELD  aso_scores.score_domain.hold",
        "warn  aso_scores.score_domain",
    ]
    assert "found 61 of 1,000 (6.1 %), limit at most 19 or at most 2 %. An item" in told[2]


def test_one_bad_row_in_a_hundred_thousand_is_visible(clean):
    frame = with_count(clean("marts"), "cases.duplicate_superseded", 100_000, 1)
    frame = with_count(frame, "health_services.orphan", 100_000, 1)
    frame = with_count(frame, "health_services.orphan.hold", 100_000, 1)
    verdict = run_door("marts", None, frame)
    assert (verdict.blocking, verdict.held) == ([], [])
    assert status_of(verdict, "cases.duplicate_superseded") == "pass_with_violations"
    assert status_of(verdict, "health_services.orphan") == "warn"
    assert status_of(verdict, "health_services.orphan.hold") == "pass_with_violations"
    assert sum("1 of 100,000 (under 0.1 %)" in line for line in lines(verdict)) == 3


def test_accepted_failures_become_warnings_and_errors_do_not(clean):
    ids = ["core.fct_episode.grain", "cases.mass_delete", "cases.conservation"]
    frame = with_count(clean("marts"), ids[0], 1000, 1)
    frame = with_count(frame, ids[1], 1000, 900)
    frame = with_count(frame, ids[2], 1000, None)
    verdict = run_door("marts", None, frame, accept=frozenset([*ids, "offices.conservation"]))
    assert (verdict.blocking, verdict.held) == ([ids[2]], [])
    assert sorted(verdict.accepted) == sorted(ids[:2])
    assert [status_of(verdict, check_id) for check_id in ids] == ["warn", "warn", "error"]
    assert status_of(verdict, "offices.conservation") == "pass"


def test_rows_are_stored_by_name_and_once(clean, build_file):
    with duckdb.connect(str(build_file)) as connection:
        connection.execute("drop table quality.check")
        connection.execute(
            "create table quality.check (because varchar, threshold varchar, n_failed bigint, n_checked bigint, "
            "status varchar, table_name varchar, severity varchar, family varchar, check_id varchar, since date, "
            "door varchar)"
        )
    frame = with_count(clean("landing"), "survivors.row_count", 10, None)
    for _ in range(2):
        verdict = run_door("landing", build_file, frame)
    run_door("estimates", build_file, clean("estimates"))
    with duckdb.connect(str(build_file)) as connection:
        stored = connection.execute("select * from quality.check where door = 'landing'").df()
        total = connection.execute("select count(*), count(distinct check_id) from quality.check").fetchone()
    assert total == (len(registry("landing")) + len(registry("estimates")),) * 2
    names = ["check_id", "status", "threshold", "because", "family"]
    assert stored[names].equals(verdict.rows[names])
    assert stored["n_checked"].isna().sum() == 1


def test_marts_door_reads_the_counts_of_the_build_file(clean, build_file):
    frame = clean("marts")
    with duckdb.connect(str(build_file)) as connection:
        connection.execute("insert into intermediate.check_count select * from frame")
        verdict = run_door("marts", connection)
        assert verdict.blocking == []
        connection.execute("drop table intermediate.check_count")
        verdict = run_door("marts", connection)
    assert len(verdict.blocking) == len(frame)


def test_rejudge_applies_todays_limits_to_stored_counts(clean, build_file, monkeypatch):
    frame = with_count(clean("landing"), "survivors.extra_columns", 20, 3)
    run_door("landing", build_file, frame)
    with duckdb.connect(str(build_file), read_only=True) as connection:
        stored = connection.execute("select * from quality.check").df()
    again = rejudge(stored)
    assert (again.door, again.blocking) == ("landing", [])
    assert list(again.rows["status"]) == list(stored["status"])
    changed = [
        replace(check, severity="block") if check.check_id.endswith("extra_columns") else check
        for check in registry("landing")
    ]
    monkeypatch.setitem(DOORS, "landing", changed)
    assert rejudge(stored).blocking == ["survivors.extra_columns"]
    assert rejudge(stored, frozenset(["survivors.extra_columns"])).blocking == []
    monkeypatch.setitem(DOORS, "landing", changed[1:])
    assert rejudge(stored).blocking == ["survivors.extra_columns", changed[0].check_id]


def test_rejudge_of_several_doors(clean):
    rows = [run_door(door, None, clean(door)).rows for door in DOORS]
    verdict = rejudge(pd.concat(rows))
    assert (verdict.door, len(verdict.rows), verdict.blocking) == ("all", sum(map(len, rows)), [])


def test_wrong_use_is_named(clean, tmp_path, build_file):
    with pytest.raises(ValueError, match="counts must be given"):
        run_door("marts", None)
    with pytest.raises(ValueError, match="landing door must be given"):
        run_door("landing", build_file)
    with pytest.raises(FileNotFoundError, match="build file is missing"):
        run_door("marts", tmp_path / "no.duckdb", clean("marts"))
    with duckdb.connect(str(build_file)) as connection:
        connection.execute("alter table quality.check drop column because")
    with pytest.raises(LookupError, match=r"quality\.check lacks because"):
        run_door("marts", build_file, clean("marts"))


def test_a_store_that_fails_keeps_the_rows_of_before(clean, build_file):
    verdict = run_door("landing", build_file, clean("landing"))
    verdict.rows.loc[0, "status"] = None
    with duckdb.connect(str(build_file)) as connection:
        connection.execute("alter table quality.check alter status set not null")
        with pytest.raises(duckdb.ConstraintException):
            store(verdict, connection)
        assert connection.execute("select count(*) from quality.check").fetchone() == (len(verdict.rows),)


@pytest.mark.parametrize("door", DOORS)
def test_catalogue_has_a_line_a_check(door):
    told = catalogue(door)
    assert len(told) == len(registry(door))
    assert all(line.count(" | ") >= 4 for line in told)
