"""The NPMLE: its conventions, its edges, and that it is the maximum."""

import numpy as np
import pytest
import threadpoolctl

from ml.duration import npmle

INF = np.inf


def test_shared_endpoints_open_left_closed_right():
    """(0, 3] and (3, 5] do not overlap: half the mass in each. Closed intervals would put all on 3."""
    fitted = npmle.fit([0, 3], [3, 5])
    assert fitted.left.tolist() == [0, 3]
    assert fitted.mass == pytest.approx([0.5, 0.5])


def test_an_exact_time_at_the_closed_end_shares_its_mass():
    fitted = npmle.fit([0, 3], [3, 3])
    assert (fitted.left.tolist(), fitted.right.tolist(), fitted.mass.tolist()) == ([3], [3], [1])


def test_an_exact_time_at_the_open_end_does_not():
    assert len(npmle.fit([3, 3], [3, 5]).mass) == 2


def test_placement_inside_a_support_interval_is_named():
    fitted = npmle.fit([0, 10, 20], [10, 20, INF])
    at = [0, 5, 10, 15, 20, 1e9]
    assert fitted.survival_at(at, "right") == pytest.approx([1, 1, 2 / 3, 2 / 3, 1 / 3, 1 / 3])
    assert fitted.survival_at(at, "left") == pytest.approx([1, 2 / 3, 2 / 3, 1 / 3, 1 / 3, 0])
    assert fitted.survival_at(at, "linear") == pytest.approx([1, 5 / 6, 2 / 3, 1 / 2, 1 / 3, 1 / 3])


def test_exact_times_are_kaplan_meier():
    fitted = npmle.fit([1, 2, 2, 3, 4], [1, 2, INF, 3, INF])
    assert fitted.survival_at([1, 2, 3]) == pytest.approx([4 / 5, 3 / 5, 3 / 10], abs=1e-6)


@pytest.mark.parametrize(
    ("left", "right", "survival_at_10"),
    [
        ([0, 5], [INF, INF], 1.0),  # never seen
        ([-1], [0], 0.0),  # one person, restored on day 0
        ([-1, -1], [INF, INF], 1.0),  # nothing is known of anyone
        ([5], [5], 0.0),
    ],
)
def test_edges_are_defined(left, right, survival_at_10):
    fitted = npmle.fit(left, right)
    assert fitted.converged
    assert fitted.survival_at([10])[0] == pytest.approx(survival_at_10)


@pytest.mark.parametrize(("left", "right"), [([2], [1]), ([np.nan], [1]), ([], [])])
def test_impossible_intervals_are_refused(left, right):
    with pytest.raises(ValueError, match="left <= right"):
        npmle.fit(left, right)


def test_no_weight_is_refused():
    with pytest.raises(ValueError, match="positive weight"):
        npmle.fit([1], [2], [0])


@pytest.fixture(scope="module")
def intervals():
    rng = np.random.default_rng(5)
    left = rng.integers(0, 60, 300)
    right = np.where(rng.random(300) < 0.3, INF, left + rng.integers(0, 40, 300))
    return left.astype(float), right


def test_no_em_step_from_anywhere_gets_higher(intervals):
    left, right = intervals
    fitted = npmle.fit(left, right)
    known = npmle.cells(left, right)
    inside = np.array(
        [[a <= j < b for j in range(len(fitted.mass))] for a, b in zip(known.start, known.stop, strict=True)]
    )
    mass = np.full(len(fitted.mass), 1 / len(fitted.mass))
    for _ in range(3000):
        mass = mass * (inside / (inside @ mass)[:, None]).mean(axis=0)
    assert np.log(inside @ mass).sum() <= fitted.loglik + 1e-7
    assert np.log(inside @ fitted.mass).sum() == pytest.approx(fitted.loglik, abs=1e-8)
    assert fitted.mass.sum() == pytest.approx(1)


def test_weights_are_repetitions_and_order_is_nothing(intervals):
    left, right = intervals
    times = np.random.default_rng(1).integers(0, 3, len(left))
    order = np.random.default_rng(2).permutation(len(left))
    repeated = npmle.fit(np.repeat(left, times), np.repeat(right, times))
    weighted = npmle.fit(left, right, times)
    at = np.arange(0, 100, 7)
    assert weighted.loglik == pytest.approx(repeated.loglik, abs=1e-6)
    assert weighted.survival_at(at, "left") == pytest.approx(repeated.survival_at(at, "left"), abs=0.02)
    assert (npmle.fit(left[order], right[order]).mass == npmle.fit(left, right).mass).all()


def test_a_warm_start_ends_at_the_same_maximum(intervals):
    left, right = intervals
    known, ones = npmle.cells(left, right), np.ones(len(left))
    cold = npmle.fit_cells(known, ones)
    lopsided = np.zeros(len(cold.mass))
    lopsided[0] = 1
    assert npmle.fit_cells(known, ones, start=lopsided).loglik == pytest.approx(cold.loglik, abs=1e-6)


def test_the_number_of_threads_does_not_move_a_digit():
    rng = np.random.default_rng(0)
    left = rng.integers(0, 900, 30_000).astype(float)
    right = np.where(rng.random(30_000) < 0.4, INF, left + rng.integers(1, 200, 30_000))
    found = []
    for threads in (1, 2):
        with threadpoolctl.threadpool_limits(limits=threads):
            found.append(npmle.fit(left, right, tol=1e-3))
    assert (found[0].mass == found[1].mass).all()
    assert found[0].converged
