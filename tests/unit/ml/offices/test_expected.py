"""What to expect: cross-fitted, so nobody's own outcome is in it; and days made whole where follow-up ended."""

import numpy as np
import pandas as pd
import pytest
from lifelines import KaplanMeierFitter

from ml.duration.hazard import NEVER
from ml.offices.casemix import case_mix
from ml.offices.expected import cross_fit_hazard, cross_fit_mean, restricted_days


def test_without_censoring_a_pseudo_value_is_the_persons_own_days():
    day = np.array([0.0, 3.0, 3.0, 10.0, 40.0, 95.0])
    assert restricted_days(day, np.ones(6, dtype=bool), 30) == pytest.approx(np.minimum(day, 30))


def test_with_censoring_their_mean_is_that_of_kaplan_and_meier():
    rng = np.random.default_rng(2)
    event, censored = rng.integers(0, 60, 400), rng.integers(5, 80, 400)
    day, seen = np.minimum(event, censored).astype(float), event <= censored
    # survival past each day: lifelines' curve is constant from one day to the next
    curve = KaplanMeierFitter().fit(day, seen).survival_function_at_times(np.arange(40)).to_numpy()
    assert restricted_days(day, seen, 40).mean() == pytest.approx(curve.sum(), rel=1e-9)


def test_a_hazard_is_learnt_from_others_and_its_sum_is_that_of_the_events():
    rng = np.random.default_rng(4)
    n = 3000
    x = rng.standard_normal((n, 2))
    when = np.ceil(rng.exponential(400 * np.exp(-0.6 * x[:, 0])))
    end = rng.integers(100, 900, n)
    seen = when <= end
    left = np.where(seen, when - 1, end).astype(np.int64)
    right = np.where(seen, when, NEVER).astype(np.int64)
    fold = rng.integers(0, 3, n)
    expected = cross_fit_hazard(np.full(n, -1), left, right, x, fold)
    total = expected.at(np.where(seen, when, end))
    assert total.sum() == pytest.approx(seen.sum(), rel=0.03)
    assert np.polyfit(x[:, 0], np.log(expected.factor), 1)[0] == pytest.approx(0.6, abs=0.06)
    assert (expected.at(np.full(n, -1)) == 0).all()


def test_what_is_expected_of_a_fold_does_not_hang_on_it():
    rng = np.random.default_rng(8)
    x, fold = rng.standard_normal((300, 3)), np.arange(300) % 3
    y, weight = x[:, 0] + rng.standard_normal(300), np.ones(300)
    before = cross_fit_mean(x, y, weight, fold)
    moved = np.where(fold == 1, y + 50, y)
    after = cross_fit_mean(x, moved, weight, fold)
    assert after[fold == 1] == pytest.approx(before[fold == 1])
    assert (after[fold != 1] > before[fold != 1] + 10).all()


def test_weights_are_units_and_nobody_without_one_is_expected_anything():
    x, fold = np.ones((60, 1)) * 0, np.arange(60) % 2
    weight = np.tile([0.0, 1.0, 3.0], 20)
    found = cross_fit_mean(x, 0.5 * weight, weight, fold)
    assert found == pytest.approx(0.5 * weight, rel=1e-9)


def test_the_case_mix_holds_no_office_and_takes_what_is_missing():
    n = 60
    episodes = pd.DataFrame(
        {
            "episode_key": [f"e{i}" for i in range(n)],
            "age_band": np.tile(["18-24", "25-34", None], 20),
            "casework_type": ["other"] * 57 + ["land_theft"] * 3,
            "intake_quarter": np.tile(["2025Q4", "2026Q1"], 30),
            "office_id": np.tile(["F1", "F2"], 30),
        }
    )
    baseline = pd.DataFrame({"episode_key": episodes["episode_key"][:40], **dict.fromkeys("abcdef", 2.0)})
    baseline.columns = ["episode_key", "saf", "leg", "men", "eco", "soc", "phy"]
    baseline.loc[:19, "saf"] = 3.0
    x = case_mix(episodes, baseline)
    assert x.shape == (n, 6)  # saf, no form, two age bands, the rare type, one year: what does not vary is left out
    assert x.mean(axis=0) == pytest.approx(0, abs=1e-12)
    other_offices = episodes.assign(office_id="F9", partner_id="P9", outcome="restored")
    assert (case_mix(other_offices, baseline) == x).all()
