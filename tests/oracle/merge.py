"""Merged survivors: which record is the surviving one, which end nowhere, whose consent is withheld."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable
from dataclasses import dataclass, field

from tests.oracle.delivery import Row

Contenders = dict[Hashable, list[Row]]


@dataclass
class People:
    """survivor_of: merged id -> where it ends; fault: ids that end nowhere; withheld: ids without full consent."""

    survivor_of: dict[Hashable, Hashable] = field(default_factory=dict)
    fault: dict[Hashable, str] = field(default_factory=dict)
    withheld: set[Hashable] = field(default_factory=set)


def resolve(contenders: Contenders, gone: set[Hashable]) -> People:
    """The end of every chain of merges."""
    # READING: a chain that ends in a missing record or runs into a cycle quarantines every record on its way, not
    # only the last.
    # READING: a record whose key is gone is a tombstone, not a missing record: one merged into it is collapsed, its
    # rows tombstoned.
    # READING: a merged record that is itself deleted is still merged (collapsed comes first) and its rows are the
    # surviving record's.
    # READING: consent withheld on any record of a chain, deleted or contending versions included, excludes the
    # person.
    # READING: a record without an id is nobody's: it is merged with none and says nothing of a person's consent.
    people = People()
    members: dict[Hashable, list[Row]] = defaultdict(list)
    for key, rows in contenders.items():
        if rows[0].key is None:
            continue
        end, fault = _end_of(key, contenders, gone)
        if fault:
            people.fault[key] = fault
        elif end != key:
            people.survivor_of[key] = end
        members[key if fault else end].extend(rows)
    for end, rows in members.items():
        if any(row["consent_analytics"] is not True for row in rows):
            people.withheld.add(end)
    return people


def _end_of(key: Hashable, contenders: Contenders, gone: set[Hashable]) -> tuple[Hashable, str]:
    seen: set[Hashable] = set()
    while True:
        if key in seen:
            return key, "merge_cycle"
        seen.add(key)
        rows = contenders.get(key)
        if rows is None:
            return key, "" if key in gone else "merge_missing"
        # READING: versions of equal stamp say nothing certain about a merge: the chain ends at that (quarantined)
        # record.
        if len(rows) > 1 or rows[0]["merged_into"] is None:
            return key, ""
        key = rows[0]["merged_into"]
