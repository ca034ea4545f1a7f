"""A table beside its past: groups come and go between releases."""

from __future__ import annotations

import pytest

from flows.publish.linked import Hiding, Past, linked_hidden
from flows.publish.sequence import Published, narrowed


def test_a_group_that_went_is_no_part_of_what_is_hidden_now():
    """All groups but the one that went count the same as before, so what was decided then is the first thing looked at."""
    now = {"a": 40, "b": 12, "c": 3}
    past = Past(now, frozenset({"b", "c"}), Hiding(frozenset({"b", "c", "gone"})))
    found = linked_hidden(now, past=past)
    assert {"b", "c"} <= found.cells <= now.keys()


def test_what_counts_the_same_is_hidden_the_same():
    now = {"a": 400, "b": 120, "c": 3}
    first = linked_hidden(now)
    again = linked_hidden(now, past=Past(now, first.cells, first))
    assert again == first


def months(*tables: dict[str, int]) -> list[Published]:
    """The tables of following months, each hidden in view of all before it."""
    chain: list[Published] = []
    past = None
    for counts in tables:
        found = linked_hidden(counts, past=past)
        past = Past(counts, found.cells, total=found.total, older=tuple(chain))
        chain = past.chain()
    return chain


# Found by `make attack`: a new group was hidden, the two that hid it were shown before and after, and so told how many it was.
NEW_GROUP = (
    {"g0": 14, "g1": 15, "g2": 22},
    {"g0": 15, "g1": 16, "g2": 52, "new": 9},
    {"g0": 15, "g1": 16, "g2": 54, "new": 39},
    {"g0": 15, "g1": 16, "g2": 57, "new": 39},
)
# And others like it: told by one who was hidden in turn, by what the others cannot have lost, by a total that was silent for a month.
OTHERS = (
    (
        {"g0": 17, "g1": 17, "g2": 15, "g3": 5, "g4": 11, "g5": 33, "g6": 22},
        {"g0": 18, "g1": 18, "g2": 15, "g3": 5, "g4": 11, "g5": 35, "g6": 22},
        {"g0": 18, "g1": 19, "g2": 15, "g3": 5, "g4": 14, "g5": 35, "g6": 34},
    ),
    (
        {"g0": 18, "g1": 11, "g2": 40, "g3": 9}, {"g0": 30, "g1": 12, "g2": 40, "g3": 9},
        {"g0": 42, "g1": 14, "g2": 52, "g3": 10}, {"g0": 42, "g1": 17, "g2": 64, "g3": 11},
    ),
    ({"g0": 33, "g1": 14}, {"g0": 34, "g1": 14}, {"g0": 34, "g1": 14, "new": 1}, {"g0": 34, "g1": 16, "new": 2}),
)  # fmt: skip


@pytest.mark.parametrize("tables", [NEW_GROUP, *OTHERS])
def test_p5_no_hidden_group_is_narrowed_by_any_month_before_or_after(tables: tuple[dict[str, int], ...]):
    assert narrowed(months(*tables), threshold=11) == set()


def test_p5_what_tells_the_new_group_is_seen():
    """The four months as they would be hidden if each were held against the one before it alone."""
    told = [Published(NEW_GROUP[0], frozenset()), Published(NEW_GROUP[1], frozenset({"g0", "g1", "new"}))]
    assert narrowed(told, threshold=11) == set(), "until the third month nothing is told"
    told.append(Published(NEW_GROUP[2], frozenset()))
    assert narrowed(told, threshold=11) == {(1, "new")}
    assert narrowed(told, threshold=11, public=("new",)) == set()


def test_a_group_that_shrank_contradicts_nothing():
    """Erased and corrected people make groups smaller; growth is assumed only where it was so."""
    chain = [
        Published({"a": 60, "b": 8, "c": 30}, frozenset({"b", "c"})),
        Published({"a": 20, "b": 5, "c": 30}, frozenset("bc")),
    ]
    assert narrowed(chain, threshold=11) == set()
