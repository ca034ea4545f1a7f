"""What the duration estimates read from a build file, and what they refuse."""

import duckdb
import pandas as pd
import pytest

from flows.errors import EstimatesError
from flows.estimates.duration import durations
from flows.estimates.tables import as_frame, read_frames

TABLES = """
create schema aso; create schema meta; create schema core;
create table meta.definition as select 'minimum_scored_domains' as name, '5' as value;
create table core.fct_episode as select 'e1' as episode_key;
create table aso.snapshot as from (values ('e1', 'initial', 'a1', 0, 1.5), ('e1', 'mid', 'a3', 180, 2.5))
    as t(episode_key, stage, assessment_key, day, total);

insert into meta.definition values ('support_capacity', '0.2');
create table core.dim_survivor as select 's1' as survivor_key, 'km' as language_group;
create table core.dim_indicator as select 'SAF1' as indicator_code, 0.0 as align_offset, 1.0 as align_factor;
create table aso.fct_score as select 'a1' as assessment_key, 'SAF1' as indicator_code, 'SAF' as domain_code, 1 as score,
    'scored' as score_status, false as is_quarantined union all
    select 'a1', 'SAF1', 'SAF', null, 'missing', true;
create table aso.fct_assessment as from (values
    ('e1', 0, 6, false), ('e1', 180, 4, false), ('e1', 365, 5, false), ('e1', 365, 6, false), ('e1', 730, 6, true),
    ('e2', 90, 6, false), ('e2', 90, 6, true)) as t(episode_key, day, n_domains, is_restored);
"""


def test_found_not_restored_needs_enough_domains_and_no_other_form_of_the_day(tmp_path):
    build = tmp_path / "build.duckdb"
    with duckdb.connect(build) as connection:
        connection.execute(TABLES)
    frames = read_frames(build, "unrestored", "initial", "scores", "snapshots", "capacity")
    assert frames["unrestored"].to_numpy().tolist() == [["e1", 0], ["e1", 365]]
    assert frames["scores"]["score_status"].tolist() in (["scored", "quarantined"], ["quarantined", "scored"])
    assert frames["snapshots"]["stage"].tolist() == ["initial", "mid"]
    assert frames["capacity"]["capacity"].tolist() == [0.2]
    assert frames["initial"].to_numpy().tolist() == [["e1", 1.5]]


def test_episodes_that_break_the_contract_are_refused_without_a_value():
    frames = {"episodes": pd.DataFrame({"episode_key": ["a"]}), "unrestored": None, "initial": None}
    with pytest.raises(EstimatesError, match="column survivor_key is missing") as refused:
        durations(frames, seed=1, draws=1)
    assert "core.fct_episode" in refused.value.text()


def test_a_text_that_stands_in_many_rows_is_one_object_and_dates_are_dates() -> None:
    with duckdb.connect() as connection:
        query = "select 'word ' || i % 2 as word, i % 3 as number, date '2026-11-01' as day from range(999) as r(i)"
        frame = as_frame(connection.execute(query), ["number"])
    assert len({id(word) for word in frame["word"]}) == 2
    assert isinstance(frame["number"].dtype, pd.CategoricalDtype)
    assert pd.api.types.is_datetime64_dtype(frame["day"])
