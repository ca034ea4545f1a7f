"""Aalen-Johansen: ties, late entry and edges, against a person-by-person recomputation."""

import numpy as np
import pytest

from ml.duration import aalen_johansen

START = -np.inf


def by_hand(entry, time, state, causes, last):
    """Days 0 .. last, one by one, straight from the definition."""
    alive, out = 1.0, np.zeros(causes)
    table = []
    for day in range(last + 1):
        at_risk = [i for i in range(len(time)) if entry[i] < day <= time[i]]
        died = np.array([sum(time[i] == day and state[i] == c + 1 for i in at_risk) for c in range(causes)])
        if died.any():
            out = out + alive * died / len(at_risk)
            alive = alive * (1 - died.sum() / len(at_risk))
        table.append([*out, alive])
    return np.array(table)


@pytest.fixture(params=range(4))
def people(request):
    rng = np.random.default_rng(request.param)
    time = rng.integers(0, 15, 60)
    entry = np.where(rng.random(60) < 0.5, -1, rng.integers(0, 15, 60))
    return entry, time, rng.integers(0, 4, 60)


def test_equals_the_definition(people):
    entry, time, state = people
    expected = by_hand(entry, time, state, 3, 16)
    fitted = aalen_johansen.fit(np.where(entry < 0, START, entry), time, state, causes=3)
    days = np.arange(17)
    assert np.column_stack([fitted.incidence_at(days), fitted.survival_at(days)]) == pytest.approx(expected, abs=1e-12)


def test_the_fast_form_for_draws_is_the_same_estimator(people):
    entry, time, state = (values[people[1] > people[0]] for values in people)
    weight = np.random.default_rng(0).integers(0, 3, len(time)).astype(float)
    fitted = aalen_johansen.fit(np.where(entry < 0, START, entry), time, state, causes=3, weight=weight)
    survival, incidence = aalen_johansen.on_days(entry, time, state, weight, causes=3, last=10)
    assert survival == pytest.approx(fitted.survival_at(np.arange(11)), abs=1e-12)
    assert incidence == pytest.approx(fitted.incidence_at(np.arange(11)), abs=1e-12)


def test_standard_error_without_censoring_is_binomial():
    state = np.repeat([1, 2], [30, 70])
    fitted = aalen_johansen.fit(np.full(100, START), np.tile(np.arange(1, 11), 10), state, causes=2)
    assert fitted.incidence_at([10])[0] == pytest.approx([0.3, 0.7])
    assert fitted.se_at([10])[0] == pytest.approx([np.sqrt(0.3 * 0.7 / 100)] * 2)


@pytest.mark.parametrize(
    ("entry", "time", "state", "incidence", "survival"),
    [
        ([START, START], [5, 9], [0, 0], 0.0, 1.0),  # all censored
        ([START], [0], [1], 1.0, 0.0),  # a stay of no length counts when observed from the start
        ([4.0, START], [4, 5], [1, 0], 0.0, 1.0),  # entry == exit: never at risk
        ([], [], [], 0.0, 1.0),
        ([START, START], [3, 3], [1, 0], 0.5, 0.5),  # event and censoring tie: the censored one is still at risk
        ([START, START], [3, 3], [1, 1], 1.0, 0.0),
    ],
)
def test_edges_are_defined(entry, time, state, incidence, survival):
    fitted = aalen_johansen.fit(entry, time, state, causes=1)
    assert fitted.incidence_at([10])[0, 0] == incidence
    assert fitted.survival_at([10])[0] == survival
    assert np.isfinite(fitted.se_at([0, 10])).all()


def test_states_out_of_range_are_refused():
    with pytest.raises(ValueError, match="states must be"):
        aalen_johansen.fit([START], [1], [4], causes=3)
