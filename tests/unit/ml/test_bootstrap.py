"""Resampling of the headline: what a draw is, and that its limits are near those that a night gives."""

import numpy as np
import pytest

from ml.duration import bootstrap, headline
from ml.duration.stays import stays
from tests.simulation.programme import Programme


@pytest.fixture(scope="module")
def found():
    frame, unrestored = Programme(late=0.0).draw(np.random.default_rng(8), 600)
    return headline.fit(stays(frame, unrestored), np.arange(600), frame["office_id"])


@pytest.fixture(scope="module")
def drawn(found):
    return np.concatenate([bootstrap.block(found, seed=1, number=number) for number in range(6)])


def test_the_states_of_the_fitted_coefficients_are_the_headline(found):
    assert bootstrap._states(found, found.fitted.theta) == pytest.approx(found.overall.estimate, abs=1e-12)


def test_a_block_depends_on_its_seed_and_number_alone(found, drawn):
    assert (bootstrap.block(found, seed=1, number=3) == drawn[30:40]).all()
    assert (bootstrap.block(found, seed=2, number=3) != drawn[30:40]).any()
    assert drawn.sum(axis=2) == pytest.approx(np.ones(drawn.shape[:2]), abs=1e-9)


def test_limits_hold_the_estimate_and_are_about_as_wide_as_the_sandwich(found, drawn):
    rows = bootstrap.intervals(found, drawn)
    assert (rows["n_draws"] == 60).all()
    assert rows["estimate"].between(rows["lower"], rows["upper"]).all()
    restored = rows[(rows["state"] == "restored") & rows["day"].between(183, 1096)]
    wide = (restored["upper"] - restored["lower"]) / (restored["sandwich_upper"] - restored["sandwich_lower"])
    assert wide.mean() == pytest.approx(1, abs=0.2)
    mean, low, high = bootstrap.restricted_mean(found, drawn)
    assert low < mean < high
