"""The five questions: what is answered, what is called unknowable, what is refused."""

import re

import numpy as np
import pandas as pd
import pytest

from ml.contracts import OPTIMAL_TIME, require
from ml.duration import optimal_time, panel
from ml.duration.curves import durations
from ml.duration.optimal_time import Asked, answers, marginal_gain, nobody, plateau, restricted_mean
from ml.duration.panel import Curves
from tests.simulation.programme import Programme

MONTH = 30.4375


def constant(restored, leaves, error=0.01):
    """Curves by month of constant hazards a month, whose three log hazards have independent errors."""
    days = np.round(np.arange(61) * MONTH).astype(int)
    rates = np.tile(np.array([restored, leaves / 2, leaves / 2]) / MONTH, (days[-1] + 1, 1))
    rates[0] = 0
    return panel.occupied(rates, [np.ones((len(rates), 1))] * 3).on(days), error**2 * np.eye(3)


def asked(curves, covariance, *, n=5000, n_restored=2000, at_risk=500, stratum="overall"):
    return Asked(stratum, "all", n, n_restored, curves, covariance, np.full(61, at_risk))


def generator():
    return np.random.default_rng(1)


def test_the_plateau_of_constant_hazards_is_in_closed_form():
    curves, covariance = constant(0.10, 0.01)
    found = plateau(curves, covariance, 5000, generator())
    # share * (exp(-.11 t) - exp(-.11 * 36)) = .05
    closed = -np.log(0.05 * 0.11 / 0.10 + np.exp(-0.11 * 36)) / 0.11
    assert found.estimate_months == pytest.approx(closed, abs=0.1)
    assert found.lower_months < found.estimate_months < found.upper_months
    months = [int(month) for month in found.set_months.split(",")]
    assert months[0] <= found.lower_months
    assert months[-1] >= found.upper_months


def test_a_curve_that_still_rises_has_no_plateau():
    found = plateau(*constant(0.02, 0.005), 5000, generator())
    assert (found.status, found.estimate_months) == ("not_identifiable", None)
    assert "no number of stays" in found.reason
    assert plateau(*constant(0.001, 0.1), 5000, generator()).status == "not_identifiable"


def test_a_plateau_too_uncertain_to_name_says_how_many_stays_it_needs():
    curves, covariance = constant(0.06, 0.01, error=0.5)
    found = plateau(curves, covariance, 300, generator())
    assert found.status == "not_identifiable"
    assert "needs about" in found.reason
    assert plateau(curves, covariance / 100, 30_000, generator()).status == "estimated"


def test_with_a_constant_hazard_every_month_is_as_good_as_the_best():
    found = marginal_gain(*constant(0.03, 0.01), 5000, generator())
    assert found.set_months == ",".join(str(month) for month in range(34))
    assert found.status == "not_identifiable"
    assert "no month can be told from any other" in found.reason


def test_where_hardly_anybody_is_restored_no_month_is_named():
    """A hazard that halves, so that months differ, yet never brings 3 in 100 in three months."""
    curves, covariance = falling(0.001, scale=0.1)
    found = marginal_gain(curves, covariance, 50_000, generator())
    assert (found.status, found.estimate_months) == ("not_identifiable", None)
    assert "in no month" in found.reason


def test_a_gain_that_does_not_end_in_time_says_so():
    found = marginal_gain(*falling(0.02, scale=4.0), 5000, generator())
    assert found.status == "not_identifiable"
    assert "more than 3% may be restored" in found.reason


def falling(error, scale=1.0):
    """A hazard that halves every six months after the first year."""
    days = np.round(np.arange(61) * MONTH).astype(int)
    rate = 0.06 * scale * 0.5 ** (np.maximum(np.arange(days[-1] + 1) / MONTH - 12, 0) / 6)
    rates = np.column_stack([rate, np.full(len(rate), 0.005), np.full(len(rate), 0.005)]) / MONTH
    rates[0] = 0
    return panel.occupied(rates, [np.ones((len(rates), 1))] * 3).on(days), error**2 * np.eye(3)


def test_the_gain_falls_under_the_floor_where_it_does():
    found = marginal_gain(*falling(0.05), 5000, generator())
    assert found.status == "estimated"
    assert found.lower_months <= found.estimate_months <= found.upper_months
    # .06 a month halves until three months bring 3 in 100: after about 12 + 6 * log2(.18 / .03) - 1.5 months
    assert found.estimate_months == pytest.approx(26, abs=1.5)
    assert set(found.set_months.split(",")).isdisjoint({"20", "26", "33"})
    assert "0" in found.set_months.split(",")


