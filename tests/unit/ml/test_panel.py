"""The panel fit: derivatives, closed forms, how its parts agree, and what resampling says of its covariance."""

from dataclasses import replace

import numpy as np
import pytest

from ml.duration import hazard, panel, smoothing, unequal
from ml.duration.basis import Basis, basis
from ml.duration.hazard import NEVER, Cells
from ml.duration.stays import Stays

STEP = 1e-5


def random_cells(n=300, p=2, seed=1):
    rng = np.random.default_rng(seed)
    left = rng.integers(-1, 900, n)
    right = np.where(rng.random(n) < 0.6, left + rng.integers(1, 300, n), NEVER)
    start = np.where(rng.random(n) < 0.3, np.minimum(left, rng.integers(-1, 400, n)), -1)
    return Cells(start, left, right, rng.normal(size=(n, p))), rng.random(n)


def programme(n, seed=0, *, late=0.0):
    """Stays of n people: Weibull restoration, exits at random, an assessment every half year or so."""
    rng = np.random.default_rng(seed)
    restored, end = 700 * rng.weibull(1.3, n), np.ceil(rng.exponential(1500, n)).astype(int)
    as_of = rng.integers(200, 2000, n)
    gone, end = end <= as_of, np.minimum(end, as_of)
    visits = np.cumsum(np.column_stack([np.zeros(n, int), rng.integers(150, 215, (n, 12))]), axis=1)
    made, after = visits <= end[:, None], visits >= restored[:, None]
    right = np.where(made & after, visits, NEVER).min(axis=1)
    left = np.where(made & ~after, visits, 0).max(axis=1)
    is_seen = right < NEVER
    start = np.where(rng.random(n) < late, left, -1)
    stop = np.where(is_seen, right, end)
    cause = np.where(is_seen | ~gone, 0, rng.choice([2, 3], n))
    return Stays(np.ones(n, bool), start, left, right, np.minimum(start, stop), stop, cause)


def test_first_and_second_derivatives_equal_differences():
    cells, weight = random_cells()
    over = hazard.basis_of(cells, 1200)
    theta = np.append(-7 + 0.3 * np.random.default_rng(2).normal(size=over.design.shape[1]), [0.2, -0.3])
    moves = STEP * np.eye(len(theta))
    slope = [
        (hazard.loglik(cells, weight, over, theta + move) - hazard.loglik(cells, weight, over, theta - move)) / 2 / STEP
        for move in moves
    ]
    assert weight @ hazard.scores(cells, over, theta) == pytest.approx(np.array(slope), abs=1e-5)
    bend = [
        weight @ (hazard.scores(cells, over, theta - move) - hazard.scores(cells, over, theta + move)) / 2 / STEP
        for move in moves
    ]
    assert hazard.information(cells, weight, over, theta) == pytest.approx(np.array(bend), abs=1e-5)


def bumpy(n, seed=0):
    """Exact days of a hazard with two humps, which a straight line can't follow: smoothing by a finite amount."""
    rng = np.random.default_rng(seed)
    day = np.where(rng.random(n) < 0.5, rng.normal(150, 25, n), rng.normal(900, 120, n)).clip(1, 1500).astype(int)
    seen = rng.random(n) < 0.8
    return Cells(np.full(n, -1), day - 1, np.where(seen, day, NEVER), np.zeros((n, 0)))


@pytest.mark.parametrize("n", [300, 5_000, 20_000])
def test_the_amount_of_smoothing_is_the_one_the_data_ask_for(n):
    cells = bumpy(n)
    found = hazard.fit(cells, np.ones(n), hazard.basis_of(cells, 1500))
    asked = smoothing.tuned(found.basis, found.theta, found.information, found.penalty, None)[1][0]
    assert found.converged
    assert 2e-3 < found.penalty.smoothing < 1e6
    assert asked == pytest.approx(found.penalty.smoothing, rel=0.02)


def constant(last):
    return Basis(np.ones((last + 1, 1)), np.arange(last + 1) > 0, np.zeros((1, 1)), 0)


def test_a_constant_hazard_of_exact_days_is_events_by_days():
    """Geometric days: of n people d had the event, at chance 1 - exp(-h) a day; with late entry."""
    rng = np.random.default_rng(3)
    day, start = rng.integers(100, 500, 200), rng.integers(0, 99, 200)
    happened = rng.random(200) < 0.4
    cells = Cells(start, np.where(happened, day - 1, day), np.where(happened, day, NEVER), np.zeros((200, 0)))
    fitted = hazard.fit(cells, np.ones(200), constant(500))
    daily = happened.sum() / (day - start).sum()
    assert fitted.hazard()[1] == pytest.approx(-np.log1p(-daily), rel=1e-6)


