"""Whole comparisons on a made-up programme: who is compared, who is not and why, and what partners are told."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from ml.contracts import InputError
from ml.offices import compare
from ml.offices.contract import OFFICE, PARTNER, TRAINING_NEED
from ml.offices.definition import DOMAINS, MEASURES, PHRASES
from ml.offices.timing import not_comparable
from ml.offices.training import held, needs
from tests.simulation.many_offices import Offices

AS_OF = date(2026, 11, 1)
# F000 slow, F001 assesses hardly anybody, F002 too small, the rest alike
WORLD = Offices(
    sizes=(300, 160, 9, 200, 200, 200), pace=(0.4, 1, 1, 1, 1, 1), late=(0,) * 6, missed=(0.1, 0.8, 0.1, 0.1, 0.2, 0.2)
)


@pytest.fixture(scope="module")
def frames():
    """The frames; partner P003 is far below in one domain, P004 slow to a first service."""
    episodes, unrestored, baseline, change, recording = WORLD.draw(np.random.default_rng(12))
    partner = dict(zip(episodes["episode_key"], episodes["partner_id"], strict=True))
    of = change["episode_key"].map(partner)
    change.loc[(of == "P003") & (change["domain_code"] == "MEN"), "delta"] -= 0.5
    recording.loc[episodes["partner_id"].to_numpy() == "P004", "first_service_day"] += 30
    return episodes, unrestored, baseline, change, recording


@pytest.fixture(scope="module")
def whole(frames):
    return compare.programme(*frames, seed=3)


@pytest.fixture(scope="module")
def offices(whole):
    return compare.rows(whole, compare.unit(whole, "office_id", ["F999"]), "office_id").set_index(
        ["office_id", "measure"]
    )


def test_every_office_has_a_row_for_every_measure_and_a_reason(offices):
    rows = offices.reset_index()
    assert list(rows) == list(OFFICE)
    assert len(rows) == 7 * len(MEASURES)
    assert rows["reason"].isin(PHRASES.values()).all()
    assert rows.loc[rows["status"] != "estimated", "ratio"].isna().all()
    assert rows.loc[rows["status"] == "estimated", ["ratio", "shrunken", "limit_low_998"]].notna().all(axis=None)


def test_the_slow_office_is_found_and_the_others_are_not(offices):
    row = offices.loc[("F000", "restored_24m")]
    assert row["status"] == "estimated"
    assert row["upper"] < 0.8
    assert row["ratio"] < row["shrunken"] < 1
    assert row["reason"] in (PHRASES["signal"], PHRASES["persistent"], PHRASES["watch"])
    assert (offices.loc[[(f"F00{i}", "restored_24m") for i in (3, 4, 5)], "reason"] != PHRASES["signal"]).all()


def test_an_office_that_hardly_assesses_is_not_compared_in_what_is_seen_at_assessments(offices):
    for measure in MEASURES:
        row = offices.loc[("F001", measure)]
        if measure == "restored_24m" or measure.startswith("gain_"):
            assert (row["status"], row["reason"]) == ("refused", PHRASES["made"])
            assert row["n"] > 0
        else:
            assert row["status"] == "estimated"
    assert offices.loc[("F001", "aso_completeness"), "ratio"] < 0.7


def test_a_small_or_empty_office_is_insufficient(offices):
    assert set(offices.loc["F002", "status"]) <= {"insufficient", "refused"}
    assert (offices.loc["F999", "n"] == 0).all()


def test_the_same_frames_give_the_same_rows_in_any_order(frames, whole):
    episodes, unrestored, baseline, change, recording = frames
    mixed = np.random.default_rng(1).permutation(len(episodes))
    again = compare.programme(
        episodes.iloc[mixed].reset_index(drop=True), unrestored, baseline, change, recording, seed=3
    )
    first, second = (compare.rows(one, compare.unit(one, "office_id", []), "office_id") for one in (whole, again))
    pd.testing.assert_frame_equal(first, second, rtol=1e-6)


def test_nothing_is_expected_of_an_office_by_its_name(frames, whole):
    """Offices given other names: the expected values of their people are the same."""
    episodes, *others = frames
    renamed = compare.programme(episodes.assign(office_id="one", partner_id="two"), *others, seed=3)
    for name, measure in whole.measures.items():
        other = renamed.measures[name]
        for key, values in vars(measure).items():
            assert vars(other)[key] == pytest.approx(values), (name, key)


def test_too_few_people_in_all_is_a_refusal_not_a_failure(frames):
    episodes = frames[0].head(12)
    few = compare.programme(episodes, *frames[1:], seed=1)
    rows = compare.rows(few, compare.unit(few, "partner_id", []), "partner_id")
    assert list(rows) == list(PARTNER)
    assert (rows["status"] == "refused").all()
    assert (rows["reason"] == PHRASES["no_model"]).all()


def test_a_programme_without_anybody_is_refused_too(frames):
    nobody = compare.programme(*(frame.head(0) for frame in frames), seed=1)
    one = compare.unit(nobody, "partner_id", ["P1"])
    assert (compare.rows(nobody, one, "partner_id")["reason"] == PHRASES["no_model"]).all()
    assert (needs(nobody, one, DELIVERY.head(0), held(TRAININGS.head(0), AS_OF))["status"] == "refused").all()


def test_a_measure_that_cannot_be_computed_leaves_the_others(frames, monkeypatch):
    def broken(*_):
        raise np.linalg.LinAlgError("singular")

    monkeypatch.setattr("ml.offices.measures.cross_fit_hazard", broken)
    found = compare.programme(*frames, seed=1)
    assert found.failed == {"restored_24m", "lost_12m"}
    rows = compare.rows(found, compare.unit(found, "office_id", []), "office_id").set_index(["office_id", "measure"])
    assert (rows.xs("lost_12m", level="measure")["reason"] == PHRASES["failed"]).all()
    assert rows.loc[("F003", "gain_saf"), "status"] == "estimated"


def test_a_frame_that_breaks_its_contract_is_named(frames):
    with pytest.raises(InputError, match="column n_due is missing"):
        compare.programme(*frames[:4], frames[4].drop(columns="n_due"), seed=1)
    with pytest.raises(InputError, match="column intake_quarter is missing"):
        compare.programme(frames[0].drop(columns="intake_quarter"), *frames[1:], seed=1)


RECORDED = {"n_due": 50, "n_made": 40, "n_gaps": 50, "gap_days": 50 * 300, "n_entered": 90, "lag_days": 90 * 5}


@pytest.mark.parametrize(
    ("other", "why"),
    [
        ({}, None), ({"n_made": 24}, "made"), ({"n_made": 19, "n_due": 19}, None), ({"gap_days": 50 * 600}, "gap"),
        ({"gap_days": 50 * 160}, "gap"), ({"lag_days": 90 * 61}, "lag"), ({"n_due": 10, "n_made": 0}, None),
    ],
)  # fmt: skip
def test_when_an_office_assesses_too_differently(other, why):
    recording = pd.DataFrame([RECORDED | other, RECORDED, RECORDED])
    assert not_comparable(recording, np.array([0, 1, 2]), 3)[0] == why


DELIVERY = pd.DataFrame(
    {
        "partner_id": ["P000", "P003", "P004", "P005"], "category": "legal", "n_people": [80, 80, 80, 9], "n_clusters": [60, 60, 60, 9],
        "n_planned": [200, 200, 200, 20], "n_delivered": [160, 100, 165, 2], "n_expected": [158.0, 160.0, 161.0, 16.0],
        "squared": [40.0, 40.0, 40.0, 4.0],
    }
)  # fmt: skip
TRAININGS = pd.DataFrame(
    {
        "partner_id": ["P003", "P003", "P004"], "topic": ["MEN", "aso_scoring", "health"], "n_trainings": [2, 1, 1],
        "last_training_quarter": ["2026Q2", "2023Q1", "2024Q1"],
    }
)  # fmt: skip


@pytest.fixture(scope="module")
def told(whole):
    partners = compare.unit(whole, "partner_id", [])
    return needs(whole, partners, DELIVERY, held(TRAININGS, AS_OF))


def test_needs_have_their_columns_and_strengths_come_first(told):
    assert list(told) == list(TRAINING_NEED)
    assert not told.duplicated(["partner_id", "kind", "code", "measure"]).any()
    for _, rows in told.groupby("partner_id"):
        assert rows["section"].is_monotonic_increasing
    assert set(told["reason"]) <= set(PHRASES.values())


def row(told, partner, code, measure):
    return told[(told["partner_id"] == partner) & (told["code"] == code) & (told["measure"] == measure)].iloc[0]


def test_a_partner_below_in_a_domain_is_told_so_beside_its_training(told):
    found = row(told, "P003", "MEN", "gain_men")
    assert (found["status"], found["n_trainings"], found["last_training_quarter"]) == ("below", 2, "2026Q2")
    assert found["probability_below"] >= 0.8
    assert found["reason"] == PHRASES["below_recent"]
    others = told[(told["partner_id"] == "P003") & (told["kind"] == "domain") & (told["code"] != "MEN")]
    assert (others["status"] != "below").all()
    assert len(others) == len(DOMAINS) - 1


def test_slow_to_a_service_and_few_delivered_are_told(told):
    slow = row(told, "P004", "any", "days_to_first_service")
    assert (slow["status"], slow["reason"], slow["n_trainings"]) == ("below", PHRASES["below_trained"], 1)
    few = row(told, "P003", "legal", "planned_delivered")
    assert (few["status"], few["reason"]) == ("below", PHRASES["below"])
    assert few["observed"] == pytest.approx(0.5)
    assert row(told, "P005", "legal", "planned_delivered")["status"] == "insufficient"


def test_a_partner_that_hardly_assesses_is_told_of_its_forms_and_not_of_gains(told):
    assert row(told, "P001", "SAF", "gain_saf")["status"] == "refused"
    assert row(told, "P001", "aso_scoring", "aso_completeness")["status"] == "below"


@pytest.mark.parametrize(("quarter", "recent"), [("2026Q4", True), ("2025Q4", True), ("2025Q3", False), (None, False)])
def test_recent_is_within_four_quarters(quarter, recent):
    assert held(TRAININGS, AS_OF).is_recent(quarter) is recent
