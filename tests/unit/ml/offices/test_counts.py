"""Counts against expected ones: exact limits as R gives them, and what an interval says."""

import numpy as np
import pytest

from ml.offices.counts import Events, at_score, count, design_effect, normal_score, poisson_limits


def test_exact_limits_are_those_of_R():
    """R 4.2.2: poisson.test(12, 8.4) -> rate ratio 1.428571, 95 % 0.7381694 to 2.4954355."""
    low, high = poisson_limits(12, 8.4)
    assert pytest.approx(1.428571, abs=1e-6) == 12 / 8.4
    assert (low, high) == (pytest.approx(0.738, abs=5e-4), pytest.approx(2.495, abs=5e-4))


def test_nobody_has_a_lower_limit_of_nought_and_an_upper_one():
    low, high = poisson_limits([0.0], [5.0])
    assert low[0] == 0
    assert high[0] == pytest.approx(-np.log(0.025) / 5, rel=1e-9)


def test_events_known_to_the_day_are_the_usual_observed_and_expected():
    """Times at cumulative hazards 0.2 and 0.7, one censored at 1.1: O = 2, E = 2."""
    exact = Events(np.array([0.2, 0.7, 1.1]), np.array([1e-7, 1e-7, 0.0]), np.zeros(3))
    found = count(exact, np.zeros(3, dtype=np.int64), 1)
    assert found.observed[0] == pytest.approx(2, abs=1e-6)
    assert found.expected[0] == pytest.approx(2, abs=1e-6)
    assert found.effective[0] == pytest.approx(2, abs=1e-6)
    assert found.residual.sum() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("pace", [0.6, 1.0, 1.7])
def test_the_pace_of_a_group_is_right_however_wide_its_intervals(pace):
    """Looked at every 0.1 or every 0.7 of the expected cumulative hazard; past the window all are at the expected pace."""
    rng = np.random.default_rng(5)
    n, window = 40_000, 0.8
    unit = rng.exponential(size=n)
    when = np.where(unit < pace * window, unit / pace, window + unit - pace * window)
    group = (np.arange(n) % 2).astype(np.int64)
    gap = np.where(group == 0, 0.1, 0.7)
    left, right = np.floor(when / gap) * gap, (np.floor(when / gap) + 1) * gap
    inside = np.minimum(left, window)
    events = Events(inside, np.minimum(right, window) - inside, np.maximum(right - np.maximum(left, window), 0.0))
    found = count(events, group, 2)
    exact = [(unit < pace * window)[group == g].sum() / np.minimum(when, window)[group == g].sum() for g in (0, 1)]
    assert found.ratio[0] == pytest.approx(exact[0], rel=0.003)
    assert found.ratio[1] == pytest.approx(exact[1], rel=0.03)
    assert found.effective[1] < found.observed[1]


def test_a_group_without_events_is_at_nought_of_what_was_expected():
    found = count(Events(np.array([2.0, 3.0]), np.zeros(2), np.zeros(2)), np.array([0, 0]), 2)
    assert (found.observed[0], found.expected[0], found.ratio[0]) == (0, 5, 0)
    assert found.expected[1] == 0


def test_nobodys_group_counts_nowhere():
    events = Events(np.array([0.5, 0.5]), np.array([0.1, 0.1]), np.zeros(2))
    assert count(events, np.array([0, -1]), 1).observed[0] == pytest.approx(1)


def test_the_score_of_a_count_and_back():
    expected = np.array([5.0, 40.0, 300.0])
    for z in (-2.0, -0.5, 1.0, 3.0):
        assert normal_score(at_score(z, expected), expected) == pytest.approx(np.full(3, z), abs=1e-6)
    assert at_score(-3.09, 5.0) == 0  # none of five expected is not so rare
    assert np.isfinite(normal_score([0.0, 4000.0], [900.0, 900.0])).all()


def test_people_who_fare_alike_widen_the_limits_and_never_narrow_them():
    alone = np.arange(6)
    residual = np.array([1.0, 1.0, -1.0, -1.0, 1.0, -1.0])
    assert design_effect(residual, alone) == 1
    assert design_effect(residual, np.array([0, 0, 1, 1, 2, 3])) == pytest.approx(10 / 6)
    assert design_effect(residual, np.array([0, 1, 0, 1, 2, 2])) == 1
    assert design_effect(np.zeros(2), np.array([0, 1])) == 1
