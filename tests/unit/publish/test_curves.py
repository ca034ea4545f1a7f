import itertools
from typing import Any

import pytest

from flows.publish.sharing.cells import Row
from flows.publish.sharing.curves import MONTHS, at, render, stepped
from flows.publish.sharing.protect import Rule

Found = list[dict[str, Any]]


def points(n: int, step: float, *, last: int = 40, lose: int = 0, first: int = 0) -> Found:
    """A curve a month: the estimate rises by a step, and so many are lost from those at risk."""
    return [
        {"day": 30.4375 * m, "estimate": step * m, "lower": step * m / 2, "upper": step * m * 1.5,
         "n_at_risk": max(0, n - lose * m)}
        for m in range(first, last + 1)
    ]  # fmt: skip


def row(n: int, found: dict[str, Found], key: tuple[str, str, str] = ("c", "overall", "all")) -> Row:
    grid = {state: {str(m): at(curve, m * 30.4375) for m in MONTHS} for state, curve in found.items()}
    some = next(iter(grid.values()))
    at_risk = {f"m{m}": point["n"] if (point := some[str(m)]) else 0 for m in MONTHS}
    return Row(key, {"n": n, **at_risk}, {"label": key[2], "method": "panel", "points": grid})


def lines(n: int, step: float, **more: int) -> list[tuple[object, ...]]:
    """Month, estimate, lower, upper, at risk and status of a curve of all together."""
    rendered = render([row(n, {"restored": points(n, step, **more)})], Rule(11))
    return [(line[5], line[6], line[7], line[8], line[9], line[11]) for line in rendered]


def test_p6_the_grid_is_coarse_and_whole():
    rows = lines(1000, 0.01)
    assert [one[0] for one in rows] == list(MONTHS) == [6, 12, 18, 24, 30, 36]
    assert rows[0] == (6, 6, 3, 9, 1000, "shown")
    assert all(isinstance(value, int) for one in rows for value in one[:5])


def test_p6_a_month_with_few_at_risk_is_hidden_and_the_rest_rounded():
    rows = lines(100, 0.01, lose=3)
    assert [one[4] for one in rows] == [80, 65, 45, 30, None, None]
    assert rows[4] == (30, None, None, None, None, "hidden")


@pytest.mark.parametrize(("n", "status"), [(10, "hidden"), (11, "shown")])
def test_p6_at_risk_at_the_edge(n: int, status: str):
    assert {one[5] for one in lines(n, 0.01)} == {status}


def test_p6_a_step_waits_until_it_stands_for_six_people():
    rows = lines(50, 0.01)  # three people in six months
    assert [one[1] for one in rows] == [0, 12, 12, 24, 24, 36]
    assert [one[2] for one in rows] == [0, 6, 6, 12, 12, 18]
    assert rows[0][3] == 12  # what six of fifty are
    shown = [0, *(one[1] for one in rows)]
    assert all(b == a or (b - a) * 50 / 100 >= 6 for a, b in itertools.pairwise(shown))


def test_p6_a_step_that_leaves_fewer_than_six_is_not_shown():
    assert [one[1] for one in lines(20, 0.03)] == [0, 36, 36, 36, 36, 36]


def test_a_curve_is_not_drawn_beyond_its_end():
    assert [one[5] for one in lines(1000, 0.01, last=20)] == ["shown"] * 3 + ["hidden"] * 3


def test_an_interval_that_is_no_number_is_left_out():
    found = {"6": {"estimate": 0.5, "lower": None, "upper": 1.2}}
    assert stepped(found, 500)[6] == (50, None, 100)


def test_nothing_is_made_of_nothing():
    assert set(stepped({}, 0).values()) == {None}
    late = points(100, 0.01, first=13)
    assert [one[1] for one in lines(100, 0.01, first=13)] == [None, None, 18, 24, 30, 36]
    assert at(late, 100) is None


def test_p6_who_is_in_care_is_what_the_shown_exits_leave():
    found = {"restored": points(50, 0.01), "lost": points(50, 0.001), "in_care": points(50, 0.123)}
    rendered = render([row(50, found)], Rule(11))
    by_state = {state: [line[6] for line in rendered if line[4] == state] for state in ("restored", "lost", "in_care")}
    assert by_state["lost"] == [0] * 6
    assert by_state["in_care"] == [100 - shown for shown in by_state["restored"]]


def test_p6_at_risk_is_said_of_all_together_only_and_groups_of_few_are_hidden_with_another():
    def group(value: str, n: int) -> Row:
        return row(n, {"restored": points(n, 0.01, lose=1)}, ("c", "office_id", value))

    every = row(330, {"restored": points(330, 0.01, lose=3)})
    rendered = render([every, group("A", 200), group("B", 120), group("C", 10)], Rule(11))
    assert {line[9] for line in rendered if line[2] != "all"} == {None}
    assert {line[2] for line in rendered if line[11] == "hidden" and line[5] == 6} == {"B", "C"}
