"""What of lifelines may be used, since it equals R, and what not, with the reason.

Recipe: R 4.2.2, package survival: coxph (Efron), survreg(dist = "weibull"), survfit, survdiff; on lifelines.datasets. The import
rule is in tests/architecture.
"""

import warnings

import lifelines
import lifelines.datasets as data
import numpy as np
import pandas as pd
import pytest
from lifelines.exceptions import ConvergenceError
from lifelines.statistics import logrank_test, proportional_hazard_test
from lifelines.utils import median_survival_times

from ml.duration import aalen_johansen, hazard, npmle
from ml.duration.hazard import NEVER, Cells

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")


def test_rossi_cox_equals_r():
    fitted = lifelines.CoxPHFitter().fit(data.load_rossi(), "week", "arrest")
    expected = {
        "fin": -0.379422166, "age": -0.057437743, "race": 0.313899788, "wexp": -0.149795698, "mar": -0.433703878,
        "paro": -0.084871083, "prio": 0.091497081,
    }  # fmt: skip
    assert fitted.params_.to_dict() == pytest.approx(expected, abs=1e-5)
    assert fitted.standard_errors_[["fin", "prio"]].to_list() == pytest.approx([0.191379481, 0.028648550], abs=1e-6)
    assert fitted.log_likelihood_ == pytest.approx(-658.7476594, abs=1e-6)
    assert fitted.concordance_index_ == pytest.approx(0.6403292, abs=1e-6)


def test_rossi_weibull_aft_equals_r():
    fitted = lifelines.WeibullAFTFitter().fit(data.load_rossi(), "week", "arrest")
    assert fitted.params_["lambda_"]["fin"] == pytest.approx(0.272163360, abs=1e-4)
    assert -fitted.params_["rho_"]["Intercept"] == pytest.approx(-0.339108241, abs=1e-4)
    assert fitted.log_likelihood_ == pytest.approx(-679.9165639, abs=1e-4)


def test_gbsg2_cox_equals_r():
    frame = pd.get_dummies(data.load_gbsg2(), columns=["horTh", "menostat", "tgrade"], dtype=float)
    frame = frame.drop(columns=["horTh_no", "menostat_Pre", "tgrade_I"])
    model = lifelines.CoxPHFitter().fit(frame, "time", "cens")
    assert model.concordance_index_ == pytest.approx(0.691851028, abs=1e-6)
    fitted = model.params_
    assert fitted["horTh_yes"] == pytest.approx(-0.346278428, abs=1e-5)
    assert fitted["pnodes"] == pytest.approx(0.048788600, abs=1e-5)
    assert fitted["tgrade_III"] == pytest.approx(0.779654243, abs=1e-5)


def test_lung_kaplan_meier_with_log_log_limits_equals_r():
    lung = data.load_lung()
    fitted = lifelines.KaplanMeierFitter().fit(lung["time"], lung["status"])
    assert fitted.median_survival_time_ == 310
    assert fitted.predict([180, 365]).to_list() == pytest.approx([0.721670653, 0.409241625], abs=1e-8)
    limits = fitted.confidence_interval_.loc[:180].iloc[-1].to_list()
    assert limits == pytest.approx([0.658304528, 0.775314691], abs=1e-6)
    assert median_survival_times(fitted.confidence_interval_).iloc[0].to_list() == [284, 361]


def test_late_entry_kaplan_meier_equals_r_on_the_age_scale():
    """psychiatric patients: survfit(Surv(Age, Age + T, C) ~ 1)."""
    people = data.load_psychiatric_patients()
    fitted = lifelines.KaplanMeierFitter().fit(people["Age"] + people["T"], people["C"], entry=people["Age"])
    assert fitted.predict([50, 60, 70]).to_list() == pytest.approx([0.909090909, 0.696305458, 0.290786654], abs=1e-8)


def test_waltons_log_rank_equals_r():
    flies = data.load_waltons()
    control = flies["group"] == "control"
    found = logrank_test(flies["T"][control], flies["T"][~control], flies["E"][control], flies["E"][~control])
    assert found.test_statistic == pytest.approx(122.249, abs=1e-3)


def test_start_stop_cox_equals_r():
    frame = data.load_stanford_heart_transplants().drop(columns="id")
    fitted = lifelines.CoxPHFitter().fit(frame, "stop", "event", entry_col="start", fit_options={"precision": 1e-10})
    expected = {"age": 0.027166641, "year": -0.146346346, "surgery": -0.637209890, "transplant": -0.010250772}
    assert fitted.params_.to_dict() == pytest.approx(expected, abs=1e-5)
    assert fitted.log_likelihood_ == pytest.approx(-290.5656162, abs=1e-5)


