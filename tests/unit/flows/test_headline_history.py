"""outcomes.history: what a release remembers of those before it, and where the series breaks."""

from datetime import date

import duckdb
import pandas as pd
import pytest

from flows import history
from flows.estimates.headline_history import remember
from flows.estimates.tables import write_frame
from flows.warehouse import Home

DECLARED = """
create schema outcomes; create schema meta;
create table outcomes.history (release_id varchar, as_of date, measure varchar, stratum varchar, stratum_value varchar,
    estimate double, lower double, upper double, n integer, definition_version integer, is_break boolean);
create table meta.definition as from (values ('restoration_cutoff', 1, '3.0')) as t(name, version, value);
"""


def figures(estimate, *, version=1, measure="restored_12m"):
    row = {"measure": measure, "stratum": "overall", "stratum_value": "all", "estimate": estimate, "lower": 0.1}
    return pd.DataFrame([{**row, "upper": 0.9, "n": 100, "definition_version": version}])


@pytest.fixture
def night(tmp_path):
    """A release: its figures are remembered behind those of the release it goes on from; gives outcomes.history."""
    home = Home(tmp_path / "home")

    def run(name, day, estimate, *, before=None, cutoff="3.0", version=1):
        connection = duckdb.connect()
        connection.execute(DECLARED)
        connection.execute("update meta.definition set value = ?", [cutoff])
        history.restore(connection, home, before)
        remember(connection, figures(estimate, version=version), release_id=name, as_of=date(2026, 11, day))
        (home.history / name).mkdir(parents=True)
        target = home.history / name / f"{history.HEADLINES}.parquet"
        connection.execute(
            f"copy (select * from history.{history.HEADLINES} order by all) to '{target}' (format parquet)"
        )
        return connection.execute(
            "select release_id, as_of::varchar, estimate, is_break from outcomes.history"
        ).fetchall()

    return run


def test_releases_follow_each_other_one_a_date(night):
    night("r1", 1, 0.2)
    night("r2", 2, 0.3, before="r1")
    assert night("r3", 2, 0.31, before="r2") == [("r1", "2026-11-01", 0.2, False), ("r3", "2026-11-02", 0.31, False)]


def test_a_changed_definition_is_a_break_and_once_only(night):
    night("r1", 1, 0.2)
    night("r2", 2, 0.4, before="r1", cutoff="2.5")
    night("r3", 3, 0.4, before="r2", cutoff="2.5")
    found = night("r4", 4, 0.4, before="r3", cutoff="2.5", version=2)
    assert [is_break for *_, is_break in found] == [False, True, False, True]


def test_a_past_date_made_again_knows_no_later_one_and_rewrites_none(night, tmp_path):
    night("r1", 1, 0.2)
    night("r2", 2, 0.3, before="r1")
    night("r3", 3, 0.4, before="r2")
    kept = (tmp_path / "home" / "history" / "r3" / f"{history.HEADLINES}.parquet").read_bytes()
    assert night("again", 2, 0.3, before="r1") == [
        ("r1", "2026-11-01", 0.2, False),
        ("again", "2026-11-02", 0.3, False),
    ]
    assert (tmp_path / "home" / "history" / "r3" / f"{history.HEADLINES}.parquet").read_bytes() == kept
    assert [row[0] for row in night("r4", 4, 0.5, before="r3")] == ["r1", "r2", "r3", "r4"]


def test_rows_of_a_model_take_the_place_of_its_own_alone():
    connection = duckdb.connect()
    connection.execute("create table metric (model_name varchar, estimate double)")
    for name, estimate in (("need", 1.0), ("duration", 2.0), ("need", 3.0)):
        write_frame(connection, "metric", pd.DataFrame({"model_name": [name], "estimate": [estimate]}))
    assert connection.execute("from metric order by all").fetchall() == [("duration", 2.0), ("need", 3.0)]
