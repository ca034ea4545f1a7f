"""Medians, restricted means and follow-up against R, on public data.

Recipe: R 4.2.2, survival: print(survfit(Surv(week, arrest) ~ 1, data = Rossi), rmean = 52); survfit(Surv(time, status) ~ 1, lung), its
limits of conf.type "log" (the default); survfit(Surv(time, cens == 0) ~ 1, GBSG2) is the reverse curve. veteran.csv: the Veterans'
Administration lung cancer trial, 137 rows (Kalbfleisch and Prentice 1980), print(survfit(Surv(time, status) ~ trt), rmean = 180).
"""

from pathlib import Path

import lifelines.datasets as data
import numpy as np
import pandas as pd
import pytest

from ml.duration.kaplan_meier import follow_up, median, restricted_mean
from ml.duration.proportional import cox, proportional


def start(frame):
    return np.full(len(frame), -np.inf)


@pytest.fixture(scope="module")
def veteran():
    return pd.read_csv(Path(__file__).with_name("veteran.csv"))


def test_rossi_restricted_mean_equals_r():
    rossi = data.load_rossi()
    found = restricted_mean(start(rossi), rossi["week"], rossi["arrest"], within=52)
    assert (found.estimate, found.error) == pytest.approx((45.8541667, 0.6085094), abs=1e-7)


@pytest.mark.parametrize(
    ("treatment", "expected"), [("standard", (95.37446574, 7.947994)), ("test", (81.61432143, 7.915397))]
)
def test_veteran_restricted_means_equal_r(veteran, treatment, expected):
    arm = veteran[veteran["treatment"] == treatment]
    found = restricted_mean(start(arm), arm["days"], arm["is_dead"], within=180)
    assert (found.estimate, found.error) == pytest.approx(expected, abs=1e-6)


def test_veteran_cox_and_its_proportional_hazards_equal_r(veteran):
    """coxph(Surv(time, status) ~ trt + celltype + karno + diagtime + age + prior), adeno the reference; cox.zph by km."""
    names = ["karnofsky", "months_from_diagnosis", "age", "has_prior_therapy"]
    cells = {name: veteran["cell_type"] == name for name in ("large", "smallcell", "squamous")}
    x = veteran[names].assign(**cells, treatment=veteran["treatment"] == "test").astype(float)
    given = start(veteran), veteran["days"], veteran["is_dead"], x.to_numpy()
    fitted = cox(*given)
    beta = dict(zip(x, fitted.beta, strict=True))
    assert (beta["karnofsky"], beta["squamous"]) == pytest.approx((-0.032815326, -1.196066374), abs=1e-8)
    each = dict(zip(x, proportional(*given, fitted.beta).each, strict=True))
    assert each["karnofsky"] == pytest.approx(12.935198, abs=1e-6)


def test_lung_median_and_its_limits_equal_r():
    lung = data.load_lung()
    found = median(start(lung), lung["time"], lung["status"])
    assert (found.estimate, found.lower, found.upper) == (310, 285, 363)


def test_gbsg2_follow_up_equals_r():
    frame = data.load_gbsg2()
    found = follow_up(start(frame), frame["time"], frame["cens"])
    assert (found.estimate, found.lower, found.upper) == (1645, 1570, 1717)


def test_a_curve_that_does_not_come_to_a_half_has_no_median():
    found = median(np.full(10, -np.inf), np.arange(1, 11), np.arange(10) < 3)
    assert (found.estimate, found.upper) == (None, None)


def test_a_mean_of_nothing_that_happens_is_the_whole_time():
    found = restricted_mean(np.full(5, -np.inf), np.full(5, 100), np.zeros(5), within=36)
    assert (found.estimate, found.error) == (36, 0)
