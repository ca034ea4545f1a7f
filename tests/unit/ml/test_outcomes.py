"""Who was lost and who was worse: a table of cases each, and weights that give back the truth."""

import numpy as np
import pandas as pd
import pytest

from ml.risk.definition import WORSE
from ml.risk.lost import label_lost, right_censored
from ml.risk.sample_size import effective, needed
from ml.risk.worse import asked, label_worse


def stay(event, exit_day, as_of, seen=None):
    frame = pd.DataFrame(
        {"event": [event], "exit_day": [exit_day], "as_of_day": [as_of], "restored_right_day": [seen]}, dtype=object
    )
    return frame.astype({"exit_day": float, "as_of_day": float, "restored_right_day": float}).assign(office_id="F1")


@pytest.mark.parametrize(
    ("row", "outcome"),
    [
        (stay(2, 365, 900), "event"),  # the last day within 365.25
        (stay(2, 366, 900), "other"),  # lost, but later
        (stay(3, 100, 900), "other"),  # another exit competes: she can no longer be lost
        (stay(1, 300, 900, 200), "other"),  # seen restored, then gone
        (stay(1, None, 900, 200), "other"),
        (stay(0, None, 366, None), "other"),  # in care beyond the horizon
        (stay(0, None, 365, None), "unknown"),  # too little follow-up: not a loss
    ],
)
def test_what_each_stay_counts_as_for_being_lost(row, outcome):
    labels = label_lost(row, np.zeros(1))
    assert labels.counts == {"event": 0, "other": 0, "straddling": 0, "unknown": 0} | {outcome: 1}
    assert (labels.total[0] > 0) == (outcome != "unknown")


def test_weights_give_the_share_lost_that_would_be_seen_without_censoring():
    rng = np.random.default_rng(1)
    lost, until = np.ceil(rng.exponential(900, 20000)), rng.integers(30, 1500, 20000)
    time, state = np.minimum(lost, until), (lost <= until).astype(int)
    labels = right_censored(time, state, 365.25)
    naive = labels.event[labels.total > 0] > 0
    truth = 1 - np.exp(-365 / 900)
    assert labels.event.sum() / labels.total.sum() == pytest.approx(truth, abs=0.012)
    assert naive.mean() > truth + 0.01


def test_worse_is_below_the_initial_total_and_no_mid_assessment_is_unknown():
    episodes = pd.DataFrame({"office_id": ["F1"] * 5, "as_of_day": [900.0] * 5, "entry_day": [0] * 5})
    mid = np.array([2.0, 2.5, 2.5 - 1e-12, np.nan, 1.0])
    labels = label_worse(episodes, np.array([2.5, 2.5, 2.5, 2.5, np.nan]), mid)
    assert labels.counts == {"event": 1, "other": 2, "straddling": 0, "unknown": 2}
    assert (labels.event > 0).tolist() == [True, False, False, False, False]
    assert (labels.total[3:] == 0).all()


def test_who_is_asked_about_the_mid_assessment_depends_on_dates_alone():
    episodes = pd.DataFrame({"as_of_day": [273, 274, 900], "entry_day": [0, 0, 40], "exit_day": [np.nan, 20, np.nan]})
    assert asked(episodes, np.zeros(3)).tolist() == [False, True, False]
    assert WORSE.horizon_days == pytest.approx(273.625)


def test_those_with_a_mid_assessment_stand_for_those_like_them():
    rng = np.random.default_rng(2)
    initial = rng.uniform(1, 4, 20000)
    worse = rng.random(20000) < 0.1 + 0.2 * (initial - 1)
    seen = rng.random(20000) < np.where(initial > 2.5, 0.3, 0.9)
    episodes = pd.DataFrame({"office_id": "F1", "as_of_day": np.full(20000, 900.0), "entry_day": 0})
    labels = label_worse(episodes, initial, np.where(seen, initial - np.where(worse, 0.5, -0.5), np.nan))
    weighted, naive = labels.event.sum() / labels.total.sum(), worse[seen].mean()
    assert abs(weighted - worse.mean()) < 0.02 < abs(naive - worse.mean())


def test_sample_sizes_are_those_of_the_criteria():
    # R: pmsampsize(type = "b", csrsquared = 0.288, parameters = 24, prevalence = 0.174) gives 662 (the example of Riley et al. 2020)
    assert needed(0, 0.5) == 0
    assert needed(24, 0.3) > needed(12, 0.3) > needed(6, 0.3) > 300
    from ml.risk.sample_size import _for_shrinkage

    assert np.ceil(_for_shrinkage(24, 0.288, 0.9)) == 623
    assert np.ceil((1.96 / 0.05) ** 2 * 0.174 * 0.826) == 221
    assert effective(np.array([1.0, 1, 1, 1])) == 4
    assert effective(np.array([2.0, 0, 0])) == 1
