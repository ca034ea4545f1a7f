"""Cells of one table that other tables tell something about: that of the whole it is a part of, and that of last time.

What an attacker knows of a hidden cell is a range: no less than `low`, no more than `high`, and all hidden cells of a table together
are its total less what is shown. Cells are hidden until no range that follows is narrower than the threshold.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from math import inf

from flows.publish.disclosure import BASE, MINIMUM, one_way_hidden
from flows.publish.sequence import Published, narrowed

FUZZ = BASE // 2
Range = tuple[float, float]


@dataclass(frozen=True)
class Past:
    """A table as it was published before: the exact counts behind it, and which were hidden."""

    counts: Mapping[str, int]
    hidden: frozenset[str]
    decided: "Hiding | None" = None
    """What `linked_hidden` said then; `hidden` may be more, for the sake of other tables."""
    total: bool = False
    """Whether the total was hidden."""
    older: tuple[Published, ...] = ()
    """The tables before that one, the oldest first."""

    def chain(self) -> list[Published]:
        """All of them that are remembered, the oldest first."""
        return [*self.older, Published(self.counts, self.hidden, self.total)]


@dataclass(frozen=True)
class Hiding:
    """Which cells of a table to hide, and whether its total, too."""

    cells: frozenset[str]
    total: bool = False


def linked_hidden(
    counts: Mapping[str, int],
    *,
    people: Mapping[str, int] | None = None,
    also: Collection[str] = (),
    caps: Mapping[str, int] | None = None,
    whole: int | None = None,
    past: Past | None = None,
    public: Collection[str] = (),
    threshold: int = MINIMUM,
) -> Hiding:
    """What to hide of a table with a total, so that neither its whole nor its past narrows it.

    `caps`: the wholes that are shown, of which the cells are parts; `whole`: the exact total of all wholes, where it is known.

    The past is taken to grow: a cell shown before is no less now, and one hidden before was no more than it is shown now. Groups
    hidden before are the first to be hidden again, and a table that counts the same hides the same. What all tables before it and
    this one tell together is worked out exactly; `public` names are groups that are no secret.
    """
    if sum(counts.values()) < threshold:
        return Hiding(frozenset(counts), total=True)
    if past and past.decided and _is_as_decided(counts, also, caps or {}, whole, past, threshold):
        return past.decided
    before = past.hidden & counts.keys() if past else frozenset()
    hidden = one_way_hidden(counts, people=people, also=also, prefer=before, threshold=threshold)
    others = sorted(counts.keys() - hidden, key=lambda name: (name not in before, counts[name], name))
    while hidden and _exposed(counts, hidden, caps or {}, whole, past, threshold):
        if not others:
            return Hiding(frozenset(counts), total=True)
        hidden.add(others.pop(0))
    return _safe_over_time(counts, hidden, others, past, public, threshold) if past else Hiding(frozenset(hidden))


def _safe_over_time(
    counts: Mapping[str, int],
    hidden: set[str],
    others: list[str],
    past: Past,
    public: Collection[str],
    threshold: int,
) -> Hiding:
    """Hide more, one by one, until nothing is narrowed by all tables together that was not by those before."""
    chain, before = past.chain(), None
    while True:
        now = Published(counts, frozenset(hidden))
        found = narrowed([*chain, now], threshold=threshold, public=public)
        if found and before is None:
            before = narrowed(chain, threshold=threshold, public=public)
        if not found or found <= (before or set()):
            return Hiding(now.hidden)
        if not others:
            return Hiding(frozenset(counts), total=True)
        hidden.add(others.pop(0))


def _is_as_decided(
    counts: Mapping[str, int],
    also: Collection[str],
    caps: Mapping[str, int],
    whole: int | None,
    past: Past,
    threshold: int,
) -> bool:
    """Whether it is the same table again, and what it is held against leaves what was decided safe."""
    decided = past.decided or Hiding(frozenset())
    if past.counts != counts or not set(also) <= decided.cells <= counts.keys():
        return False
    return decided.total or not _exposed(counts, set(decided.cells), caps, whole, past, threshold)


def ranges(known: Mapping[str, Range], total: int) -> dict[str, Range]:
    """The range of each cell that follows when all of them together are `total`."""
    found = {}
    for name, (low, high) in known.items():
        others = [one for other, one in known.items() if other != name]
        found[name] = (
            max(low, total - sum(highest for _, highest in others)),
            min(high, total - sum(lowest for lowest, _ in others)),
        )
    return found


def is_protected(found: Range, threshold: int) -> bool:
    """Whether a range leaves open everything below the threshold, or is as wide as it."""
    low, high = found
    return (low <= 0 and high >= threshold - 1) or high - low + 1 >= threshold


def _exposed(
    counts: Mapping[str, int],
    hidden: set[str],
    caps: Mapping[str, int],
    whole: int | None,
    past: Past | None,
    threshold: int,
) -> bool:
    known = {name: (_least(name, counts[name], past, threshold), _most(name, counts, caps, past)) for name in hidden}
    found = ranges(known, sum(counts[name] for name in hidden))
    if whole is not None:  # all parts fall short of their wholes by so many, and so does each by no more
        short = max(0, whole - sum(counts.values()))
        for name in (name for name in hidden if name in caps):
            low = max(threshold, caps[name] - FUZZ) - short
            found[name] = (max(found[name][0], min(low, counts[name])), found[name][1])
    # What was shown before is no secret; it is hidden for the sake of the others.
    return not all(is_protected(found[name], threshold) for name, (low, _) in known.items() if low == 0)


def _least(name: str, count: int, past: Past | None, threshold: int) -> float:
    """What a cell is at least, for one who read it before: as far below as rounding allows."""
    if past is None or name in past.hidden or name not in past.counts:
        return 0.0
    return float(max(0, min(count, max(threshold, past.counts[name] - FUZZ))))


def _most(name: str, counts: Mapping[str, int], caps: Mapping[str, int], past: Past | None) -> float:
    """A cell is at most its whole, as far above as rounding allows; and a new one what the total grew by."""
    most = float(max(counts[name], caps[name] + FUZZ)) if name in caps else inf
    if past is None or name in past.counts:
        return most
    return min(most, float(max(counts[name], sum(counts.values()) - sum(past.counts.values()))))
