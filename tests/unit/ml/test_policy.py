"""The feature policy is a gate: what it does not name, or names as forbidden, no model sees."""

import csv
from pathlib import Path

import numpy as np
import pytest

from ml.risk import policy
from ml.risk.features import Layout
from ml.risk.fitting import LADDER

SEED = Path(__file__).parents[3] / "dbt_project" / "seeds" / "codes" / "indicators.csv"


@pytest.mark.parametrize("instrument", ["aso", "hmis"])
def test_the_features_of_every_rung_and_instrument_have_a_reason(instrument):
    with SEED.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["instrument"] == instrument]
    items = Layout(tuple(row["indicator_code"] for row in rows), tuple(row["domain_code"] for row in rows))
    for rung in LADDER:
        policy.refuse(items.rung(rung.name), rung.name)
    assert all(one.reason and one.known and one.source for one in policy.ALLOWED)


@pytest.mark.parametrize(
    "leak",
    [
        *("exit_reason", "score:exit_reason", "outcome", "closure_code", "restored_right_day", "as_of_day"),
        *("partner_id", "office_id", "survivor_key", "gender", "sex:female", "nationality", "language_group"),
        *("age_at_intake", "birth_year", "ever_in_shelter", "score:ever_lost", "prior_case", "credibility"),
        *("n_sessions_before", "services_count", "total_stay_days"),
    ],
)
@pytest.mark.fault("F70")
def test_a_planted_leak_is_refused(leak):
    with pytest.raises(policy.FeaturePolicyError, match="feature policy refuses"):
        policy.refuse(["score:MEN1", leak], "indicators")


def test_what_the_contract_does_not_name_is_refused():
    with pytest.raises(policy.FeaturePolicyError, match="gives a reason"):
        policy.refuse(["weather:monsoon"], "indicators")


def test_age_goes_with_the_total_alone():
    policy.refuse(["total", "age:18-24"], "total_age")
    for rung in ("domains", "indicators", "boosting"):
        with pytest.raises(policy.FeaturePolicyError, match=f"not allowed on the rung {rung}"):
            policy.refuse(["age:18-24"], rung)


def test_a_feature_of_a_later_day_is_refused():
    policy.refuse_late(np.array([-3.0, 10.0]), np.array([0.0, 10.0]))
    with pytest.raises(policy.FeaturePolicyError, match="1 rows: a feature is dated after time zero"):
        policy.refuse_late(np.array([0.0, 11.0]), np.array([0.0, 10.0]))
    with pytest.raises(policy.FeaturePolicyError, match="1 rows"):
        policy.refuse_late(np.array([np.nan]), np.array([0.0]))


@pytest.mark.fault("F70")
def test_a_leak_in_the_items_stops_the_training(programme, monkeypatch):
    from datetime import date

    from ml.risk.train import train

    episodes, snapshots, scores = programme(300)
    leaking = scores.assign(indicator_code=scores["indicator_code"].replace({"SAF3": "EXIT_REASON"}))
    with pytest.raises(policy.FeaturePolicyError, match="EXIT_REASON: known only after time zero"):
        train(episodes, snapshots, leaking, as_of=date(2026, 6, 30), seed=1)
