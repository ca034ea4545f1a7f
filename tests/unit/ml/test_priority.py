"""Priorities: only for people in care now, with limits, reasons and a last day; drift of the people they are told of."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from ml.contracts import require
from ml.risk import drift
from ml.risk.contract import PRIORITY
from ml.risk.priority import drifted, in_care, support_priority
from ml.risk.reviews import override_rows
from ml.risk.sample import people_of
from ml.risk.train import train

AS_OF = date(2026, 6, 30)


@pytest.fixture(scope="module")
def made(programme):
    frames = programme(900)
    trained = train(*frames, as_of=AS_OF, seed=1)
    people = people_of(*frames, as_of=AS_OF)
    return people, trained, support_priority(people, trained, as_of=AS_OF)


def test_only_people_in_care_who_are_not_seen_restored_and_within_the_horizon(made):
    people, trained, frame = made
    require(frame, PRIORITY)
    own = people.episodes.set_index("episode_key").loc[frame["episode_key"]]
    assert len(frame) == len(in_care(people, 730.5)) > 20
    assert own["exit_day"].isna().all()
    assert own["restored_right_day"].isna().all()
    assert (own["as_of_day"] < 730.5).all()
    assert trained.document["rung"] != "intercept"


def test_limits_hold_the_probability_and_bands_follow_the_threshold(made):
    _, trained, frame = made
    assert frame["probability"].between(frame["lower"], frame["upper"]).all()
    assert (frame["upper"] > frame["lower"]).all()
    clear = (frame["probability"] - trained.document["threshold"]).abs() > 0.001  # probabilities are rounded
    frame = frame[clear]
    above = frame["probability"] >= trained.document["threshold"]
    assert set(frame.loc[~above, "band"]) == {"usual_support"}
    assert set(frame.loc[above, "band"]) <= {"more_support_first", "more_support", "usual_support"}
    assert 0 < (frame["band"] == "more_support_first").sum() <= above.sum()


def test_a_priority_expires_with_the_horizon_or_in_ninety_days(made):
    people, _, frame = made
    days = (pd.to_datetime(frame["expires_on"]) - pd.Timestamp(AS_OF)).dt.days
    left = 730.5 - people.episodes.set_index("episode_key").loc[frame["episode_key"], "as_of_day"].to_numpy()
    assert days.to_numpy() == pytest.approx(np.minimum(90, np.floor(left)))


def test_a_model_that_knows_nobody_names_nobody(programme):
    frames = programme(300)
    trained = train(*frames, as_of=AS_OF, seed=1)
    trained.document["rung"] = "intercept"
    assert support_priority(people_of(*frames, as_of=AS_OF), trained, as_of=AS_OF).empty


def test_the_same_people_have_not_drifted_and_others_have():
    rng = np.random.default_rng(1)
    then = drift.reference({"total": rng.integers(4, 16, 2000) / 4})
    assert drift.psi(then, {"total": rng.integers(4, 16, 500) / 4})["total"][0] < 0.03
    assert drift.psi(then, {"total": rng.integers(8, 20, 500) / 4})["total"][0] > drift.PSI_LIMIT
    assert drift.psi(then, {"total": np.full(49, 2.0)}) == {}
    assert drift.psi(then, {"total": np.full(100, np.nan)})["total"][0] > drift.PSI_LIMIT
    alarms = [drift.psi(then, {"total": rng.integers(4, 16, 60) / 4})["total"][0] > drift.PSI_LIMIT for _ in range(200)]
    assert np.mean(alarms) <= 0.05


@pytest.mark.parametrize(
    ("row", "kept"),
    [
        (("psi_max", "recent_intakes", 0.3, None, None), True),
        (("psi_max", "recent_intakes", 0.2, None, None), False),
        (("calibration_in_the_large", "cohort_2024", -0.9, -1.2, -0.6), True),
        (("calibration_in_the_large", "cohort_2024", -0.9, -1.4, -0.4), False),
        (("calibration_in_the_large", "cross_validated", -0.9, -1.2, -0.6), False),
    ],
)
@pytest.mark.fault("F68")
def test_what_drift_keeps_a_challenger_from_use(row, kept):
    told = [dict(zip(("metric", "split", "estimate", "lower", "upper"), row, strict=True), n=90)]
    assert bool(drift.limits(told)) == kept


def test_drift_of_the_caseload_is_told(made):
    people, trained, _ = made
    rows = {row["metric"]: row for row in drifted(people, trained)}
    assert {"psi_max", "psi_total", "psi_domain_men"} <= set(rows)
    assert rows["psi_max"]["split"] == "caseload"


def test_how_often_people_are_of_another_mind():
    reviews = pd.DataFrame(
        [
            ("m", "e1", "agree", ""),
            ("m", "e1", "override", "wrong_scores"),
            ("m", "e2", "agree", ""),
            ("x", "e3", "agree", ""),
        ],
        columns=["model_id", "episode_key", "review", "reason"],
    )
    rows = {row["metric"]: row for row in override_rows(reviews, {"m": "need_x"})}
    assert (rows["override_rate"]["estimate"], rows["override_rate"]["n"]) == (0.5, 2)
    assert 0.09 < rows["override_rate"]["lower"] < 0.1 < 0.9 < rows["override_rate"]["upper"] < 0.91
    assert rows["override_wrong_scores"]["estimate"] == 0.5
    assert override_rows(reviews.head(0), {"m": "need_x"}) == []
