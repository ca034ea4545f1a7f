"""Aalen-Johansen against R, on public data.

Recipe: R 4.2.2, `survival::survfit(Surv(ftime, factor(status)) ~ 1)` and `cmprsk::cuminc`; with late entry
`survfit(Surv(entry, ftime, factor(status)) ~ 1)`. Data: bmt, 35 patients of Scrucca L, Santucci A, Aversa F (2007),
Bone Marrow Transplant 40:381-387 (status 1 = transplant-related death, 2 = relapse), and multicenter_aids_cohort of
lifelines.
"""

import lifelines.datasets
import numpy as np
import pytest

from ml.duration import aalen_johansen

# fmt: off
BMT_TIME = [
    13, 1, 72, 7, 8, 67, 9, 5, 70, 4, 7, 68, 1, 10, 7, 3, 4, 4, 3, 3, 22, 8, 2, 0, 0, 35, 35, 4, 14, 26, 3, 2, 8, 32,
    12,
]
BMT_STATUS = [
    2, 1, 0, 2, 2, 0, 2, 2, 0, 0, 0, 0, 2, 2, 2, 1, 1, 1, 1, 1, 2, 1, 2, 2, 1, 0, 0, 2, 2, 2, 2, 0, 0, 0, 1,
]
# fmt: on


@pytest.fixture(scope="module")
def bmt():
    return np.array(BMT_TIME, dtype=float), np.array(BMT_STATUS)


@pytest.mark.parametrize("scale", [1.0, 30.4375])
def test_bmt_incidences_equal_r_in_months_and_in_days(bmt, scale):
    time, status = bmt
    fitted = aalen_johansen.fit(np.full(35, -np.inf), time * scale, status, causes=2)
    at = np.array([3, 6, 9, 12, 24]) * scale
    first = [0.1458128079, 0.2049261084, 0.2377116364, 0.2728389878]
    second = [0.1152709360, 0.1757916960, 0.3056327950, 0.3407601464, 0.4461422007]
    assert fitted.incidence_at(at)[:4, 0] == pytest.approx(first, abs=1e-9)
    assert fitted.incidence_at(at)[:, 1] == pytest.approx(second, abs=1e-9)


def test_bmt_standard_errors_are_those_of_survfit_not_of_cmprsk(bmt):
    time, status = bmt
    fitted = aalen_johansen.fit(np.full(35, -np.inf), time, status, causes=2)
    assert fitted.se_at([3, 6])[:, 0] == pytest.approx([0.060307004, 0.069106286], abs=1e-8)
    assert fitted.se_at([3])[0, 0] ** 2 < 0.003750121606  # cmprsk::cuminc: the other legitimate convention


def test_bmt_with_late_entry_equals_r(bmt):
    time, status = bmt
    late = time > 0
    entry = np.minimum(np.arange(35) % 4, time - 0.5)[late]
    fitted = aalen_johansen.fit(entry, time[late], status[late], causes=2)
    assert fitted.incidence_at([3, 6, 12])[:, 0] == pytest.approx([0.1989542484, 0.2481464052, 0.3046612841], abs=1e-9)
    assert fitted.incidence_at([3, 6, 12, 24])[:, 1] == pytest.approx(
        [0.1861437908, 0.2365071895, 0.3737885429, 0.4614840446], abs=1e-9
    )


def test_one_minus_kaplan_meier_is_not_the_incidence(bmt):
    time, status = bmt
    start = np.full(35, -np.inf)
    both = aalen_johansen.fit(start, time, status, causes=2)
    alone = aalen_johansen.fit(start, time, (status == 1).astype(int), causes=1)
    assert 1 - alone.survival_at([12])[0] > both.incidence_at([12])[0, 0] + 0.05
    assert both.incidence_at([12])[0].sum() + both.survival_at([12])[0] == pytest.approx(1, abs=1e-12)


def test_aids_cohort_with_late_entry_equals_r():
    """R: survfit(Surv(W, T, D) ~ 1)."""
    cohort = lifelines.datasets.load_multicenter_aids_cohort_study()
    fitted = aalen_johansen.fit(cohort["W"], cohort["T"], cohort["D"], causes=1)
    expected = [0.890885861, 0.648241838, 0.532433928, 0.467047305, 0.424588459, 0.424588459]
    assert fitted.survival_at([1, 2, 3, 4, 5, 6]) == pytest.approx(expected, abs=1e-8)


def test_rossi_kaplan_meier_equals_r():
    """R: survfit(Surv(week, arrest) ~ 1, data = Rossi)."""
    rossi = lifelines.datasets.load_rossi()
    fitted = aalen_johansen.fit(np.full(len(rossi), -np.inf), rossi["week"], rossi["arrest"], causes=1)
    assert fitted.survival_at([10, 26, 52]) == pytest.approx([0.965277778, 0.875, 0.736111111], abs=1e-8)
