"""The interval-censored NPMLE against R, on public data of lifelines.

Recipe: R 4.2.2, `survival::survfit(Surv(left, right, type = "interval2") ~ 1)`; intervals (left, right], left ==
right exact.
"""

import lifelines.datasets
import numpy as np
import pytest

from ml.duration import npmle


def test_diabetes_equals_r():
    data = lifelines.datasets.load_diabetes()
    fitted = npmle.fit(data["left"], data["right"])
    expected = [0.983910265, 0.885778602, 0.542445758, 0.222256837, 0.089274430, 0.031981498]
    assert fitted.survival_at([5, 10, 15, 20, 25, 30]) == pytest.approx(expected, abs=1e-6)
    assert fitted.loglik == pytest.approx(-1966.546883, abs=1e-6)
    assert fitted.converged


# R's EM stops early on these 72 + 72 mice: its values are up to 2.4e-3 off the maximum, which is certified below.
@pytest.mark.parametrize(
    ("group", "expected"),
    [("ce", [0.776995, 0.771523, 0.583845, 0.333362]), ("ge", [1.0, 0.499391, 0.334306, 0.252345])],
)
def test_mice_are_near_the_unconverged_values_of_r(group, expected):
    fitted = _mice(group)
    assert fitted.survival_at([500, 600, 700, 800]) == pytest.approx(expected, abs=2.5e-3)


@pytest.mark.parametrize(
    ("group", "masses"),
    [
        (
            "ce",
            {
                (371, 381): 1 / 6,
                (475, 477): 1 / 18,
                (508, 515): 1 / 157.5,
                (647, 650): 0.104761905,
                (693, 698): 1 / 12,
                (773, 775): 1 / 12,
                (777, 779): 1 / 6,
                (886, np.inf): 1 / 3,
            },
        ),
        ("ge", {(524, 546): 1 / 2, (648, 692): 1 / 6, (695, 710): 1 / 12, (880, 888): 1 / 12, (986, 1008): 1 / 6}),
    ],
)
def test_mice_masses_are_the_maximum(group, masses):
    """Own values; that they are the maximum follows from the Gentleman-Geyer bound, which is the assertion on `gap`."""
    fitted = _mice(group)
    assert fitted.gap < 1e-8
    found = {(a, b): m for a, b, m in zip(fitted.left, fitted.right, fitted.mass, strict=True) if m > 1e-6}
    assert found == pytest.approx(masses, abs=1e-6)


def _mice(group):
    mice = lifelines.datasets.load_mice()
    mice = mice[mice["grp"] == group]
    return npmle.fit(mice["l"], mice["u"], tol=1e-8)
