"""AUC and Brier with censoring against R, on data that ship with lifelines.

Recipe: R 4.2.2, survival, riskRegression (`Score` of a `coxph`, Efron ties, in-sample, cumulative/dynamic AUC, marginal Kaplan-Meier of
censoring). R is not needed here: the numbers are frozen. The baseline hazard is Efron's, as in R; that of lifelines is Breslow's.
"""

import lifelines
import numpy as np
import pandas as pd
import pytest
from lifelines.datasets import load_gbsg2, load_rossi

from ml.risk.lost import right_censored, tau
from ml.risk.metrics import auc, squares

ROSSI = {
    20: (0.6444196, 0.0805295, 0.0840192),
    30: (0.6285618, 0.1136818, 0.1195988),
    45: (0.6714353, 0.1590062, 0.1715481),
    51: (0.6655562, 0.1756233, 0.1897934),
}
GBSG2 = {365: (0.765928, 0.074351), 1095: (0.743103, 0.194439), 1825: (0.750207, 0.207321)}


class Fitted:
    """A Cox model of lifelines on all columns, and what it says at a time."""

    def __init__(self, frame, time, event):
        self.frame, self.cox = frame, lifelines.CoxPHFitter().fit(frame, time, event)
        self.time, self.state = frame[time].to_numpy(dtype=float), frame[event].to_numpy(dtype=int)
        self.linear = self.cox.predict_log_partial_hazard(frame).to_numpy()

    def efron(self, horizon):
        """The cumulative baseline hazard: of d people with the event on a day, the k-th meets k / d of them less (Efron 1977)."""
        relative, hazard = np.exp(self.linear), 0.0
        for day in np.unique(self.time[(self.state == 1) & (self.time <= horizon)]):
            at_risk, ended = relative[self.time >= day].sum(), relative[(self.time == day) & (self.state == 1)]
            hazard += (1 / (at_risk - np.arange(len(ended)) / len(ended) * ended.sum())).sum()
        return hazard

    def at(self, horizon):
        labels = right_censored(self.time, self.state, horizon, cap=False)
        risk = self.linear
        p = 1 - np.exp(-self.efron(horizon) * np.exp(risk))
        nobody = np.zeros((0, len(p)))
        return labels, auc(risk, labels, np.arange(len(p)), nobody)[0], squares(p, labels).sum() / labels.total.sum()


@pytest.fixture(scope="module")
def rossi():
    return Fitted(load_rossi(), "week", "arrest")


@pytest.fixture(scope="module")
def gbsg2():
    frame = pd.get_dummies(load_gbsg2(), columns=["horTh", "menostat", "tgrade"], drop_first=True, dtype=float)
    return Fitted(frame, "time", "cens")


@pytest.mark.parametrize("week", ROSSI)
def test_rossi_equals_r(rossi, week):
    labels, found, brier = rossi.at(week)
    assert found == pytest.approx(ROSSI[week][0], abs=1e-6)
    assert brier == pytest.approx(ROSSI[week][1], abs=1e-6)
    share = 1 - lifelines.KaplanMeierFitter().fit(rossi.time, rossi.state).survival_function_at_times(week).iloc[0]
    null = squares(np.full(len(rossi.time), share), labels).sum() / labels.total.sum()
    assert null == pytest.approx(ROSSI[week][2], abs=1e-6)


@pytest.mark.parametrize("day", GBSG2)
def test_gbsg2_equals_r(gbsg2, day):
    _, found, brier = gbsg2.at(day)
    assert found == pytest.approx(GBSG2[day][0], abs=1e-6)
    assert brier == pytest.approx(GBSG2[day][1], abs=1e-6)


def test_weights_of_kaplan_meier_stand_for_everyone(rossi):
    labels, _, _ = rossi.at(30)
    assert labels.total.sum() == pytest.approx(len(rossi.time), abs=1e-6)


def test_where_nobody_is_followed_the_horizon_is_cut_and_no_epsilon_is_used(rossi):
    assert tau(rossi.time, rossi.state, 51) == 51
    assert 45 < tau(rossi.time, rossi.state, 52) < 52  # everyone left is censored at 52
    assert 45 < tau(rossi.time, rossi.state, 60) < 52
