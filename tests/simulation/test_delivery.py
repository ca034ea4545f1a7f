"""The headline of a whole delivery against the truth behind it: landed, built and estimated as every night is."""

import json

import duckdb
import numpy as np
import pytest

from flows.extract.simulate import Parameters, write_delivery
from flows.extract.simulate.places import offices
from flows.extract.simulate.truth import MONTHS
from flows.stage import Watch
from tests.nights import STAGES, opened

pytestmark = pytest.mark.xdist_group("delivery simulated")  # what they share is made once

DAYS = [round(30.4375 * month) for month in MONTHS]
SURVIVORS = 4000  # a standard error of about 0.008


PARAMETERS = Parameters(survivors=SURVIVORS)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The build file of a simulated delivery, estimated, and its truth."""
    folder = tmp_path_factory.mktemp("delivery")
    written = write_delivery(folder / "jds", PARAMETERS, fmt="parquet")
    (folder / "home").mkdir()
    night = opened(written.folder, folder / "home")
    for name in ("land delivery", "build marts", "estimate durations", "compare offices"):
        STAGES[name](night, Watch())
    return night.build_file, json.loads((written.truth / "truth.json").read_text())["curve"]


@pytest.fixture(scope="module")
def delivery(built):
    """The curves of a simulated delivery as outcomes.curve holds them, and its truth."""
    with duckdb.connect(built[0], read_only=True) as build:
        rows = (
            build.execute("from outcomes.curve where stratum = 'overall'")
            .df()
            .set_index(["curve_name", "state", "day"])
        )
    return rows, built[1]


@pytest.mark.parametrize("state", ["restored", "lost", "other_exit"])
def test_the_headline_is_near_the_truth_and_its_interval_nearer(delivery, state):
    rows, truth = delivery
    found = rows.loc[[("restoration", state, day) for day in DAYS]]
    assert found["estimate"].to_numpy() == pytest.approx(truth[state], abs=0.02)
    inside = (found["lower"] <= truth[state]) & (truth[state] <= found["upper"])
    assert inside.sum() >= len(DAYS) - 1


def test_the_day_of_detection_is_not(delivery):
    rows, truth = delivery
    seen = rows.loc[[("restoration_detection_date", "restored", day) for day in DAYS], "estimate"].to_numpy()
    assert (truth["restored"] - seen > 0.05).all()


def test_offices_are_compared_as_they_are(built):
    """The pace of each office lies in its interval; nothing else differs between the simulated offices but how many forms they miss."""
    with duckdb.connect(built[0], read_only=True) as build:
        rows = build.execute("from outcomes.office order by measure, office_id").df().set_index("measure")
    truth = np.exp(offices(PARAMETERS)["effect"])
    found = rows.loc["restored_24m"]
    assert (found["status"] == "estimated").all()
    assert ((found["lower"] <= truth) & (truth <= found["upper"])).sum() >= len(truth) - 1
    assert np.corrcoef(np.log(truth), np.log(found["ratio"]))[0, 1] > 0.85
    made, missed = rows.loc["aso_completeness", "ratio"], offices(PARAMETERS)["missed"]
    assert np.corrcoef(made, missed)[0, 1] < -0.85
    for measure in ("lost_12m", "days_to_first_service"):
        assert not rows.loc[measure, "reason"].str.contains("worth a conversation").any()


def test_partners_that_differ_by_nothing_of_their_own_have_few_needs(built):
    with duckdb.connect(built[0], read_only=True) as build:
        status = dict(build.execute("select status, count(*) from outcomes.training_need group by status").fetchall())
        partners = build.execute("select count(distinct partner_id) from outcomes.training_need").fetchone()
    assert partners == (PARAMETERS.offices * PARAMETERS.partners_per_office,)
    assert status.get("below", 0) <= 0.01 * sum(status.values())
    assert status["as_expected"] > 0.6 * sum(status.values())


def test_all_that_stands_beside_the_headline_is_there(built):
    """Sensitivities, diagnostics, the series of headline figures, and forecasts for casework alone."""
    build_file, _ = built
    with duckdb.connect(str(build_file), read_only=True) as build:

        def first(sql):
            return {row[0] for row in build.execute(sql).fetchall()}

        names = first("select distinct curve_name from outcomes.curve")
        assert names >= {
            "restoration", "restoration_cutoff_lower", "restoration_cutoff_higher", "restoration_lost_none_restored",
            "restoration_lost_all_restored", "restoration_exit_zero_after", "restoration_visits_weighted",
            "restoration_instrument", "restoration_npmle", "restoration_detection_date",
        }  # fmt: skip
        assert first("select distinct metric from models.metric where model_name = 'duration'") >= {
            "follow_up_mean_days_36m", "visit_rate_ratio_per_point", "restored_observed_to_expected",
            "offices_proportional_p", "forecast_observed_to_expected",
        }  # fmt: skip
        assert first("select distinct measure from outcomes.history") >= {f"restored_{m}m" for m in (6, 12, 18, 24, 36)}
        in_care = "select episode_key from core.fct_episode where exit_day is null and restored_right_day is null"
        told = first("select distinct episode_key from casework.forecast")
        assert told
        assert told <= first(in_care)
        assert first("select expires_on - as_of from casework.forecast") == {31}
        assert first("select round(sum(estimate), 6) from casework.forecast group by episode_key") == {1.0}
