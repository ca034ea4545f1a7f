"""The headline of a whole delivery against the truth behind it: landed, built and estimated as every night is."""

import json

import duckdb
import pytest

from flows.extract.simulate import Parameters, write_delivery
from flows.extract.simulate.truth import MONTHS
from flows.stage import Watch
from tests.nights import STAGES, opened

DAYS = [round(30.4375 * month) for month in MONTHS]
SURVIVORS = 4000  # a standard error of about 0.008


@pytest.fixture(scope="module")
def delivery(tmp_path_factory):
    """The curves of a simulated delivery as outcomes.curve holds them, and its truth."""
    folder = tmp_path_factory.mktemp("delivery")
    written = write_delivery(folder / "jds", Parameters(survivors=SURVIVORS), fmt="parquet")
    (folder / "home").mkdir()
    night = opened(written.folder, folder / "home")
    for name in ("land delivery", "build marts", "estimate durations"):
        STAGES[name](night, Watch())
    with duckdb.connect(night.build_file, read_only=True) as build:
        rows = (
            build.execute("from outcomes.curve where stratum = 'overall'")
            .df()
            .set_index(["curve_name", "state", "day"])
        )
    return rows, json.loads((written.truth / "truth.json").read_text())["curve"]


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
