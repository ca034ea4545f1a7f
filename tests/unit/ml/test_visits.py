"""Stretches between assessments, how their days go with the last score, and the weights that undo it."""

import numpy as np
import pandas as pd
import pytest

from ml.duration import panel, visits
from ml.duration.hazard import NEVER
from ml.duration.stays import Stays


def stays_of(*rows):
    """Stays of (start, left, right, stop)."""
    start, left, right, stop = np.array(rows).T
    return Stays(np.ones(len(rows), bool), start, left, right, start, stop, np.zeros(len(rows), np.int64))


def test_the_stretches_of_a_stay_follow_its_assessments():
    seen = stays_of((-1, 180, 360, 370), (-1, 200, NEVER, 500), (50, 50, NEVER, 90), (-1, -1, 30, 40))
    made = pd.DataFrame(
        {
            "episode_key": ["a", "a", "a", "b", "c", "d", "x"],
            "day": [-3, 180, 400, 200, 50, 30, 7],
            "total": [2.0, 2.5, 3.5, 2.2, 1.5, 3.2, 9.0],
        }
    )
    found = visits.stretches(seen, pd.Series(["a", "b", "c", "d"]), made)
    assert list(zip(found.row, found.begin, found.end, found.is_seen, strict=True)) == [
        (0, -1, 0, False), (0, 0, 180, False), (0, 180, 360, True), (1, -1, 200, False), (3, -1, 30, True),
    ]  # fmt: skip
    assert found.total.tolist() == pytest.approx([np.nan, 2.0, 2.5, np.nan, np.nan], nan_ok=True)
    assert found.number.tolist() == [0, 1, 2, 0, 0]


def informative(seed, n=1500, strength=0.8):
    """Stays assessed sooner the higher the last score, which runs ahead of restoration; stays, keys, visits, true days."""
    rng = np.random.default_rng(seed)
    frailty = rng.normal(0, 0.7, n)
    restored = 500 * (rng.exponential(size=n) * np.exp(-frailty)) ** (1 / 1.3)
    left, right, rows = np.full(n, -1), np.full(n, NEVER), []
    day = np.zeros(n)
    keys = np.array([f"e{i:05d}" for i in range(n)])
    for _ in range(40):
        due = (day <= 1096) & (right == NEVER)
        found = due & (restored <= day)
        right[found] = day[found]
        left[due & ~found] = day[due & ~found]
        total = 2.5 + 0.5 * frailty + rng.normal(0, 0.2, n)
        rows.append(pd.DataFrame({"episode_key": keys, "day": day.astype(int), "total": total})[due])
        day = day + np.ceil(220 * rng.weibull(2.0, n) * np.exp(-strength * (total - 2.5)))
    stop = np.where(right < NEVER, right, 1096)
    none = np.zeros(n, np.int64)
    seen = Stays(np.ones(n, bool), none - 1, np.maximum(left, -1), right, none - 1, stop, none)
    return seen, pd.Series(keys), pd.concat(rows), restored


def test_weights_of_one_say_what_the_stays_say():
    seen, keys, made, _ = informative(1, n=300)
    found = visits.stretches(seen, keys, made)
    cluster = np.arange(300)
    plain = panel.fit(seen, cluster)
    same = panel.fit(seen, cluster, watched=found.watched(np.ones(len(found.row))))
    assert same.hazards[0].loglik == pytest.approx(plain.hazards[0].loglik, abs=1e-3)
    assert same.curves(last=1000).estimate == pytest.approx(plain.curves(last=1000).estimate, abs=1e-4)


@pytest.mark.parametrize(("strength", "expected"), [(0.0, 0.0), (0.8, 1.6)])
def test_how_far_assessments_go_with_the_score_is_found(strength, expected):
    """Gaps are Weibull of shape 2, so that exp(-strength a point) of a gap is twice that on the log rate."""
    seen, keys, made, _ = informative(2, strength=strength)
    rate = visits.timing(seen, visits.stretches(seen, keys, made), np.arange(len(keys)))
    assert rate.log_ratio == pytest.approx(expected, abs=4 * rate.error)
    assert rate.error < 0.1


def test_weights_lean_against_the_rate_and_average_one():
    seen, keys, made, _ = informative(3)
    found = visits.stretches(seen, keys, made)
    rate = visits.timing(seen, found, np.arange(len(keys)))
    weight = visits.weights(found, rate)
    known = ~np.isnan(found.total)
    assert weight[known].mean() == pytest.approx(1)
    assert (weight[~known] == 1).all()
    assert np.corrcoef(found.total[known], weight[known])[0, 1] < -0.5


def test_too_few_assessments_give_no_timing():
    seen, keys, made, _ = informative(4, n=20)
    assert visits.timing(seen, visits.stretches(seen, keys, made[made["day"] == 0]), np.arange(20)) is None
