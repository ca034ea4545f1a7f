"""A further intake soon after an exit continues the episode: which episodes are absorbed, and by which."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable
from datetime import date

from tests.oracle.delivery import Row
from tests.oracle.rules import rules


def absorb(
    rows: list[Row], survivor_of: dict[Hashable, Hashable], as_of: date
) -> tuple[dict[Hashable, Hashable], dict[Hashable, Row]]:
    """Absorbed episode_id -> first episode's id; first episode's id -> the row of the last episode it absorbed."""
    # READING: "after an exit" is 0 to 30 days after it; an intake before the exit (overlap) is a new episode. Each row is
    # held against every earlier intake of that survivor (the surviving record) and case and continues the one that ended
    # last. Of two overlapping rows that continue one episode, the later intake says when and how it ended; of two intakes of
    # one day the one that has not ended, or ended later, is the later.
    together: dict[tuple[Hashable, Hashable], list[Row]] = defaultdict(list)
    for row in rows:
        survivor = row["survivor_id"]
        together[survivor_of.get(survivor, survivor), row["case_id"]].append(row)
    root_of: dict[Hashable, Hashable] = {}
    last_of: dict[Hashable, Row] = {}
    for group in together.values():
        group.sort(key=lambda row: (row["intake_date"], exit_of(row, as_of) or date.max, row.key))
        _absorb_one(group, root_of, last_of, as_of)
    return root_of, last_of


def _absorb_one(group: list[Row], root_of: dict[Hashable, Hashable], last_of: dict[Hashable, Row], as_of: date) -> None:
    ended: list[tuple[date, int, Row]] = []  # exit, place in the order of intakes, row
    for place, row in enumerate(group):
        before = [one for one in ended if 0 <= (row["intake_date"] - one[0]).days <= rules().continuation_days]
        if before:
            continued = max(before, key=lambda one: one[:2])[2]
            root = root_of.get(continued.key, continued.key)
            root_of[row.key], last_of[root] = root, row
        if exit_date := exit_of(row, as_of):
            ended.append((exit_date, place, row))


def exit_of(row: Row, as_of: date) -> date | None:
    """The exit date, null while it is not yet reached."""
    exit_date = row["exit_date"]
    return exit_date if exit_date is not None and exit_date <= as_of else None