def test_a_constant_hazard_of_one_visit_has_a_closed_form():
    """All are assessed once, on day 100: H(100) = -log(share not restored)."""
    right = np.where(np.arange(50) < 20, 100, NEVER)
    left = np.where(np.arange(50) < 20, 0, 100)
    cells = Cells(np.full(50, -1), left, right, np.zeros((50, 0)))
    fitted = hazard.fit(cells, np.ones(50), constant(100))
    assert 100 * fitted.hazard()[1] == pytest.approx(-np.log(0.6), rel=1e-6)


def test_states_of_constant_hazards_have_a_closed_form():
    rates = np.tile([0.002, 0.0005, 0.0003], (731, 1))
    rates[0] = 0
    found = panel.occupied(rates, [np.ones((731, 1))] * 3)
    gone = 1 - np.exp(-0.0028 * 730)
    assert found.estimate[730] == pytest.approx([*(rates[1] / 0.0028 * gone), 1 - gone], rel=1e-9)
    assert found.estimate.sum(axis=1) == pytest.approx(1, abs=1e-12)


def test_slopes_of_the_states_equal_differences():
    fitted = panel.fit(programme(300), np.arange(300))
    found, theta = fitted.curves(last=1000), fitted.theta
    for j in (0, 5, 16, 20, 30, 40, 50):
        both = []
        for move in (STEP, -STEP):
            moved = [np.array(one.theta) for one in fitted.hazards]
            moved[j // 18][j % 18] += move
            hazards = tuple(replace(one, theta=own) for one, own in zip(fitted.hazards, moved, strict=True))
            both.append(replace(fitted, hazards=hazards).curves(last=1000).estimate)
        assert found.slope[:, :, j] == pytest.approx((both[0] - both[1]) / 2 / STEP, abs=1e-8)
    assert len(theta) == 54


@pytest.mark.parametrize("ratio", [0.0, 0.4, 1.0])
def test_the_joint_likelihood_has_right_derivatives(ratio):
    seen = programme(200, late=0.3)
    start = panel.fit(seen, np.arange(200))
    theta = start.theta + 0.05 * np.random.default_rng(4).normal(size=54)
    _, slope = unequal.contributions(seen, start, theta, ratio)
    moves = STEP * np.eye(54)[[0, 3, 9, 14, 20, 26, 33, 40, 47, 52]]
    differences = [
        (
            unequal.contributions(seen, start, theta + move, ratio)[0].sum()
            - unequal.contributions(seen, start, theta - move, ratio)[0].sum()
        )
        / 2
        / STEP
        for move in moves
    ]
    assert slope.sum(axis=0)[[0, 3, 9, 14, 20, 26, 33, 40, 47, 52]] == pytest.approx(np.array(differences), abs=1e-5)


def test_with_equal_exits_the_joint_likelihood_is_the_product_of_three():
    seen = programme(400, late=0.3)
    fitted = panel.fit(seen, np.arange(400))
    each, _ = unequal.contributions(seen, fitted, fitted.theta, 1.0)
    assert each.sum() == pytest.approx(sum(one.loglik for one in fitted.hazards), abs=1e-8)
    again = unequal.fit(seen, np.arange(400), fitted, ratio=1.0)
    assert again.theta == pytest.approx(fitted.theta, abs=1e-3)


def test_where_nobody_leaves_unseen_fewer_are_restored():
    seen = programme(2000)
    fitted = panel.fit(seen, np.arange(2000))
    other = unequal.fit(seen, np.arange(2000), fitted, ratio=0.0)
    assert other.converged
    assert (other.curves(last=730).estimate[[365, 730], 0] < fitted.curves(last=730).estimate[[365, 730], 0]).all()


def test_the_order_and_the_grouping_of_stays_are_nothing():
    seen = programme(300)
    cluster = np.arange(300) // 3
    shuffled = np.random.default_rng(1).permutation(300)
    mixed = Stays(**{name: values[shuffled] for name, values in vars(seen).items()})
    one, other = panel.fit(seen, cluster), panel.fit(mixed, cluster[shuffled])
    assert one.theta == pytest.approx(other.theta, abs=1e-6)
    assert one.covariance == pytest.approx(other.covariance, rel=1e-4, abs=1e-9)


def test_the_covariance_agrees_with_resampled_clusters():
    """Twins in each cluster: the covariance is twice that of single people, and resampling sees it too."""
    single = programme(700)
    twins = Stays(**{name: np.repeat(values, 2) for name, values in vars(single).items()})
    alone = panel.fit(twins, np.arange(1400))
    paired = panel.fit(twins, np.repeat(np.arange(700), 2))
    days = [183, 365, 730]

    def width(fitted):
        lower, upper = panel.interval(fitted.curves(last=730).on(np.array(days)), fitted.covariance)
        return (upper - lower)[:, 0]

    assert width(paired) / width(alone) == pytest.approx(np.full(3, np.sqrt(2)), rel=0.05)
    drawn = []
    for theta in paired.resampled(np.random.default_rng(5), 120):
        parts = np.split(theta, 3)
        hazards = tuple(replace(one, theta=own) for one, own in zip(paired.hazards, parts, strict=True))
        drawn.append(replace(paired, hazards=hazards).curves(last=730).estimate[days, 0])
    low, high = np.percentile(drawn, [2.5, 97.5], axis=0)
    assert (high - low) / width(paired) == pytest.approx(np.ones(3), abs=0.25)


def test_covariates_act_in_proportion_and_groups_are_drawn_together():
    rng = np.random.default_rng(6)
    n, office = 3000, rng.integers(0, 3, 3000)
    effect = np.array([-0.6, 0.0, 0.6])
    seen = programme(n, seed=7)
    sooner = 700 * (rng.exponential(size=n) * np.exp(-effect[office])) ** (1 / 1.3)
    visit = 200 * np.ceil(sooner / 200).astype(int)
    right = np.where(visit <= 1000, visit, NEVER)
    left = np.where(right < NEVER, visit - 200, 1000)
    stop = np.where(right < NEVER, right, 1000)
    seen = replace(seen, left=left, right=right, stop=stop, cause=np.zeros(n, np.int64))
    free = panel.fit(seen, np.arange(n), (office == 2)[:, None] * 1.0 + 0.0).hazards[0].theta[-1]
    assert free > 0.5
    pooled = panel.fit(seen, np.arange(n), np.eye(3)[office], pooled=True).hazards[0]
    gaps = np.diff(pooled.theta[-3:])
    assert gaps == pytest.approx(np.full(2, 0.6), abs=0.12)
    none = panel.fit(seen, np.arange(n), np.eye(3)[rng.integers(0, 3, n)], pooled=True).hazards[0]
    assert np.abs(none.theta[-3:]).max() < 0.03


def test_a_hazard_without_events_is_zero_and_a_fit_without_people_is_refused():
    seen = programme(100)
    quiet = panel.fit(replace(seen, cause=np.zeros(100, np.int64)), np.arange(100))
    assert quiet.curves(last=500).estimate[:, 1:3].max() == 0
    nobody = seen.take(np.zeros(100, dtype=bool))
    with pytest.raises(ValueError, match="stays"):
        panel.fit(nobody, np.arange(0))


def test_a_weibull_costs_next_to_nothing():
    over = basis(2000, at_intake=False, later=True)
    days = np.arange(1, 2001)
    beta = np.linalg.lstsq(over.design[1:, :-1], 0.3 * np.log(days), rcond=None)[0]
    rough = np.linalg.lstsq(over.design[1:, :-1], np.sin(days / 100), rcond=None)[0]
    cost = [b @ over.wiggle[:-1, :-1] @ b for b in (beta, rough)]
    assert cost[0] < 0.02 * cost[1]


def test_a_covariate_that_separates_stays_finite():
    """Nobody of one half is ever restored: the factor goes towards 0 and the fit ends."""
    seen = programme(400)
    half = np.arange(400) % 2 == 0
    never = replace(
        seen,
        right=np.where(half, NEVER, seen.right),
        left=np.where(half, np.maximum(seen.left, 0), seen.left),
    )
    fitted = panel.fit(never, np.arange(400), half[:, None].astype(float))
    assert fitted.converged
    assert np.isfinite(fitted.covariance).all()
    assert fitted.curves([1.0], last=1000).estimate[1000, 0] < 0.005
    assert fitted.curves([0.0], last=1000).estimate[1000, 0] > 0.3
