"""The small-number rule at its edges, and attackers who try to work out what is hidden."""

import itertools
from collections import defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.errors import HomeError
from flows.publish.disclosure import Table, checked_threshold, one_way, one_way_hidden, percent, rounded

counts_of = st.dictionaries(
    st.sampled_from("abcdefgh"), st.one_of(st.integers(0, 30), st.integers(0, 5000)), min_size=1, max_size=8
)


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (0, None),
        (1, None),
        (10, None),
        (11, 15),
        (12, 15),
        (13, 15),
        (17, 15),
        (18, 20),
        (22, 20),
        (23, 25),
        (5001, 5000),
    ],
)
def test_rounding_at_its_edges(count: int, shown: int | None):
    assert rounded(count) == shown


@pytest.mark.parametrize("threshold", [10, 5, 0, -1, True, 11.5, "11", None])
def test_r32_the_threshold_is_never_lowered(threshold: object):
    for ask in (
        lambda: checked_threshold(threshold),  # type: ignore[arg-type]
        lambda: rounded(100, threshold),  # type: ignore[arg-type]
        lambda: one_way({"a": 100}, threshold=threshold),  # type: ignore[arg-type]
    ):
        with pytest.raises(HomeError, match="11 or more"):
            ask()


def test_the_threshold_may_be_raised():
    assert rounded(20, 20) == 20
    assert rounded(19, 20) is None
    assert rounded(21, 21) == 25
    assert one_way({"a": 25, "b": 400, "c": 500}, threshold=30).counts == {"a": None, "b": None, "c": 500}


def test_a_negative_count_is_an_error():
    for ask in (lambda: rounded(-1), lambda: one_way({"a": -1}), lambda: one_way({"a": 20}, people={"a": -1})):
        with pytest.raises(ValueError, match="not negative"):
            ask()


@pytest.mark.parametrize(
    ("part", "whole", "said"),
    [(50, 200, 25), (None, 200, None), (50, None, None), (200, 200, None), (15, 50_000, None), (0, 20, None),
     (49_900, 50_000, None)],
)  # fmt: skip
def test_percents_never_say_none_or_all(part, whole, said):
    assert percent(part, whole) == said


def test_percents_come_from_rounded_parts():
    table = one_way({"a": 33, "b": 68})
    assert (table.counts, table.total) == ({"a": 35, "b": 70}, 100)
    assert table.percents == {"a": 35, "b": 70}


@pytest.mark.parametrize(
    ("counts", "hidden"),
    [
        ({"a": 11, "b": 11}, ""),
        ({"a": 10, "b": 100, "c": 200}, "ab"),
        ({"a": 0, "b": 100, "c": 200}, "ab"),
        ({"a": 3, "b": 5, "c": 100, "d": 200}, "abc"),
        ({"a": 0, "b": 11, "c": 12, "d": 200}, "abcd"),
        ({"a": 10, "b": 200}, "ab"),
        ({"a": 500, "b": 0, "c": 0}, "abc"),
        ({"a": 5, "b": 5}, "ab"),
        ({"a": 4}, "a"),
        ({}, ""),
    ],
)
def test_what_is_hidden(counts: dict[str, int], hidden: str):
    assert one_way_hidden(counts) == set(hidden)


def test_a_cell_of_few_people_is_hidden_however_many_its_episodes():
    table = one_way({"a": 40, "b": 100, "c": 300}, people={"a": 10, "b": 90, "c": 280})
    assert table.counts == {"a": None, "b": None, "c": 300}


def test_a_total_below_the_threshold_is_hidden_with_all_its_cells():
    assert one_way({"a": 5, "b": 5}) == Table({"a": None, "b": None}, {"a": None, "b": None}, None)


@settings(max_examples=300, deadline=None)
@given(counts=counts_of)
def test_no_shown_number_is_below_the_threshold_or_off_the_grid(counts):
    table = one_way(counts)
    for shown in [*table.counts.values(), table.total]:
        assert shown is None or (shown >= 11 and shown % 5 == 0)
    for name, shown in table.counts.items():
        assert shown is None or counts[name] >= 11
        assert shown is None or abs(shown - counts[name]) <= 4


def bounds(counts: dict[str, int], hidden: set[str]) -> dict[str, tuple[int, int]]:
    """The range of each hidden cell for an attacker who has the exact total and every shown cell exactly."""
    rest = sum(counts.values()) - sum(count for name, count in counts.items() if name not in hidden)
    return {name: (rest if len(hidden) == 1 else 0, rest) for name in hidden}


@settings(max_examples=500, deadline=None)
@given(counts=counts_of)
def test_p5_an_attacker_with_exact_totals_cannot_narrow_a_hidden_cell(counts):
    hidden = one_way_hidden(counts)
    if sum(counts.values()) < 11:
        return  # the total is hidden too: nothing is known
    for low, high in bounds(counts, hidden).values():
        assert low == 0
        assert high >= 10


def test_p5_an_attacker_who_also_knows_the_rule_cannot_narrow_a_hidden_cell():
    """All tables of three cells up to 45: those that publish the same are all an attacker can tell apart."""
    published: dict[tuple[object, ...], list[set[int]]] = defaultdict(lambda: [set(), set(), set()])
    for values in itertools.product(range(46), repeat=3):
        table = one_way(dict(zip("abc", values, strict=True)))
        for seen, value in zip(published[(table.total, *table.counts.values())], values, strict=True):
            seen.add(value)
    for (total, *shown), cells in published.items():
        if total is not None and total - sum(n or 0 for n in shown) > 40:
            continue  # larger tables than tried here would publish the same
        for n, cell in zip(shown, cells, strict=True):
            assert n is not None or set(range(11)) <= cell or max(cell) - min(cell) + 1 >= 11
