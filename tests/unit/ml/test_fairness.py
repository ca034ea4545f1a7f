"""The audit: what is off is found, what is right is left alone, and a small group is never said to pass."""

import numpy as np
import pandas as pd
import pytest

from ml import resampling
from ml.risk import fairness
from ml.risk.labels import Labels
from ml.risk.model import probability

N = 2500


def audited(seed, *, off=0.0, n=N):
    """An audit of a model that is right but for the group b of sex, off by log odds `off`; 40 % of outcomes are not known."""
    rng = np.random.default_rng(seed)
    groups = pd.DataFrame(
        {
            "sex": rng.choice(["a", "b"], n, p=[0.75, 0.25]),
            "age_band": rng.choice(["c", "d", "e"], n),
            "office_id": rng.choice(["F1", "F2", "F3", "F4"], n),
        }
    )
    linear = rng.normal(-0.3, 0.8, n)
    truth = probability(linear + off * (groups["sex"] == "b").to_numpy())
    event = (rng.random(n) < truth).astype(float)
    seen = rng.random(n) < np.where(event > 0, 0.5, 0.7)
    weight = np.where(seen, np.where(event > 0, 2.0, 1 / 0.7), 0.0)
    times = resampling.multiplicity(resampling.rng(seed, "t"), n, 60)
    cut = float(np.quantile(probability(linear), 0.8))
    return fairness.audit(linear, Labels(weight * (1 - event), weight * event, {}), np.arange(n), times, groups, cut)


def test_a_group_that_is_off_is_named():
    failed = [fairness.failures(audited(seed, off=0.8)) for seed in range(5)]
    assert all("calibration_in_the_large of sex b" in names for names in failed)


def test_a_model_that_is_right_passes():
    assert [fairness.failures(audited(seed)) for seed in range(5)] == [[]] * 5


@pytest.mark.parametrize(("n", "positive"), [(29, 15), (60, 9), (60, 55)])
def test_a_small_group_reads_insufficient_and_has_no_number(n, positive):
    event = (np.arange(n) < positive).astype(float)
    times = resampling.multiplicity(resampling.rng(1, "t"), n, 40)
    groups = pd.DataFrame({"sex": ["female"] * n})
    table = fairness.audit(np.zeros(n), Labels(1 - event, event, {}), np.arange(n), times, groups, 0.5)
    assert set(table["status"]) == {"insufficient"}
    assert table["estimate"].isna().all()
    assert (table["n"].iloc[0], table["n_positive"].iloc[0]) == (n, positive)


def test_people_of_unknown_outcome_are_in_no_group():
    table = audited(1)
    assert table.groupby("group_kind")["n"].apply(lambda n: n.sum() / 4).nunique() == 1
    assert table["n"].max() < N * 0.8


def test_holm_rejects_in_order_and_skips_what_is_not_tested():
    assert fairness._holm(np.array([0.001, 0.02, np.nan, 0.03, 0.9])).tolist() == [True, False, False, False, False]
    assert fairness._holm(np.array([0.01, 0.02, 0.03])).tolist() == [True, True, True]
    assert fairness._holm(np.array([np.nan])).tolist() == [False]
