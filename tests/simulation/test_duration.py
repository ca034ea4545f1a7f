"""Curves against a known truth.

Aim: bias of the NPMLE and of the detection-date curve under interval censoring, and coverage of the NPMLE's limits.
Data:
`programme`. Target: P(restored by day t). Measures: mean error with its Monte Carlo error, share of limits that hold
it. Bounds come from the design of the estimators (bias 0.015); seeds are fixed.
"""

import numpy as np
import pandas as pd
import pytest

from ml.duration import beside, npmle
from ml.duration.observed import observed

DAYS = np.array([183, 365, 548, 730, 913])  # month ends of the grid
SHAPE, SCALE = 1.3, 700.0
TRUTH = 1 - np.exp(-((DAYS / SCALE) ** SHAPE))
SETS, PEOPLE = 60, 400


def programme(rng, n, *, gap=180, lost_mean=2500.0):
    """Weibull restoration, an assessment every `gap` days or so from day 0, exponential loss, three years."""
    restored, lost = SCALE * rng.weibull(SHAPE, n), np.ceil(rng.exponential(lost_mean, n))
    end = np.minimum(lost, 1096)
    visits = np.cumsum(np.column_stack([np.zeros(n), rng.integers(gap - 30, gap + 31, (n, 16))]), axis=1)
    shown = visits <= end[:, None]
    after = visits >= restored[:, None]
    right = np.where(shown & after, visits, np.inf).min(axis=1)
    left = np.where(shown & ~after, visits, -np.inf).max(axis=1)
    is_seen, gone = np.isfinite(right), lost <= 1096
    return pd.DataFrame(
        {
            "episode_key": [f"e{i:05d}" for i in range(n)],
            "survivor_key": [f"s{i:05d}" for i in range(n)],
            "household_key": None,
            "operation_key": None,
            "office_id": None,
            "casework_type": None,
            "age_band": None,
            "entry_day": 0,
            "exit_day": np.where(gone, lost, np.nan),
            "as_of_day": 1096,
            "restored_left_day": left,
            "restored_right_day": np.where(is_seen, right, np.nan),
            "event": np.where(is_seen, 1, np.where(gone, 2, 0)),
            "outcome": np.where(gone, "lost_contact", "open"),
        }
    )


def restored_by(curve, frame, draws):
    """Rows of one of the two curves for restored, by day."""
    rows = curve(observed(frame), np.arange(len(frame)), np.random.default_rng(1), draws)
    return rows[rows["state"] == "restored"].set_index("day").reindex(DAYS)


@pytest.fixture(scope="module")
def estimates():
    """(sets, days): the NPMLE, and the detection-date curve where nobody is lost: one truth for both."""
    rng = np.random.default_rng(20261122)
    by_npmle, by_date = [], []
    for _ in range(SETS):
        for kept, lost_mean, curve in ((by_npmle, 2500.0, beside.model_free), (by_date, 1e9, beside.detection_date)):
            kept.append(restored_by(curve, programme(rng, PEOPLE, lost_mean=lost_mean), 1)["estimate"].to_numpy())
    return np.array(by_npmle), np.array(by_date)


def test_the_npmle_recovers_the_truth_under_interval_censoring(estimates):
    bias = estimates[0].mean(axis=0) - TRUTH
    error = estimates[0].std(axis=0) / np.sqrt(SETS)
    assert (np.abs(bias) <= 0.015 + 2 * error).all(), f"bias {bias.round(4)}, Monte Carlo error {error.round(4)}"


def test_the_detection_date_runs_late(estimates):
    bias = estimates[1].mean(axis=0) - TRUTH
    error = estimates[1].std(axis=0) / np.sqrt(SETS)
    assert (bias < -0.04).all(), f"bias {bias.round(4)}, Monte Carlo error {error.round(4)}"


def test_intervals_of_the_npmle_cover_the_truth():
    """50 data sets of 400, 60 draws: a percentile interval of an NPMLE is not exact; it must not be far off."""
    rng = np.random.default_rng(7)
    hits = []
    for _ in range(50):
        rows = restored_by(beside.model_free, programme(rng, PEOPLE), 60)
        hits.append((rows["lower"] <= TRUTH) & (rows["upper"] >= TRUTH))
    coverage = np.mean(hits, axis=0)
    assert (coverage >= 0.84).all(), f"coverage {coverage}"


def test_the_npmle_nears_the_truth_as_people_are_added():
    rng = np.random.default_rng(3)
    gaps = []
    for n in (200, 20_000):
        frame = programme(rng, n)
        fitted = npmle.fit(frame["restored_left_day"], frame["restored_right_day"].fillna(np.inf))
        gaps.append(np.abs(1 - fitted.survival_at(DAYS, "linear") - TRUTH).max())
    assert gaps[1] < min(0.02, gaps[0])
