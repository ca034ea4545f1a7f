"""The panel likelihood against R's `msm`, and against the matrix exponential of its four states.

Recipe: R 4.2.2, msm 1.7. `rows_for_msm()` written as CSV (subject, day, state; 99 = in care, restored or not) and

    q <- rbind(c(0, .001, .0003, .0003), c(0, 0, .0003, .0003), 0, 0)
    msm(state ~ day, subject, data, qmatrix = q, censor = 99, censor.states = 1:2, pci = 365,
        qconstraint = c(1, 2, 3, 2, 3), constraint = list("timeperiod[365,Inf)" = c(1, 2, 3, 2, 3)),
        control = list(reltol = 1e-15, fnscale = 2000, maxit = 5000))

with the log-linear effects of the second period. An exit is known to its day: in care on the day before.
"""

import numpy as np
import pandas as pd
import pytest
from scipy.linalg import expm

from ml.duration import hazard
from ml.duration.basis import Basis
from ml.duration.hazard import NEVER, Cells

PEOPLE, CUT = 300, 365
MSM_RATES = [  # restored, lost, other exit; up to day 365, after it
    [0.001794663857228, 0.001706711468724],
    [0.000764078042537, 0.000948992042468],
    [0.000619166498708, 0.000533808130553],
]
MSM_MINUS2LOGLIK = 3094.27083762


def programme():
    """Whole days of 300 made-up stays: last found not restored, first found restored, end, exit (0 none, 2, 3)."""
    rng = np.random.default_rng(20261122)
    restored, end = rng.exponential(500, PEOPLE), np.ceil(rng.exponential(700, PEOPLE)).astype(int) + 1
    cause = np.where(end < 1100, rng.choice([2, 3], PEOPLE, p=[0.6, 0.4]), 0)
    end = np.minimum(end, 1100)
    visits = np.cumsum(np.column_stack([np.zeros(PEOPLE, int), rng.integers(120, 300, (PEOPLE, 9))]), axis=1)
    made, after = visits < end[:, None], visits >= restored[:, None]
    right = np.where(made & after, visits, NEVER).min(axis=1)
    left = np.where(made & ~after, visits, 0).max(axis=1)
    is_seen = right < NEVER
    return left, right, np.where(is_seen, right, end), np.where(is_seen, 0, cause)


def rows_for_msm():
    """Rows of subject, day, state as `msm` reads them."""
    rows = []
    for subject, (left, right, stop, cause) in enumerate(zip(*programme(), strict=True)):
        path = {0: 1, left: 1}
        if right < NEVER:
            path[right] = 2
        elif cause:
            path.setdefault(stop - 1, 99)
            path[stop] = cause + 1
        else:
            path[stop] = 99
        rows += [(subject, day, state) for day, state in sorted(path.items())]
    return pd.DataFrame(rows, columns=["subject", "day", "state"])


def two_periods(last):
    """One hazard up to day 365, another after it."""
    days = np.arange(last + 1)
    design = np.column_stack([(days <= CUT), (days > CUT)]).astype(float)
    return Basis(design, np.arange(last + 1) > 0, np.zeros((2, 2)), 0)


def fitted():
    """The three hazards, by two periods."""
    left, right, stop, cause = programme()
    start, none = np.full(PEOPLE, -1), np.zeros((PEOPLE, 0))
    seen = [(left, right)]
    for k in (2, 3):
        seen.append((np.where(cause == k, stop - 1, stop), np.where(cause == k, stop, NEVER)))
    over = two_periods(1100)
    return [hazard.fit(Cells(start, a, b, none), np.ones(PEOPLE), over) for a, b in seen]


def sharing(cause, stop, lost, other):
    """What one day with both exits possible adds: here one comes first or the other, there they share the day."""
    at = np.where(cause == 2, other[np.minimum(stop, 1100)], lost[np.minimum(stop, 1100)])
    return 0.5 * at[cause > 0].sum()


def test_rates_by_period_equal_msm():
    found = np.exp([one.theta for one in fitted()])
    assert found[0] == pytest.approx(np.array(MSM_RATES[0]), rel=1e-6)
    assert found[1:] == pytest.approx(np.array(MSM_RATES[1:]), rel=5e-4)  # days shared: half the other exit's rate


def test_log_likelihood_equals_msm():
    _, lost, other = found = fitted()
    _, _, stop, cause = programme()
    shared = sharing(cause, stop, lost.hazard(), other.hazard())
    assert -2 * (sum(one.loglik for one in found) + shared) == pytest.approx(MSM_MINUS2LOGLIK, abs=1e-3)


def test_log_likelihood_equals_the_matrix_exponential():
    """With any constant hazards, computed the long way round: 4 x 4 transition matrices between the known days."""
    rates = np.array([0.0018, 0.0009, 0.0005])
    q = np.zeros((4, 4))
    q[0, 1], q[0, 2:], q[1, 2:] = rates[0], rates[1:], rates[1:]
    np.fill_diagonal(q, -q.sum(axis=1))
    long_way = 0.0
    for _, rows in rows_for_msm().groupby("subject"):
        chance, before = np.array([1.0, 0.0, 0.0, 0.0]), 0
        for day, state in rows[["day", "state"]].to_numpy():
            chance = chance @ expm(q * (day - before))
            known = [0, 1] if state == 99 else [state - 1]
            chance, before = np.where(np.isin(np.arange(4), known), chance, 0.0), day
        long_way += np.log(chance.sum())
    left, right, stop, cause = programme()
    start, none = np.full(PEOPLE, -1), np.zeros((PEOPLE, 0))
    seen = [(left, right)]
    for k in (2, 3):
        seen.append((np.where(cause == k, stop - 1, stop), np.where(cause == k, stop, NEVER)))
    over = two_periods(1100)
    short = sum(
        hazard.loglik(Cells(start, a, b, none), np.ones(PEOPLE), over, np.full(2, np.log(rate)))
        for (a, b), rate in zip(seen, rates, strict=True)
    )
    flat = np.ones(1101)
    assert short + sharing(cause, stop, rates[1] * flat, rates[2] * flat) == pytest.approx(long_way, abs=1e-3)
