"""Measures against scikit-learn and R where nobody is censored, and what they are when they cannot be told."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

from ml import resampling
from ml.risk.labels import Labels
from ml.risk.metrics import metrics
from ml.risk.model import probability


def measured(linear, outcome, weight=None, null=0.5):
    weight = np.ones(len(outcome)) if weight is None else weight
    labels = Labels(weight * (1 - outcome), weight * outcome, {})
    times = resampling.multiplicity(resampling.rng(0, "t"), len(outcome), 200)
    return metrics(linear, np.full(len(linear), null), labels, np.arange(len(outcome)), times).set_index("metric")


@pytest.fixture(scope="module")
def sample():
    rng = np.random.default_rng(2)
    linear = rng.normal(size=400).round(1)
    return linear, (rng.random(400) < probability(0.3 + 0.7 * linear)).astype(float), rng.choice([0.0, 1.0, 2.5], 400)


def test_equal_to_scikit_learn_with_weights(sample):
    linear, outcome, weight = sample
    found, p = measured(linear, outcome, weight)["estimate"], probability(linear)
    assert found["auc"] == pytest.approx(roc_auc_score(outcome, linear, sample_weight=weight))
    assert found["brier"] == pytest.approx(brier_score_loss(outcome, p, sample_weight=weight))
    assert found["scaled_brier"] == pytest.approx(1 - found["brier"] / 0.25)
    assert found["log_loss"] == pytest.approx(log_loss(outcome, p, sample_weight=weight))
    slope = LogisticRegression(C=np.inf, tol=1e-10).fit(linear[:, None], outcome, sample_weight=weight).coef_[0, 0]
    assert found["calibration_slope"] == pytest.approx(slope, abs=1e-4)


def test_calibration_in_the_large_is_the_intercept_at_slope_one(sample):
    linear, outcome, _ = sample
    shift = measured(linear, outcome)["estimate"]["calibration_in_the_large"]
    assert probability(linear + shift).mean() == pytest.approx(outcome.mean(), abs=1e-9)


def test_limits_have_the_width_of_theory(sample):
    linear, outcome, _ = sample
    row = measured(linear, outcome).loc["brier"]
    spread = np.std((outcome - probability(linear)) ** 2) / np.sqrt(len(outcome))
    assert (row["upper"] - row["lower"]) / (2 * 1.96 * spread) == pytest.approx(1, abs=0.2)
    assert row["n"] == 400


def test_a_constant_prediction_has_no_slope_and_an_auc_of_a_half(sample):
    _, outcome, _ = sample
    found = measured(np.zeros(400), outcome)["estimate"]
    assert found["auc"] == 0.5
    assert np.isnan(found["calibration_slope"])
