"""AUC and Brier of one of several causes against R: 100 people after a transplant (Pintilie M (2006), Competing Risks, Wiley).

Status 1 is graft versus host disease, 2 relapse, 3 death, 0 none by the last follow-up; times in thousandths of a year. Recipe: R 4.2.2,
riskRegression: `Score` at half a year and a year (marginal Kaplan-Meier of censoring) of `FGR(Hist(time, status) ~ pb + age, cause = 1)`
and of `CSC` with the same right side. The models are made here a second time, so that what is under test is `ml.risk` alone.
"""

from pathlib import Path

import lifelines
import numpy as np
import pandas as pd
import pytest

from ml.risk.lost import COMPETING, EVENT, right_censored
from ml.risk.metrics import auc, squares

people = pd.read_csv(Path(__file__).parent / "cgvhd.csv")
times, status = people["thousandths"].to_numpy(dtype=float), people["status"].to_numpy()
STATE = np.select([status == 1, status > 1], [EVENT, COMPETING], default=0)
X = people[["pb", "age"]].to_numpy(dtype=float)
FINE_GRAY = np.array([0.3136657871, -0.01293877676])  # R's, as published beside these values
HORIZONS = (500, 1000)


def fine_gray(horizon):
    """The incidence of each person: Breslow's baseline, who had another cause stays at risk with the weight of not being censored."""
    relative, hazard = np.exp(X @ FINE_GRAY), 0.0
    for day in np.unique(times[(status == 1) & (times <= horizon)]):
        stays = np.where(status > 1, uncensored(day) / np.array([uncensored(time) for time in times]), 0.0)
        at_risk = np.where(times >= day, 1.0, stays)
        hazard += ((times == day) & (status == 1)).sum() / (at_risk * relative).sum()
    return 1 - np.exp(-hazard * relative)


def uncensored(day):
    """Kaplan-Meier of not being censored before a day."""
    return np.prod(
        [
            1 - ((times == c) & (status == 0)).sum() / (times >= c).sum()
            for c in np.unique(times[status == 0])
            if c < day
        ]
    )


def cause_specific(horizon):
    """The incidence of each person from a Cox model for each cause: Efron's baseline, the product limit of all."""
    jumps = {}
    for cause in (1, 2, 3):
        frame = people[["pb", "age"]].assign(time=times, event=status == cause)
        relative = np.exp(X @ lifelines.CoxPHFitter().fit(frame, "time", "event").params_.to_numpy())
        for day in np.unique(times[(status == cause) & (times <= horizon)]):
            at_risk, ended = relative[times >= day].sum(), relative[(times == day) & (status == cause)]
            base = (1 / (at_risk - np.arange(len(ended)) / len(ended) * ended.sum())).sum()
            jumps.setdefault(day, {})[cause] = base * relative
    survival, incidence = np.ones(len(X)), np.zeros(len(X))
    for _, causes in sorted(jumps.items()):
        incidence += survival * causes.get(1, 0.0)
        survival *= 1 - sum(causes.values())
    return incidence


def share(horizon):
    """The incidence of all (Aalen and Johansen)."""
    survival, incidence = 1.0, 0.0
    for day in np.unique(times[(status > 0) & (times <= horizon)]):
        at_risk = (times >= day).sum()
        incidence += survival * ((times == day) & (status == 1)).sum() / at_risk
        survival *= 1 - ((times == day) & (status > 0)).sum() / at_risk
    return np.full(len(X), incidence)


def measured(p, horizon):
    """AUC and Brier of these probabilities, by the labels of `ml.risk`."""
    labels = right_censored(times, STATE, horizon, cap=False)
    return auc(p, labels, np.arange(len(p)), np.zeros((0, len(p))))[0], squares(p, labels).sum() / labels.total.sum()


@pytest.mark.parametrize(
    ("incidence", "wanted"),
    [
        (fine_gray, [(0.5898957, 0.2102956), (0.6764706, 0.1158904)]),
        (cause_specific, [(0.5903700, 0.2075146), (0.6764706, 0.1145670)]),
        (share, [(0.5, 0.2150801), (0.5, 0.1214162)]),
    ],
)
def test_equals_r(incidence, wanted):
    found = [measured(incidence(horizon), horizon) for horizon in HORIZONS]
    assert np.array(found) == pytest.approx(np.array(wanted), abs=1e-6)
