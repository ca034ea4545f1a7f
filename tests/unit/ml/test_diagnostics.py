"""What is told of a fit: in a programme that is as the model says all is as expected, and a planted misfit shows."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from ml.duration import diagnostics, headline
from ml.duration.calibration import as_known_before, came_true
from ml.duration.figures import figures
from ml.duration.programme import Programme as Frames
from ml.duration.sensitivity import between_visits
from tests.simulation.programme import Programme


@pytest.fixture(scope="module")
def programme():
    frame, unrestored = Programme(late=0.1, frailty=0.0).draw(np.random.default_rng(21), 1200)
    visits = unrestored.assign(total=2.0, is_restored=False, instrument_version=None)
    return Frames.of(frame, unrestored=unrestored, visits=visits)


@pytest.fixture(scope="module")
def found(programme):
    return headline.fit(programme.known, programme.cluster, programme.episodes["office_id"])


def test_a_ratio_and_its_limits():
    seen, expected = np.array([1.0, 0.0, 1.0, 0.0] * 25), np.full(100, 0.4)
    ratio, low, high = diagnostics.observed_to_expected(seen, expected, np.arange(100))
    assert ratio == pytest.approx(50 / 40)
    reach = 1.959964 * np.sqrt(100 * 0.25) / 50
    assert (low, high) == pytest.approx((ratio * np.exp(-reach), ratio * np.exp(reach)), rel=1e-6)
    paired = diagnostics.observed_to_expected(np.sort(seen), expected, np.arange(100) // 2)
    assert paired[2] > high
    assert diagnostics.observed_to_expected(seen * 0, expected, np.arange(100)) == pytest.approx(
        (0, 0, 3.6889 / 40), abs=1e-4
    )
    assert diagnostics.observed_to_expected(seen[:4], expected[:4], np.arange(4)) is None


def test_a_fit_of_its_own_data_expects_what_was_seen(programme, found):
    between = between_visits(programme, found)
    rows = [*diagnostics.fitted_by_wait(found, between), *diagnostics.fitted_by_year(found)]
    assert {row[0] for row in rows} == {
        "restored_observed_to_expected", "lost_observed_to_expected", "other_exit_observed_to_expected",
    }  # fmt: skip
    assert sum(low <= 1 <= high for *_, low, high, _ in rows) >= len(rows) - 1
    whole = diagnostics.restorations(found, between).sum() / between.is_seen.sum()
    assert whole == pytest.approx(1, abs=0.03)


def test_a_hazard_that_is_wrong_by_half_shows(programme, found):
    half = replace(found.fitted.hazards[1], theta=found.fitted.hazards[1].theta - np.log(2))
    wrong = replace(
        found, fitted=replace(found.fitted, hazards=(found.fitted.hazards[0], half, found.fitted.hazards[2]))
    )
    lost = [row for row in diagnostics.fitted_by_year(wrong) if row[0] == "lost_observed_to_expected"]
    assert all(row[3] > 1 for row in lost[:2])


def test_offices_that_differ_in_proportion_pass(found):
    p = {row[1]: row[2] for row in diagnostics.offices_proportional(found)}
    assert set(p) == {"restored, day seen", "lost", "other_exit"}
    assert min(p["lost"], p["other_exit"]) > 0.001


def test_what_was_known_half_a_year_ago(programme):
    frame = pd.DataFrame(
        {
            "episode_key": ["new", "open then", "seen since", "gone since", "gone before"],
            "as_of_day": [100, 400, 400, 400, 400],
            "exit_day": [np.nan, np.nan, np.nan, 300, 150],
            "outcome": ["open", "open", "open", "withdrew", "transferred"],
            "restored_left_day": [0, 380, 200, 180, 100],
            "restored_right_day": [np.nan, np.nan, 350, np.nan, np.nan],
            "event": [0, 0, 1, 2, 3],
        }
    )
    found_not = pd.DataFrame(
        {"episode_key": ["open then", "open then", "seen since", "gone before"], "day": [180, 380, 200, 100]}
    )
    then, earlier = as_known_before(frame, found_not, 183)
    then = then.set_index("episode_key")
    assert list(then.index) == ["open then", "seen since", "gone since", "gone before"]
    assert then["event"].tolist() == [0, 0, 0, 3]
    assert then["outcome"].tolist() == ["open", "open", "open", "transferred"]
    assert then["restored_left_day"].tolist() == [180, 200, 180, 100]
    assert then["restored_right_day"].isna().all()
    assert sorted(earlier["day"]) == [100, 180, 200]


def test_the_last_half_year_comes_as_a_fit_before_it_expects(programme):
    rows = list(came_true(programme))
    assert {row[1] for row in rows} == {"restored at an assessment", "lost", "other_exit"}
    assert sum(low <= 1 <= high for *_, low, high, _ in rows) >= 2


def test_figures_are_those_that_have_an_estimate():
    curve = pd.DataFrame(
        {
            "curve_name": ["restoration", "restoration", "restoration_npmle"],
            "stratum": "overall",
            "stratum_value": "all",
            "day": [183, 365, 365],
            "state": "restored",
            "estimate": [0.1, 0.2, 0.3],
            "lower": 0.05,
            "upper": 0.4,
        }
    )
    times = pd.DataFrame(
        {
            "question": ["plateau", "restricted_mean"],
            "stratum": "overall",
            "stratum_value": "all",
            "estimate_months": [np.nan, 9.0],
            "lower_months": [np.nan, 8.0],
            "upper_months": [np.nan, 10.0],
            "n": 70,
            "status": ["refused", "estimated"],
            "definition_version": 2,
        }
    )
    found = figures(curve, times, n_episodes=90, curve_version=4).set_index("measure")
    assert found["estimate"].to_dict() == {
        "n_episodes": 90, "restored_12m": 0.2, "restored_6m": 0.1, "restricted_mean": 9.0,
    }  # fmt: skip
    assert found["definition_version"].to_dict() == {
        "n_episodes": 1, "restored_12m": 4, "restored_6m": 4, "restricted_mean": 2,
    }  # fmt: skip
    assert found.loc["restored_12m", "n"] == 70
