"""Which bucket each input row falls in: collapsed, tombstoned, excluded, quarantined or out; the first that applies."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from tests.oracle import absorb, merge
from tests.oracle.contract import COLUMNS
from tests.oracle.delivery import Row, Scope
from tests.oracle.rules import rules

BUCKETS = ("collapsed", "tombstoned", "excluded", "quarantined", "out")
MISSING = "missing"

Rule = Callable[[Row], str]


@dataclass
class House:
    """All rows with their buckets, and what later steps look up: rows by key, merged survivors, absorbed episodes."""

    scope: Scope
    as_of: date
    contenders: dict[str, dict[Hashable, list[Row]]] = field(default_factory=dict)
    survivor_of: dict[Hashable, Hashable] = field(default_factory=dict)  # survivor_id -> the surviving record's id
    root_of: dict[Hashable, Hashable] = field(default_factory=dict)  # absorbed episode_id -> the first episode's id
    last_of: dict[Hashable, Row] = field(default_factory=dict)  # first episode's id -> the last row it absorbed

    def fate(self, table: str, key: Hashable) -> str:
        """The bucket of the record with this key, where its children go too; `missing` when there never was one."""
        if table == "survivors":
            key = self.survivor_of.get(key, key)
        if table == "aftercare_episodes":
            key = self.root_of.get(key, key)
        rows = self.contenders[table].get(key)
        if rows:
            # READING: where versions of one key contend (equal stamps) its children go to the first bucket any of
            # them is in.
            return min((row.bucket for row in rows), key=BUCKETS.index)
        return "tombstoned" if key in self.scope.gone[table] else MISSING

    def out(self, table: str) -> dict[Hashable, Row]:
        """Rows that are out, by key."""
        return {row.key: row for row in self.scope.rows[table] if row.bucket == "out"}


def sort_into_buckets(scope: Scope, *, as_of: date) -> House:
    """The house of all rows, each with its bucket and, when quarantined, its rule."""
    house = House(scope, as_of)
    for table in COLUMNS:
        house.contenders[table] = _collapse_duplicates(scope.rows[table])
    _judge_reference_tables(house)
    _judge_survivors(house)
    _judge(house, "cases", lambda row: [], lambda row: "")
    _judge_episodes(house)
    _judge_children(house)
    return house


def _collapse_duplicates(rows: list[Row]) -> dict[Hashable, list[Row]]:
    """Rows that still contend for each key: one, or several of equal stamp; all others are marked collapsed."""
    # READING: the loser by `modified_at` is collapsed; with equal greatest stamps all the tied contents are
    # quarantined and the older ones collapsed. A null stamp is older than any. The rule runs over all deliveries in
    # scope together. Rows without a key are nobody's duplicates.
    by_key: dict[Hashable, list[Row]] = defaultdict(list)
    for number, row in enumerate(rows):
        by_key[("no key", number) if _is_null(row.key) else row.key].append(row)
    contenders: dict[Hashable, list[Row]] = {}
    for key, same_key in by_key.items():
        different = _first_of_each_content(same_key)
        newest = max(map(_stamp, different))
        for row in different:
            if _stamp(row) < newest:
                row.bucket = "collapsed"
            else:
                contenders.setdefault(key, []).append(row)
    return contenders


def _first_of_each_content(same_key: list[Row]) -> list[Row]:
    """The rows of one key that differ; each that repeats another is collapsed."""
    # READING: within one delivery rows differ by any column. Between deliveries only what was kept of them can be
    # compared: a row that came again with another phone number and the old stamp is the same row.
    copies = Counter(row.delivery for row in same_key)
    whole: dict[tuple[Any, ...], dict[Any, Row]] = defaultdict(dict)
    for row in sorted(same_key, key=lambda row: copies[row.delivery] == 1):
        alike = whole[row.kept]
        identity = row.content if copies[row.delivery] > 1 else next(iter(alike), None)
        if identity in alike:
            row.bucket = "collapsed"
        else:
            alike[identity] = row
    return [row for alike in whole.values() for row in alike.values()]


def _is_null(key: Hashable) -> bool:
    return key is None or (isinstance(key, tuple) and None in key)


def _stamp(row: Row) -> tuple[bool, Any]:
    stamp = row["modified_at"]
    return (stamp is not None, stamp)


def _judge(
    house: House,
    table: str,
    parents: Callable[[Row], list[str]],
    own_rule: Rule,
    withheld: Callable[[Row], bool] = lambda row: False,
) -> None:
    """Sets the bucket of every contending row of a table from its parents' fates and its own faults."""
    for rows in house.contenders[table].values():
        for row in rows:
            row.bucket, row.rule = _verdict(row, len(rows) > 1, parents(row), own_rule, withheld(row))


