"""Offices against a known truth: S9 of the design, as ADEMP (Morris TP et al. (2019), Stat Med 38:2074-2102).

Aim: how often an office is pointed out that is like the others, and how often one that is not. Data: counts alone (many), and whole
programmes of people who are assessed at times (`Offices`). Method: the comparison of outcomes.office. Measures: share of offices beyond
the 99.8 % limits, or pointed out at all; share of sets in which the one bad office is. `make simulate-offices` draws more sets.
"""

import os

import numpy as np
import pytest
from scipy.stats import binom, poisson

from ml.offices.compare import programme, rows, unit
from ml.offices.compared import of_counts
from ml.offices.definition import PHRASES
from ml.offices.funnel import Z95, Z998, scores
from tests.simulation.many_offices import alike

MORE = int(os.environ.get("SIMULATION_TIMES", "1"))
SIGNAL, ANY = (PHRASES["signal"], PHRASES["persistent"]), (PHRASES["signal"], PHRASES["persistent"], PHRASES["watch"])


def judged(expected, observed):
    """Scores of offices with these counts, over-dispersion included."""
    k = len(expected)
    found = of_counts(np.full(k, 500), np.ones(k, dtype=bool), observed.astype(float), expected, np.ones(k))
    return scores(found)[0]


@pytest.mark.parametrize("k", [8, 20, 40])
def test_S9_identical_offices_are_not_pointed_out(k):
    rng, sets = np.random.default_rng(9), 150 * MORE
    beyond, tested, outside = 0, sets * k, 0
    for _ in range(sets):
        expected = rng.uniform(5, 150, k)
        found = np.abs(judged(expected, rng.poisson(expected)))
        beyond, outside = beyond + (found > Z998).sum(), outside + (found > Z95).sum()
    noise = np.sqrt(0.004 / tested)
    print(f"\nS9 {k} identical offices: beyond 99.8 % {beyond / tested:.4f} ({noise:.4f}), 95 % {outside / tested:.3f}")
    assert beyond / tested <= 0.004 + 2 * noise
    assert outside / tested <= 0.06


@pytest.mark.parametrize(("expected_of_one", "wanted"), [(40.0, 0.80), (80.0, 0.95)])
def test_S9_one_bad_office_is_found(expected_of_one, wanted):
    """Found: beyond the 95 % limits, which says look again. Beyond 99.8 % no test finds it at E = 40: the most powerful one, which
    knows what to look for, has a power of 0.345 there."""
    rng, sets, k = np.random.default_rng(40), 150 * MORE, 20
    found = np.zeros((sets, 2))
    for i in range(sets):
        expected = rng.uniform(15, 150, k)
        observed = rng.poisson(expected)
        expected[0], observed[0] = expected_of_one, rng.poisson(0.6 * expected_of_one)
        one = judged(expected, observed)[0]
        found[i] = one < -Z95, one < -Z998
    noise = np.sqrt(0.16 / sets)
    told = found.mean(axis=0).round(3)
    print(f"\nS9 one of {k} at 0.6, E = {expected_of_one:.0f}: found {told[0]}, beyond 99.8 % {told[1]} ({noise:.3f})")
    assert found[:, 0].mean() >= wanted - 2 * noise


def test_beyond_998_no_test_can_find_the_bad_office_at_40():
    """Neyman and Pearson: the test that rejects for few events, at 0.001 on this side."""
    few = int(poisson.ppf(0.001, 40)) - 1
    rest = (0.001 - poisson.cdf(few, 40)) / poisson.pmf(few + 1, 40)
    power = poisson.cdf(few, 24) + rest * poisson.pmf(few + 1, 24)
    assert power == pytest.approx(0.345, abs=5e-4)


def told(offices, rng, seed=1):
    """Rows of restored_24m of one drawn programme, in the order of the offices."""
    episodes, unrestored, baseline, change, recording = offices.draw(rng)
    whole = programme(episodes, unrestored, baseline, change, recording, seed=seed)
    out = rows(whole, unit(whole, "office_id", []), "office_id")
    return out[out["measure"] == "restored_24m"].reset_index(drop=True)


def test_S9_programmes_of_people_late_assessing_is_not_read_as_slow():
    """Offices of one pace; half of them assess four months late and miss twice as many. Their ratios must not lie lower."""
    k, sets = 16, 2 * MORE
    habits = {"late": (0, 120) * (k // 2), "missed": (0.15, 0.35) * (k // 2)}
    rng, offices = np.random.default_rng(99), alike(k, 110, **habits)
    drawn = [told(offices, rng, seed) for seed in range(sets)]
    ratio = np.array([one["ratio"] for one in drawn])
    assert not np.isnan(ratio).any()
    apart = ratio[:, 1::2].mean() - ratio[:, ::2].mean()
    noise = ratio.std() * 2 / np.sqrt(ratio.size)
    signals = np.mean([one["reason"].isin(SIGNAL) for one in drawn])
    covered = np.mean([(one["lower"] <= 1) & (one["upper"] >= 1) for one in drawn])
    print(
        f"\nS9 {sets} programmes of {k} offices: late less prompt {apart:.3f} ({noise:.3f}), mean ratio "
        f"{ratio.mean():.3f}, worth a conversation {signals:.4f}, 1 in the interval {covered:.3f}"
    )
    assert abs(apart) <= 0.05 + 2 * noise
    assert ratio.mean() == pytest.approx(1.0, abs=0.03 + 2 * noise)
    assert signals <= 0.006 + 2 * np.sqrt(0.004 / ratio.size)
    assert covered >= 0.92 - 2 * np.sqrt(0.05 / ratio.size)


def test_S9_programmes_of_people_the_bad_office_is_found():
    k, sets = 16, 3 * MORE
    rng = np.random.default_rng(60)
    offices = alike(k, 150, pace=(0.6, *(1.0,) * (k - 1)))
    drawn = [told(offices, rng, seed).iloc[0] for seed in range(sets)]
    ratio, expected = (np.array([one[name] for one in drawn]) for name in ("ratio", "expected"))
    found = np.mean([one["reason"] in ANY and one["ratio"] < 1 for one in drawn])
    signal = np.mean([one["reason"] in SIGNAL for one in drawn])
    print(
        f"\nS9 {sets} programmes, one of {k} at 0.6: E {expected.mean():.1f}, ratio {ratio.mean():.3f}, found {found:.3f}, "
        f"worth a conversation {signal:.3f}"
    )
    noise = np.sqrt(0.6 / expected.mean() / sets)  # of counts, Poisson
    assert ratio.mean() == pytest.approx(0.6, abs=0.05 + 2 * noise)
    assert found * sets >= binom.ppf(0.001, sets, 0.75)
