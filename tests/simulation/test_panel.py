"""The headline against a known truth: S1, S3, S5, S6 of the design, as ADEMP (Morris TP et al. (2019), Stat Med 38:2074-2102).

Aim: bias and coverage of P(restored by t, before any exit). Data: `Programme`. Estimand: at 6, 12, 18, 24 and 36
months. Methods: the headline, Aalen-Johansen on the day of detection. Measures: mean error, share of 95 % intervals
that hold the truth, each with its Monte Carlo error. `make simulate` draws more sets than the tests do and prints the table of
docs/validation.md.
"""

import os

import numpy as np
import pytest

from ml.duration import aalen_johansen, headline, panel, unequal
from ml.duration.observed import observed
from ml.duration.optimal_time import HORIZON, marginal_gain, plateau
from ml.duration.rows import grid
from ml.duration.sensitivity import lost_never, lost_restored
from ml.duration.stays import stays
from ml.threads import single_thread
from tests.simulation.programme import DAYS, Programme

MORE = int(os.environ.get("SIMULATION_TIMES", "1"))
# Assessed every 3 or 6 months, all of one kind, observed from intake: the table of the design.
SIMPLE = {"frailty": 0.0, "offices": False, "late": 0.0, "missed": False, "closing": 0.0}
CASES = {
    "S1 gap 3 months": (Programme(gap=91, **SIMPLE), 400, 60),
    "S1 gap 6 months": (Programme(gap=182, **SIMPLE), 400, 60),
    "S1 gap 9 months": (Programme(gap=274, **SIMPLE), 400, 12),
    "S1 half-year, then yearly": (Programme(), 400, 60),
    "S1 3,000 stays": (Programme(), 3000, 40),
    "S3 four in ten entered late": (Programme(late=0.4, frailty=1.0), 3000, 30),
}


def fitted(programme, rng, n):
    """The headline's states on the days of DAYS, and 95 % limits of restored, of one drawn programme."""
    frame, unrestored = programme.draw(rng, n)
    found = headline.fit(stays(frame, unrestored), np.arange(len(frame)), frame["office_id"])
    lower, upper = panel.interval(found.overall, found.fitted.covariance)
    at = np.searchsorted(grid(), DAYS)
    return found.overall.estimate[at, 0], lower[at, 0], upper[at, 0]


@pytest.mark.parametrize("name", CASES)
def test_the_headline_is_right_and_its_intervals_hold_the_truth(name):
    programme, n, sets = CASES[name]
    sets *= MORE
    rng, truth = np.random.default_rng(20261122), programme.truth()
    with single_thread():
        drawn = np.array([fitted(programme, rng, n) for _ in range(sets)])
    bias, error = drawn[:, 0].mean(axis=0) - truth, drawn[:, 0].std(axis=0) / np.sqrt(sets)
    covers = ((drawn[:, 1] <= truth) & (truth <= drawn[:, 2])).mean(axis=0)
    noise = np.sqrt(0.05 * 0.95 / sets)
    print(f"\n{name}: bias {bias.round(4)} ({error.max():.4f}), coverage {covers.round(3)} ({noise:.3f})")
    assert (np.abs(bias) <= 0.015).all()
    assert (covers >= 0.92 - 2 * noise).all()
    assert covers.mean() <= 0.98 + 2 * noise


def test_the_day_of_detection_is_off_by_more_than_the_headline_ever_is():
    rng, programme = np.random.default_rng(1), Programme(gap=182, **SIMPLE)
    late = []
    for _ in range(20):
        seen = observed(programme.draw(rng, 400)[0])
        late.append(aalen_johansen.fit(seen.entry, seen.time, seen.state, causes=3).incidence_at(DAYS)[:, 0])
    bias = np.mean(late, axis=0) - programme.truth()
    assert (bias < -0.04).all(), bias.round(3)


