"""Funnel limits, over-dispersion from the others, and what to believe of each given all."""

import numpy as np
import pytest
from scipy.stats import gamma, norm

from ml.offices.compared import of_counts, of_means
from ml.offices.funnel import Z95, Z998, between, funnel, spread_of_others
from ml.offices.shrinkage import believe


def counted(observed, expected, share=1.0):
    k = len(observed)
    return of_counts(
        np.full(k, 100),
        np.ones(k, dtype=bool),
        np.asarray(observed, float),
        np.asarray(expected, float),
        np.full(k, share),
    )


def averaged(ratio, error, people=200):
    k = len(ratio)
    sums = (np.asarray(ratio, float) * 50, np.full(k, 50.0), np.full(k, 100.0))
    squared = (np.asarray(error, float) * 50) ** 2 * (people - 1) / people
    return of_means(np.full(k, 100), np.full(k, people), np.full(k, people), sums, squared)


@pytest.mark.parametrize(
    "compared", [counted([38, 41, 44, 36], [40, 40, 40, 40]), averaged([0.97, 1.02, 1.01, 0.99], [0.05] * 4)]
)
def test_limits_and_scores_say_the_same(compared):
    around = funnel(compared)
    assert (around.low_998 < around.low_95).all()
    assert (around.high_95 < around.high_998).all()
    assert (around.low_95 < 1).all()
    inside = (compared.ratio > around.low_95) & (compared.ratio < around.high_95)
    assert (inside == (np.abs(around.score) < Z95)).all()


def test_a_mean_is_beyond_its_limit_when_its_score_is():
    error = 0.05
    for z in (Z95, Z998):
        t_z = averaged([1.0], [error])
        around = funnel(t_z)
        limit = around.high_95 if z == Z95 else around.high_998
        assert funnel(averaged(limit, [error])).score[0] == pytest.approx(z, abs=1e-4)


def test_offices_that_differ_as_chance_lets_them_have_no_dispersion():
    score = norm.ppf((np.arange(40) + 0.5) / 40)
    assert between(score, np.full(40, 50.0)) == 0
    # scores three times as wide: 8 / 50, less what drawing in the outer tenths takes off a normal distribution
    assert between(3 * score, np.full(40, 50.0)) == pytest.approx(5.1 / 50, rel=0.05)


def test_one_that_stands_apart_does_not_widen_its_own_limits():
    score = np.array([0.5, -0.5, 0.2, -0.1, 0.3, -0.4, 12.0])
    own = spread_of_others(score, np.full(7, 40.0))
    assert own[-1] == 0
    assert spread_of_others(np.array([1.0]), np.array([40.0])).tolist() == [0.0]


def test_too_small_ones_are_not_in_the_funnel():
    found = of_counts(
        np.array([100, 100, 3]),
        np.array([True, True, False]),
        np.array([30.0, 31.0, 9.0]),
        np.array([30.0, 30.0, 1.0]),
        np.ones(3),
    )
    around = funnel(found)
    assert np.isnan(around.score[2])
    assert np.isnan(around.high_998[2])


def test_what_is_believed_lies_between_one_and_the_ratio_and_more_so_with_more():
    found = counted([6, 60, 600, 95, 410, 52], [10, 100, 1000, 100, 400, 50])
    mean = believe(found).mean()
    assert (found.ratio[:3] < mean[:3]).all()
    assert (mean[:3] < 1).all()
    assert mean[0] > mean[1] > mean[2]


def test_limits_of_what_is_believed_hold_its_mean_and_agree_with_its_chances():
    for found in (counted([6, 60, 95], [10, 100, 100]), averaged([0.8, 1.0, 1.1], [0.1, 0.02, 0.05])):
        posterior = believe(found)
        low, high = posterior.quantile(0.025), posterior.quantile(0.975)
        assert ((low < posterior.mean()) & (posterior.mean() < high)).all()
        assert posterior.below(low) == pytest.approx([0.025] * 3, abs=1e-6)


def test_where_offices_differ_widely_hardly_anything_is_drawn_in():
    found = counted([20, 300, 40, 500], [100, 100, 100, 100])
    posterior = believe(found)
    assert posterior.mean()[0] == pytest.approx(0.2, abs=0.03)
    assert posterior.below(0.4)[0] > 0.99
    assert posterior.quantile(0.5)[0] == pytest.approx(gamma.ppf(0.5, 20.5, scale=0.01), abs=0.02)