def test_diabetes_interval_regression_equals_r():
    frame = data.load_diabetes()
    frame = frame.assign(male=(frame["gender"] == "male").astype(float)).drop(columns="gender")
    fitted = lifelines.WeibullAFTFitter().fit_interval_censoring(frame, "left", "right")
    assert fitted.params_["lambda_"]["male"] == pytest.approx(0.045758296, abs=1e-4)
    assert fitted.log_likelihood_ == pytest.approx(-2027.196333, abs=1e-3)


def test_mice_interval_regression_equals_r():
    mice = data.load_mice()
    frame = pd.DataFrame({"l": mice["l"], "u": mice["u"].astype(float), "ge": (mice["grp"] == "ge") * 1.0})
    fitted = lifelines.WeibullAFTFitter().fit_interval_censoring(frame, "l", "u")
    assert fitted.params_["lambda_"]["ge"] == pytest.approx(-0.387603797, abs=1e-5)
    assert fitted.log_likelihood_ == pytest.approx(-80.32020129, abs=1e-6)


def test_the_panel_hazard_has_the_covariates_of_cox():
    """rossi by days: a smooth baseline instead of none, so equal to a fraction of a standard error (0.02 to 0.38)."""
    rossi = data.load_rossi()
    day = 7 * rossi["week"].to_numpy(dtype=np.int64)
    happened = rossi["arrest"].to_numpy(dtype=bool)
    x = rossi[["fin", "age", "race", "wexp", "mar", "paro", "prio"]].to_numpy(dtype=float)
    left, right = np.where(happened, day - 1, day), np.where(happened, day, NEVER)
    cells = Cells(np.full(len(day), -1), left, right, x)
    fitted = hazard.fit(cells, np.ones(len(day)), hazard.basis_of(cells, 364))
    cox = lifelines.CoxPHFitter().fit(rossi, "week", "arrest")
    assert np.abs((fitted.theta[-7:] - cox.params_) / cox.standard_errors_).max() < 0.1


def test_why_its_aalen_johansen_is_kept_out():
    """It moves ties apart at random: another seed, another curve; ours is exact."""
    time, cause = np.repeat([1.0, 2.0, 3.0], 4), np.tile([1, 2, 1, 0], 3)
    exact = aalen_johansen.fit(np.full(12, -np.inf), time, cause, causes=2).incidence_at([3])[0, 0]
    found = set()
    for seed in range(3):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fitter = lifelines.AalenJohansenFitter(calculate_variance=False, seed=seed)
            fitter.fit(time, cause, event_of_interest=1)
        found.add(round(float(fitter.predict(3)), 6))
    assert len(found) > 1
    assert max(abs(one - exact) for one in found) > 1e-3


def test_why_its_npmle_is_kept_out():
    """diabetes: S(15) is .5424 in R and here; lifelines reads the curve just before the jump."""
    frame = data.load_diabetes()
    theirs = lifelines.KaplanMeierFitter().fit_interval_censoring(frame["left"], frame["right"])
    ours = npmle.fit(frame["left"], frame["right"]).survival_at([15])[0]
    assert ours == pytest.approx(0.542445758, abs=1e-6)
    assert float(theirs.survival_function_.loc[:15].iloc[-1].mean()) - ours > 0.05


def test_why_only_weibull_of_its_interval_regressions_is_used():
    """diabetes: R's survreg gives male .079189870 (log-logistic), .086428442 and -2026.118212 (log-normal)."""
    frame = data.load_diabetes()
    frame = frame.assign(male=(frame["gender"] == "male").astype(float)).drop(columns="gender")
    loglogistic = lifelines.LogLogisticAFTFitter().fit_interval_censoring(frame, "left", "right")
    assert 1e-5 < abs(loglogistic.params_["alpha_"]["male"] - 0.079189870) < 2e-4
    with pytest.raises(ConvergenceError), warnings.catch_warnings(action="ignore"):
        lifelines.LogNormalAFTFitter().fit_interval_censoring(frame, "left", "right")


def test_why_its_test_of_proportional_hazards_is_kept_out():
    """rossi, transform km: cox.zph gives age 5.973982 and wexp 4.224596; ours is in test_proportional.py."""
    rossi = data.load_rossi()
    fitted = lifelines.CoxPHFitter().fit(rossi, "week", "arrest")
    theirs = proportional_hazard_test(fitted, rossi, time_transform="km").summary["test_statistic"]
    assert abs(theirs["age"] - 5.973982) > 0.05 or abs(theirs["wexp"] - 4.224596) > 0.05
