import itertools

import pytest

from flows.publish.curves import MONTHS, Point, coarse


def curve(n: int, step: float, *, last: int = 40, lose: int = 0) -> list[Point]:
    return [Point(30.4375 * m, step * m, step * m / 2, step * m * 1.5, max(0, n - lose * m)) for m in range(last + 1)]


def test_p6_the_grid_is_coarse_and_whole():
    rows = coarse(curve(1000, 0.01), 11)
    assert [row[0] for row in rows] == list(MONTHS) == [6, 12, 18, 24, 30, 36]
    assert rows[0] == (6, 6, 3, 9, 1000, "shown")
    assert all(isinstance(value, int) for row in rows for value in row[:5])


def test_p6_a_month_with_few_at_risk_is_hidden_and_the_rest_rounded():
    rows = coarse(curve(100, 0.01, lose=3), 11)
    assert [row[4] for row in rows] == [80, 65, 45, 30, None, None]
    assert rows[4] == (30, None, None, None, None, "hidden")


@pytest.mark.parametrize(("n", "status"), [(10, "hidden"), (11, "shown")])
def test_p6_at_risk_at_the_edge(n: int, status: str):
    assert {row[5] for row in coarse(curve(n, 0.02), 11)} == {status}


def test_p6_a_step_waits_until_it_stands_for_six_people():
    rows = coarse(curve(50, 0.01), 11)  # three people in six months
    assert [row[1] for row in rows] == [0, 12, 12, 24, 24, 36]
    assert [row[2] for row in rows] == [0, 6, 6, 12, 12, 18]
    shown = [0, *(row[1] for row in rows)]
    assert all(b == a or (b - a) * 50 / 100 >= 6 for a, b in itertools.pairwise(shown))


def test_a_curve_is_not_drawn_beyond_its_end():
    rows = coarse(curve(1000, 0.01, last=20), 11)
    assert [row[5] for row in rows] == ["shown"] * 3 + ["hidden"] * 3


def test_an_interval_that_is_no_number_is_left_out():
    points = [
        Point(0.0, 0.0, None, None, 500),
        Point(100.0, 0.5, float("nan"), 1.2, 500),
        Point(2000.0, 0.5, 0.1, 0.9, 500),
    ]
    assert coarse(points, 11)[0] == (6, 50, None, 100, 500, "shown")


def test_nothing_is_made_of_nothing():
    assert {row[5] for row in coarse([], 11)} == {"hidden"}
    late = [Point(400.0, 0.5, None, None, 100), Point(2000.0, 0.6, None, None, 100)]
    assert [row[1] for row in coarse(late, 11)] == [None, None, 50, 50, 50, 50]
