"""Who was not restored in time: a table of cases, and weights against lifelines."""

import lifelines
import numpy as np
import pandas as pd
import pytest

from ml.risk.labels import eligible, label


def people(*rows):
    """(left, right, exit, as_of) each."""
    frame = pd.DataFrame(
        rows, columns=["restored_left_day", "restored_right_day", "exit_day", "as_of_day"], dtype=float
    )
    return frame.assign(entry_day=0, office_id="F1", event=0)


@pytest.mark.parametrize(
    ("row", "outcome"),
    [
        ((500, 731, None, 2000), "straddling"),  # 731 is after tau = 730.5
        ((500, 730, None, 2000), "other"),
        ((500, 730, 600, 2000), "other"),  # seen restored soon after exit
        ((731, None, None, 2000), "event"),  # assessed unrestored after tau
        ((731, 900, None, 2000), "event"),  # restored, but too late
        ((900, None, 950, 2000), "event"),  # lost after tau: known
        ((730, None, None, 2000), "unknown"),  # in care at tau, but not assessed since: not a failure
        ((300, None, 400, 2000), "unknown"),  # lost before tau: not a failure
        ((300, None, None, 400), "unknown"),  # too little follow-up
        ((None, None, None, 2000), "unknown"),
    ],
)
def test_what_each_person_counts_as(row, outcome):
    counts = label(people(row), np.zeros(1)).counts
    assert counts == {"event": 0, "other": 0, "straddling": 0, "unknown": 0} | {outcome: 1}


def test_time_zero_is_the_initial_assessment():
    row = people((740, None, None, 2000))
    assert label(row, np.array([0.0])).counts["event"] == 1
    assert label(row, np.array([30.0])).counts["unknown"] == 1


def test_the_unknown_weigh_nothing_and_the_straddling_are_shared():
    labels = label(people((700, 800, None, 2000), (100, 200, None, 2000), (300, None, 400, 2000)), np.zeros(3))
    assert labels.total[2] == 0
    assert labels.other[1] > 0
    assert labels.event[1] == 0
    assert labels.other[0] / labels.total[0] == pytest.approx(0.305, abs=1e-6)  # 30.5 of 100 days


def test_who_is_asked():
    frame = people((None, 0, None, 9), (None, 20, None, 99), (0, None, None, 99)).assign(entry_day=[0, 0, 31])
    assert eligible(frame, np.array([0.0, 30.0, 30.0])).tolist() == [False, False, False]
    assert eligible(frame, np.array([0.0, 10.0, 31.0])).tolist() == [False, True, True]


def test_weights_equal_one_over_the_censoring_kaplan_meier_of_lifelines(programme):
    episodes, _, _ = programme(150, 3)
    episodes = episodes[~(episodes["restored_right_day"] <= 0)]
    labels = label(episodes.assign(office_id="F1"), np.zeros(len(episodes)))
    right = episodes["restored_right_day"].to_numpy()
    time = np.fmin(np.fmin(right, episodes["exit_day"]), episodes["as_of_day"]).to_numpy()
    restored, known = right <= 730.5, labels.total > 0
    still = ~restored & (known | (time >= 730.5))
    until = np.where(restored, time, np.where(still, 731.5, time))
    fitted = lifelines.KaplanMeierFitter().fit(np.where(restored, until - 0.25, until), ~restored & ~still)
    again = known[still].mean()
    at = fitted.survival_function_at_times(np.where(restored, until - 0.5, 730.5)).to_numpy()
    expected = 1 / np.where(restored, at, at * again)
    assert 0 < again < 1
    assert labels.total[known] == pytest.approx(
        np.minimum(expected[known], np.quantile(expected[known], 0.99)), rel=1e-9
    )


def test_those_assessed_again_stand_for_those_who_were_not():
    labels = label(people((800, None, None, 2000), (500, None, None, 2000), (100, 200, None, 2000)), np.zeros(3))
    assert labels.event.tolist() == pytest.approx([2, 0, 0], rel=0.02)  # the cap takes 1 %
    assert labels.other.tolist() == [0, 0, 1]


def test_an_office_without_follow_up_takes_the_weights_of_all(programme):
    episodes, _, _ = programme(900, 3)
    young = episodes["office_id"] == "F3"
    episodes = episodes.assign(
        restored_left_day=episodes["restored_left_day"].where(~young, 10),
        restored_right_day=episodes["restored_right_day"].where(~young),
    )
    labels = label(episodes, np.zeros(len(episodes)))
    assert np.isfinite(labels.total).all()
    assert (labels.total[young] == 0).all()


def test_nobody_is_a_defined_answer():
    labels = label(people(), np.zeros(0))
    assert len(labels.total) == 0
    assert label(people((100, None, None, 200)), np.zeros(1)).total.tolist() == [0]