def _verdict(row: Row, is_tied: bool, fates: list[str], own_rule: Rule, is_withheld: bool) -> tuple[str, str]:
    if row.values.get("is_deleted") or "tombstoned" in fates:
        return "tombstoned", ""
    if is_withheld or "excluded" in fates:
        return "excluded", ""
    # READING: a row that breaks several rules is counted under one: null key, equal stamps, orphan, parent, then its
    # own.
    rule = _key_fault(row, is_tied) or _parent_fault(fates) or own_rule(row)
    return ("quarantined", rule) if rule else ("out", "")


def _key_fault(row: Row, is_tied: bool) -> str:
    # READING: a row without a key is quarantined.
    if _is_null(row.key) and row.table != "aso_scores":
        return "null_key"
    return "equal_stamps" if is_tied else ""


def _parent_fault(fates: list[str]) -> str:
    if MISSING in fates:
        return "orphan"
    return "parent_quarantined" if "quarantined" in fates else ""


def _judge_reference_tables(house: House) -> None:
    # READING: office_id and partner_id are look-ups, not parents, wherever they stand in people's records: a row that
    # names an office or partner that is not there (or gone) is kept. Among the reference tables they are parents: a
    # training is nothing without its partner, and a partner that names an office (it need not) stands and falls with it.
    _judge(house, "offices", lambda row: [], lambda row: "")
    _judge(
        house,
        "partners",
        lambda row: [] if row["office_id"] is None else [house.fate("offices", row["office_id"])],
        lambda row: "",
    )
    _judge(house, "partner_trainings", lambda row: [house.fate("partners", row["partner_id"])], lambda row: "")


def _judge_survivors(house: House) -> None:
    people = merge.resolve(house.contenders["survivors"], house.scope.gone["survivors"])
    house.survivor_of = people.survivor_of
    # READING: a person is deleted where any contending version of the record is, so the versions share one fate.
    deleted = {key for key, rows in house.contenders["survivors"].items() if any(row["is_deleted"] for row in rows)}
    _judge(
        house,
        "survivors",
        lambda row: ["tombstoned"] if row.key in deleted else [],
        lambda row: people.fault.get(row.key, ""),
        withheld=lambda row: row.key in people.withheld or (row.key is None and not row["consent_analytics"]),
    )
    for key, rows in house.contenders["survivors"].items():
        if people.survivor_of.get(key, key) != key:
            for row in rows:
                row.bucket, row.rule = "collapsed", ""


