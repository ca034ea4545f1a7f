"""Cox regression and the test of proportional hazards against R, on public data of lifelines.

Recipe: R 4.2.2, survival: fit <- coxph(Surv(week, arrest) ~ ., data = Rossi); cox.zph(fit, transform = "km"). The default of
coxph is Efron. veteran: coxph(Surv(time, status) ~ trt + celltype + karno ...), its values in docs/validation.md.
"""

import lifelines.datasets as data
import numpy as np
import pytest

from ml.duration.proportional import cox, proportional

NAMES = ["fin", "age", "race", "wexp", "mar", "paro", "prio"]


@pytest.fixture(scope="module")
def rossi():
    frame = data.load_rossi()
    given = np.full(len(frame), -np.inf), frame["week"], frame["arrest"], frame[NAMES].to_numpy(float)
    return given, cox(*given)


def test_rossi_cox_equals_r_to_1e_8(rossi):
    fitted = rossi[1]
    expected = [-0.379422166, -0.057437743, 0.313899788, -0.149795698, -0.433703878, -0.084871083, 0.091497081]
    assert fitted.converged
    assert fitted.beta == pytest.approx(expected, abs=1e-8)
    assert fitted.loglik == pytest.approx(-658.7476594, abs=1e-7)
    error = np.sqrt(np.diag(np.linalg.inv(fitted.information)))
    assert error[[0, 6]] == pytest.approx([0.191379481, 0.028648550], abs=1e-8)


def test_rossi_without_covariates_is_the_null_likelihood_of_r(rossi):
    entry, time, event, x = rossi[0]
    assert cox(entry, time, event, 0 * x[:, :1]).loglik == pytest.approx(-675.3806323, abs=1e-7)


def test_rossi_proportional_hazards_equal_cox_zph(rossi):
    found = proportional(*rossi[0], rossi[1].beta)
    each, p = dict(zip(NAMES, found.each, strict=True)), dict(zip(NAMES, found.each_p, strict=True))
    assert (each["age"], p["age"]) == pytest.approx((5.973982, 0.01451846), abs=1e-6)
    assert (each["wexp"], p["wexp"]) == pytest.approx((4.224596, 0.03984211), abs=1e-6)
    assert (found.all, found.all_p) == pytest.approx((17.69441525, 0.01342751), abs=1e-8)


def test_start_stop_cox_equals_r():
    """coxph(Surv(start, stop, event) ~ age + year + surgery + transplant, data = stanford heart transplants)."""
    frame = data.load_stanford_heart_transplants()
    fitted = cox(
        frame["start"], frame["stop"], frame["event"], frame[["age", "year", "surgery", "transplant"]].to_numpy(float)
    )
    assert fitted.beta == pytest.approx([0.027166641, -0.146346346, -0.637209890, -0.010250772], abs=1e-8)
    assert fitted.loglik == pytest.approx(-290.5656162, abs=1e-7)
