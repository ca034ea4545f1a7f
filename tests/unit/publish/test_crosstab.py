"""Two-way tables with totals, attacked by a linear programme that knows nothing of how cells were chosen."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from flows.errors import HomeError
from flows.publish.crosstab import cell_range, two_way, two_way_hidden, with_totals

grids = st.tuples(st.integers(1, 4), st.integers(1, 4)).flatmap(
    lambda shape: st.lists(
        st.lists(st.one_of(st.integers(0, 14), st.integers(0, 300)), min_size=shape[1], max_size=shape[1]),
        min_size=shape[0], max_size=shape[0],
    )
)  # fmt: skip


def attack(full: list[list[int]], hidden: set[tuple[int, int]], cell: tuple[int, int]) -> tuple[float, float]:
    """The least and the greatest a hidden cell can be: every row and column sums to its total, nothing is negative."""
    n_rows, n_columns = len(full), len(full[0])
    variables = sorted(hidden)
    place = {variable: number for number, variable in enumerate(variables)}
    lines = [[(i, j) for j in range(n_columns)] for i in range(n_rows)]
    lines += [[(i, j) for i in range(n_rows)] for j in range(n_columns)]
    left, right = [], []
    for *parts, total in lines:
        row, known = np.zeros(len(variables)), 0
        for item, sign in [*((part, 1) for part in parts), (total, -1)]:
            if item in place:
                row[place[item]] += sign
            else:
                known += sign * full[item[0]][item[1]]
        left.append(row)
        right.append(-known)
    found = []
    for sign in (1, -1):
        aim = np.zeros(len(variables))
        aim[place[cell]] = sign
        solved = linprog(aim, A_eq=np.array(left), b_eq=np.array(right), bounds=(0, 10_000))
        found.append(sign * solved.fun)
    return found[0], found[1]


@settings(max_examples=60, deadline=None)
@given(counts=grids)
def test_p5_a_linear_programme_cannot_narrow_a_hidden_cell(counts):
    full, hidden = with_totals(counts), two_way_hidden(counts)
    for cell in hidden:
        low, high = attack(full, hidden, cell)
        assert (low < 0.5 and high > 9.5) or high - low + 1 > 10.5


@settings(max_examples=60, deadline=None)
@given(counts=grids, data=st.data())
def test_the_range_found_by_flows_is_that_of_the_linear_programme(counts, data):
    full = with_totals(counts)
    cells = [(i, j) for i in range(len(full)) for j in range(len(full[0]))]
    hidden = set(data.draw(st.lists(st.sampled_from(cells), min_size=1, max_size=8)))
    cell = sorted(hidden)[0]
    value = full[cell[0]][cell[1]]
    low, high = cell_range(full, hidden, cell, enough=50)
    exact_low, exact_high = attack(full, hidden, cell)
    assert low == max(round(exact_low), value - min(50, value))
    assert high == min(round(exact_high), value + 50)


@settings(max_examples=60, deadline=None)
@given(counts=grids)
def test_small_cells_and_small_totals_are_always_hidden(counts):
    shown, full = two_way(counts), with_totals(counts)
    for row, exact in zip(shown, full, strict=True):
        for value, count in zip(row, exact, strict=True):
            assert value is None or (count >= 11 and value >= 15 and value % 5 == 0)


def test_a_safe_table_is_shown_whole():
    assert two_way([[20, 30], [40, 50]]) == [[20, 30, 50], [40, 50, 90], [60, 80, 140]]


def test_one_small_cell_takes_three_others_with_it():
    hidden = two_way_hidden([[3, 30, 60], [40, 50, 80], [70, 90, 100]])
    assert len(hidden) == 4
    assert (0, 0) in hidden
    assert not any(3 in cell for cell in hidden)


def test_edges():
    assert two_way([[5]]) == [[None, None], [None, None]]
    assert two_way([[20]]) == [[20, 20], [20, 20]]
    with pytest.raises(ValueError, match="not negative"):
        two_way([[-1, 20]])
    with pytest.raises(HomeError):
        two_way([[20]], threshold=10)