def test_the_restricted_mean_is_the_area():
    curves, covariance = constant(0.10, 0.02)
    found = restricted_mean(curves, covariance, 5000, generator())
    area = 0.10 / 0.12 * (36 - (1 - np.exp(-0.12 * 36)) / 0.12)
    assert found.estimate_months == pytest.approx(area, abs=0.02)
    assert found.lower_months < area < found.upper_months


def test_what_is_refused_and_what_it_needs():
    curves, covariance = constant(0.05, 0.01)
    few = asked(curves, covariance, n=400, n_restored=20)
    short = asked(curves, covariance, at_risk=5)
    nowhere = nobody("overall", "all", 12)
    for one, status, words in (
        (few, "refused", "about 1,000 stays"),
        (short, "not_identifiable", "about 11,000 stays"),
        (nowhere, "refused", "50 restorations"),
    ):
        table = answers([one], seed=1).set_index("question")
        require(table.reset_index(), OPTIMAL_TIME)
        assert len(table) == 5
        assert table.loc[["cure", "policy_value"], "status"].tolist() == ["refused"] * 2
        assert table.loc["plateau", ["status", "estimate_months"]].tolist() == [
            status,
            pytest.approx(np.nan, nan_ok=True),
        ]
        assert words in table.loc["plateau", "reason"]


def test_strata_are_asked_three_questions_and_the_answer_does_not_depend_on_others():
    curves, covariance = constant(0.10, 0.01)
    one = asked(curves, covariance, stratum="age_band")
    alone = answers([one], seed=1)
    among = answers([asked(curves, covariance), one], seed=1).query("stratum == 'age_band'")
    assert sorted(alone["question"]) == ["marginal_gain", "plateau", "restricted_mean"]
    pd.testing.assert_frame_equal(alone, among.reset_index(drop=True))
    assert (alone["definition_version"] == optimal_time.DEFINITION_VERSION).all()


def test_the_slopes_of_the_gain_equal_differences():
    curves, _ = constant(0.08, 0.02)
    gain, slope = optimal_time._gain(curves)
    step = 1e-6
    moved = Curves(curves.estimate + step * curves.slope[:, :, 0], curves.slope)
    assert slope[:, 0] == pytest.approx((optimal_time._gain(moved)[0] - gain) / step, abs=1e-5)


def test_a_programme_from_end_to_end_has_no_hole():
    frame, unrestored = Programme().draw(np.random.default_rng(2), 1500)
    found = durations(frame, seed=1, draws=5, unrestored=unrestored)
    require(found.optimal_time, OPTIMAL_TIME)
    overall = found.optimal_time.query("stratum == 'overall'").set_index("question")
    assert set(overall.index) == {"plateau", "marginal_gain", "cure", "restricted_mean", "policy_value"}
    told = overall.query("status == 'estimated'")
    assert told[["estimate_months", "lower_months", "upper_months"]].notna().all(axis=None)
    assert (told["lower_months"] <= told["estimate_months"]).all()
    assert found.optimal_time["reason"].notna().all()
    assert set(found.optimal_time["stratum"]) >= {"overall", "office_id"}


def test_nobody_at_all_is_asked_and_refused():
    frame, unrestored = Programme().draw(np.random.default_rng(2), 20)
    empty = durations(frame[:0], seed=1, unrestored=unrestored[:0])
    assert empty.curve.empty
    assert set(empty.optimal_time["status"]) == {"refused"}


NAMES_ONE = re.compile(r"\b(best|optimal|ideal|right|recommended)\b", re.IGNORECASE)


@pytest.mark.parametrize("monthly", [0.003, 0.01, 0.03, 0.06, 0.10])
@pytest.mark.parametrize("error", [0.02, 0.1, 0.3])
def test_where_every_month_is_alike_no_text_names_one(monthly, error):
    """The null effect: a constant hazard, however high and however well known."""
    table = answers([asked(*constant(monthly, 0.01, error=error))], seed=1)
    gain = table.set_index("question").loc["marginal_gain"]
    assert (gain["status"], gain["estimate_months"]) == ("not_identifiable", pytest.approx(np.nan, nan_ok=True))
    assert gain["set_months"] == ",".join(str(month) for month in range(34))
    assert not [text for text in table["reason"] if NAMES_ONE.search(text)]
    assert not [months for months in table["set_months"].dropna() if "," not in months]


def test_no_reason_of_any_answer_calls_a_month_the_best():
    for curves, covariance in (falling(0.05), falling(0.3), falling(0.001, 0.1), constant(0.06, 0.01, error=0.5)):
        table = answers([asked(curves, covariance)], seed=1)
        assert not [text for text in table["reason"] if NAMES_ONE.search(text)]
        assert table["reason"].str.len().min() > 20
