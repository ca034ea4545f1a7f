"""Small numbers: what may be said about how many people, so that no count below the threshold can be worked out.

A count below the threshold is hidden, zero included. Where totals would give it away, more cells are hidden beside it,
judged as if every shown number were exact. What is shown is rounded to 5, never below the threshold; rates come from
rounded parts.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from flows.errors import HomeError

MINIMUM = 11
BASE = 5


@dataclass(frozen=True)
class Table:
    """A table that may leave: None is hidden. Percent is of the total, None also when it would say none or all."""

    counts: dict[str, int | None]
    percents: dict[str, int | None]
    total: int | None


def checked_threshold(threshold: int) -> int:
    """The threshold, if it is allowed: it may be raised above 11 and never lowered."""
    if isinstance(threshold, bool) or not isinstance(threshold, int) or threshold < MINIMUM:
        raise HomeError(
            f"the threshold for small numbers is {MINIMUM} or more",
            stage="publish",
            next_step=f"set disclosure_threshold to {MINIMUM} or above",
        )
    return threshold


def rounded(count: int, threshold: int = MINIMUM) -> int | None:
    """A count to the nearest 5, at least the first multiple of 5 from the threshold on; None for one below it."""
    if count < 0:
        raise ValueError("a count is not negative")
    if count < checked_threshold(threshold):
        return None
    lowest = -(-threshold // BASE) * BASE
    return max(lowest, (2 * count + BASE) // (2 * BASE) * BASE)


def percent(part: int | None, whole: int | None) -> int | None:
    """Whole percent from rounded parts; None when a part is hidden, or when it would say none or all."""
    if part is None or not whole:
        return None
    value = (200 * part + whole) // (2 * whole)
    return value if 0 < value < 100 else None


def one_way(counts: Mapping[str, int], *, people: Mapping[str, int] | None = None, threshold: int = MINIMUM) -> Table:
    """A table of counts with its total, safe to publish.

    `people` gives the persons behind each count, when one person can be counted twice: a cell of few persons is hidden,
    however large its count.
    """
    hidden = one_way_hidden(counts, people=people, threshold=threshold)
    total = rounded(sum(counts.values()), threshold)
    shown = {name: None if name in hidden else rounded(count, threshold) for name, count in counts.items()}
    return Table(shown, {name: percent(count, total) for name, count in shown.items()}, total)


def one_way_hidden(
    counts: Mapping[str, int],
    *,
    people: Mapping[str, int] | None = None,
    also: Collection[str] = (),
    prefer: Collection[str] = (),
    threshold: int = MINIMUM,
) -> set[str]:
    """The names of the cells to hide: the small ones, and the smallest others until they hide each other.

    With the exact total and every shown cell known, each hidden cell can still be anything from 0 to the sum of the
    hidden ones: so there are none, or at least two, one of them not small. Their sum is three thresholds or more where
    the table allows it: tried out on all small tables, less lets one who knows this rule narrow some cells down.
    Cells in `also` are hidden whatever they count; those in `prefer` are the first to be hidden beside others.
    """
    checked_threshold(threshold)
    if any(count < 0 for count in [*counts.values(), *(people or {}).values()]):
        raise ValueError("a count is not negative")
    if sum(counts.values()) < threshold:
        return set(counts)
    fewest = {name: min(count, (people or counts)[name]) for name, count in counts.items()}
    hidden = {name for name, count in fewest.items() if count < threshold or name in also}
    others = sorted(
        (name for name in counts if name not in hidden), key=lambda name: (name not in prefer, counts[name], name)
    )
    helpers = sum(fewest[name] >= threshold for name in hidden)
    while hidden and others and (helpers == 0 or sum(counts[name] for name in hidden) < 3 * threshold):
        hidden.add(others.pop(0))
        helpers += 1
    return hidden