def _judge_episodes(house: House) -> None:
    """Episodes are children of their survivor and their case; an absorbed one is collapsed before anything applies."""
    # READING: only an episode without a fault of its own (deleted, equal stamps, orphan, bad dates) absorbs or is
    # absorbed. What it inherits (a survivor deleted, without consent or quarantined) does not hinder it, because
    # collapsed is the first bucket.

    def parents(row: Row) -> list[str]:
        return [house.fate("survivors", row["survivor_id"]), house.fate("cases", row["case_id"])]

    def own_rule(row: Row) -> str:
        return _episode_fault(row, house.as_of)

    def is_sound(row: Row, is_tied: bool) -> bool:
        faults = _key_fault(row, is_tied), own_rule(row)
        return not row["is_deleted"] and not any(faults) and MISSING not in parents(row)

    table = house.contenders["aftercare_episodes"]
    sound = [row for rows in table.values() for row in rows if is_sound(row, len(rows) > 1)]
    house.root_of, house.last_of = absorb.absorb(sound, house.survivor_of, house.as_of)
    _judge(house, "aftercare_episodes", parents, own_rule)
    for key in house.root_of:
        for row in table[key]:
            row.bucket, row.rule = "collapsed", ""


def _episode_fault(row: Row, as_of: date) -> str:
    # READING: the required dates of an episode are intake_date and, when closed, exit_date; an absent or impossible
    # rescue_date is null, the episode kept. An exit that is given but cannot be is an impossible required date whatever
    # the status, for nobody knows whether the survivor has left. An exit on the day of intake is not before it.
    if row.unreadable & {"intake_date", "exit_date"}:
        return "impossible_date"
    if row["intake_date"] is None:
        return "no_intake_date"
    if row["intake_date"] > as_of:
        return "intake_after_as_of"
    if row["exit_date"] is None:
        return "closed_without_exit" if row["status"] == "closed" else ""
    return "exit_before_intake" if row["exit_date"] < row["intake_date"] else ""


def _judge_children(house: House) -> None:
    def episode(row: Row) -> list[str]:
        return [house.fate("aftercare_episodes", row["episode_id"])]

    def case_and_survivor(row: Row) -> list[str]:
        survivor = row["survivor_id"]
        return [
            house.fate("cases", row["case_id"]),
            *([house.fate("survivors", survivor)] if survivor is not None else []),
        ]

    _judge(house, "aso_assessments", episode, lambda row: _assessment_fault(row, house))
    _judge(house, "aso_scores", lambda row: [house.fate("aso_assessments", row["assessment_id"])], _score_fault)
    for table, (dated, parents) in {
        "community_events": ("attended_on", episode),
        "health_services": ("delivered_on", episode),
        "legal_proceedings": ("occurred_on", case_and_survivor),
        "support_services": ("started_on", episode),
    }.items():
        _judge(house, table, parents, lambda row, dated=dated: _service_fault(row, dated, house.as_of))


def _assessment_fault(row: Row, house: House) -> str:
    # READING: for an assessment of an absorbed episode, rescue and intake are those of the episode that absorbed it.
    episode = house.contenders["aftercare_episodes"][house.root_of.get(row["episode_id"], row["episode_id"])][0]
    day, intake, rescue = row["assessed_on"], episode["intake_date"], episode["rescue_date"]
    if day is None:
        return "no_assessed_on"
    if day > house.as_of:
        return "assessed_after_as_of"
    # READING: "the earlier of rescue_date and intake - 90 days", that is min(rescue, intake - 90); without rescue,
    # intake - 90.
    earliest = intake - timedelta(days=rules().earliest_assessment_days)
    earliest = min(earliest, rescue) if rescue else earliest
    return "assessed_too_early" if day < earliest else ""


def _score_fault(row: Row) -> str:
    item = rules().items.get(row["indicator_code"])
    if item is None:
        return "unknown_indicator"
    return "score_domain" if row["score"] is not None and row["score"] not in range(item.least, item.most + 1) else ""


def _service_fault(row: Row, dated: str, as_of: date) -> str:
    # READING: community and legal rows count as delivered, so one after as_of is quarantined. A delivered row whose date
    # is absent or cannot be is kept, delivered on no known day. Missed, cancelled or `other` rows after as_of are kept.
    is_delivered = row.values.get("status", "delivered") == "delivered"
    return "delivered_after_as_of" if is_delivered and row[dated] is not None and row[dated] > as_of else ""