@pytest.mark.parametrize("ratio", [0.3, 1.0, 3.0])
def test_S5_where_leaving_depends_on_restoration_the_bounds_hold_the_truth(ratio):
    """exit_ratio: those restored and not yet seen to be leave less, as much, or more than others; `restored` stays the same.

    The bounds of the population hold it, up to the error of the sets' mean; with their limits those of one set do in 95 %, since at
    0.3 times the truth is the lower bound itself.
    """
    programme = Programme(exit_ratio=ratio, other=0.0, lost=0.013, closing=0.0, missed=False, offices=False, late=0.0)
    rng, truth, sets = np.random.default_rng(5), programme.truth(), 12 * MORE
    held, between = [], []
    at = np.searchsorted(grid(), DAYS)
    with single_thread():
        for _ in range(sets):
            frame, unrestored = programme.draw(rng, 400)
            known = stays(frame, unrestored)
            none, each = (
                headline.fit(bound(known), np.arange(400), frame["office_id"].map(lambda _: None))
                for bound in (lost_never, lost_restored)
            )
            low, high = none.overall.estimate[at, 0], each.overall.estimate[at, 0]
            least = panel.interval(none.overall, none.fitted.covariance)[0][at, 0]
            most = panel.interval(each.overall, each.fitted.covariance)[1][at, 0]
            assert (low <= high + 1e-9).all()
            held.append((least <= truth) & (truth <= most))
            between.append((low, high))
    low, high = np.mean(between, axis=0)
    error, noise = 2 * np.std(between, axis=0) / np.sqrt(sets), np.sqrt(0.05 * 0.95 / sets)
    print(
        f"\nS5 exits {ratio} times: bounds {low.round(3)} to {high.round(3)}, truth {truth.round(3)}, hold {np.mean(held, axis=0).round(3)}"
    )
    assert ((low - error[0] <= truth) & (truth <= high + error[1])).all()
    assert (np.mean(held, axis=0) >= 0.95 - 2 * noise).all()
    assert (low <= truth + 0.01).all()
    assert (truth <= high + 0.01).all()


def test_where_nobody_leaves_unseen_the_sensitivity_is_right_and_the_headline_is_not():
    """exit_ratio 0: who is restored stays until it is seen. The sensitivity fits that; the headline overstates it."""
    programme = Programme(exit_ratio=0.0, closing=0.0, missed=False, offices=False, late=0.0)
    rng, truth = np.random.default_rng(3), programme.truth()
    both = []
    for _ in range(8):
        frame, unrestored = programme.draw(rng, 3000)
        seen = stays(frame, unrestored)
        equal = panel.fit(seen, np.arange(len(frame)))
        zero = unequal.fit(seen, np.arange(len(frame)), equal, ratio=0.0)
        both.append([one.curves(last=1096).estimate[DAYS, 0] for one in (equal, zero)])
    equal, zero = np.mean(both, axis=0) - truth
    assert (np.abs(zero) <= 0.015).all(), zero.round(4)
    assert np.abs(equal).max() > 0.02, equal.round(4)


@pytest.mark.parametrize(("n", "sets"), [(400, 60), (2000, 40)])
def test_S6_where_all_months_are_alike_no_month_is_called_best(n, sets):
    """A constant hazard: the chance of the next three months never changes, so every month belongs to the set."""
    sets *= MORE
    rng = np.random.default_rng(6)
    programme = Programme(shape=1.0, scale=900.0, **{**SIMPLE, "gap": None})
    whole, single = 0, 0
    with single_thread():
        for _ in range(sets):
            frame, unrestored = programme.draw(rng, n)
            found = headline.fit(stays(frame, unrestored), np.arange(len(frame)), frame["office_id"])
            told = [of(found.overall, found.fitted.covariance, n, rng) for of in (marginal_gain, plateau)]
            months = told[0].set_months.split(",")
            whole += len(months) == HORIZON - 2
            single += any(one.set_months is not None and "," not in one.set_months for one in told)
    noise = np.sqrt(0.05 * 0.95 / sets)
    print(f"\nS6 n={n}: every month in the set in {whole / sets:.3f} ({noise:.3f})")
    assert single == 0
    assert whole / sets >= 0.95 - 2 * noise


@pytest.mark.slow
def test_fifty_thousand_stays_are_within_two_points_by_the_headline_alone():
    programme, at = Programme(), np.searchsorted(grid(), DAYS)
    frame, unrestored = programme.draw(np.random.default_rng(1), 50_000)
    with single_thread():
        found = headline.fit(stays(frame, unrestored), np.arange(50_000), frame["office_id"])
    off = found.overall.estimate[at, 0] - programme.truth()
    seen = observed(frame)
    late = aalen_johansen.fit(seen.entry, seen.time, seen.state, causes=3).incidence_at(DAYS)[:, 0] - programme.truth()
    print(f"\n50,000 stays: headline off by {off.round(3)}, day of detection by {late.round(3)}")
    assert np.abs(off).max() <= 0.02
    assert np.abs(late).min() > 0.05
