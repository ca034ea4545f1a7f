"""The models behind the effects of services: against closed forms, another library, and their own derivatives."""

import numpy as np
import pytest
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression

from ml.services import hazard, logistic
from ml.services.columns import Columns
from ml.services.hazard import Pieces
from ml.services.sensitivity import e_value, e_value_of_limit


def stays(seed, n=400):
    """Stays of months with one covariate: pieces before the last visit, and the three months in which it happened."""
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 2, n).astype(np.float32)
    happened = rng.exponential(1 / (0.04 * np.exp(0.5 * x)))
    row, part, event, covariate, who = [], [], [], [], []
    k = 0
    for i in range(n):
        seen = int(np.ceil(happened[i] / 3) * 3)
        last, is_seen = (seen, True) if seen <= 24 else (24, False)
        for month in range(last):
            inside = is_seen and month >= last - 3
            row.append(len(row))
            part.append(1.0)
            event.append(k if inside else -1)
            covariate.append(x[i])
            who.append(i)
        k += is_seen
    # Months known to have passed come first, then the intervals.
    order = np.argsort(np.array(event) >= 0, kind="stable")
    pieces = Pieces(np.array(row)[order], np.array(part)[order], np.array(event)[order], k)
    table = np.array(covariate, dtype=np.float32)[:, None]
    return Columns((table,), pieces.row), pieces, np.array(who)[order]


def loglik(theta, columns, pieces):
    mu = pieces.part * np.exp(columns.times(theta))
    inside = pieces.event >= 0
    total = np.bincount(pieces.event[inside], mu[inside], pieces.n_events)
    return np.log(-np.expm1(-total)).sum() - mu[~inside].sum()


def test_without_weights_it_is_the_likelihood_of_intervals():
    columns, pieces, who = stays(1)
    found = hazard.fit(columns, pieces, np.ones(len(pieces.row)), who, free=1)
    best = minimize(lambda theta: -loglik(theta, columns, pieces), np.array([-3.0, 0.0]), method="BFGS")
    assert found.converged
    assert found.theta == pytest.approx(best.x, abs=1e-4)
    information = hazard._slopes(columns, pieces, np.ones(len(pieces.row)), found.theta).information
    assert np.sqrt(np.diag(found.covariance)) == pytest.approx(np.sqrt(np.diag(np.linalg.inv(information))), rel=0.1)


def test_expected_events_add_to_those_seen():
    columns, pieces, who = stays(2)
    found = hazard.fit(columns, pieces, np.ones(len(pieces.row)), who, free=1)
    assert found.events[pieces.event < 0].sum() == 0
    assert np.bincount(pieces.event[pieces.event >= 0], found.events[pieces.event >= 0]) == pytest.approx(1.0)


def test_a_weight_of_two_is_twice_the_stay():
    columns, pieces, who = stays(3, 150)
    twice = np.where(who % 3 == 0, 2.0, 1.0)
    weighted = hazard.fit(columns, pieces, twice, who, free=1)
    again = np.flatnonzero(who % 3 == 0)
    number = np.where(pieces.event[again] >= 0, pieces.event[again] + pieces.n_events, -1)
    names, code = np.unique(number[number >= 0], return_inverse=True)
    number[number >= 0] = code + pieces.n_events
    doubled = Pieces(
        np.concatenate([pieces.row, pieces.row[again]]),
        np.concatenate([pieces.part, pieces.part[again]]),
        np.concatenate([pieces.event, number]),
        pieces.n_events + len(names),
    )
    copied = hazard.fit(
        Columns(columns.parts, doubled.row),
        doubled,
        np.ones(len(doubled.row)),
        np.concatenate([who, who[again]]),
        free=1,
    )
    assert weighted.theta == pytest.approx(copied.theta, abs=1e-5)
    assert weighted.covariance == pytest.approx(copied.covariance, rel=1e-3)


def test_a_search_that_begins_near_ends_at_the_same_place():
    columns, pieces, who = stays(4)
    ones = np.ones(len(pieces.row))
    found = hazard.fit(columns, pieces, ones, who, free=1)
    again = hazard.fit(columns, pieces, ones, who, free=1, begin=found.theta + 0.2)
    assert again.theta == pytest.approx(found.theta, abs=1e-5)


def test_the_observed_information_is_the_slope_of_the_score():
    columns, pieces, _ = stays(5)
    weight = np.random.default_rng(0).uniform(0.5, 2.0, len(pieces.row))
    theta, step = np.array([-3.1, 0.4]), 1e-5
    found = hazard._slopes(columns, pieces, weight, theta).information
    numeric = np.column_stack(
        [
            (
                hazard._slopes(columns, pieces, weight, theta - step * unit).score
                - hazard._slopes(columns, pieces, weight, theta + step * unit).score
            )
            / (2 * step)
            for unit in np.eye(2)
        ]
    )
    assert found == pytest.approx(numeric, rel=1e-5)


def test_logistic_regression_is_that_of_scikit_learn():
    rng = np.random.default_rng(6)
    x = rng.standard_normal((3000, 4)).astype(np.float32)
    y = (rng.random(3000) < 1 / (1 + np.exp(1.0 - x @ np.array([1.0, -0.5, 0.0, 0.3])))).astype(float)
    found = logistic.fit(Columns((x[:, :2], x[:, 2:]), np.arange(3000)), y)
    other = LogisticRegression(C=1 / logistic.RIDGE, tol=1e-8, max_iter=500).fit(x.astype(float), y)
    assert found.converged
    assert found.theta == pytest.approx(np.concatenate([other.intercept_, other.coef_[0]]), abs=1e-4)
    assert found.chance == pytest.approx(other.predict_proba(x.astype(float))[:, 1], abs=1e-4)


def test_e_values_of_the_paper():
    """VanderWeele and Ding 2017: a hazard ratio of 0.75 of a common outcome has the E-value 1.75 (risk ratio 0.82)."""
    assert e_value(np.log(0.75)) == pytest.approx(1.74, abs=0.02)
    assert e_value(0.0) == 1.0
    assert e_value_of_limit(-0.1, 0.5) == 1.0
    assert e_value_of_limit(0.2, 0.5) == e_value(0.2)
    assert e_value_of_limit(-0.5, -0.2) == e_value(0.2)


def test_limits_are_further_away_where_few_make_up_the_variance():
    alike = hazard.Fitted(np.zeros(1), np.full((400, 1), 0.05), np.empty(0), True)
    few = hazard.Fitted(np.zeros(1), np.concatenate([np.full((4, 1), 0.5), np.full((396, 1), 1e-3)]), np.empty(0), True)
    slope = np.ones(1)
    assert alike.error(slope) == pytest.approx((1.0, 1.966), abs=1e-3)
    assert few.error(slope) == pytest.approx((1.0, 2.776), abs=1e-2)
