"""Every dirty value that a delivery with faults holds: one row a rule, in the words of the source contract.

`where` says which rows may be hit (`t` is the row, `c` its person's only episode: `intake`, `rescue`, `left_on`).
`put` says what is put into them; in it `p.n` counts the rows of a rule from 1, and `p` has the dates of `c`.
An `insert` leaves the row found alone and puts a changed copy beside it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Literal

_AS_OF: Final = "getvariable('as_of')"
_UNKNOWN: Final = "'code-' || qx(getvariable('rule'), p.n)"
_NOBODY: Final = "999000000000 + p.n"
_IS_OUT, _IS_IN = "c.left_on is not null", "c.left_on is null"
_SETTLED: Final = "t.modified_at < getvariable('extracted') - interval 2 hour"


@dataclass(frozen=True)
class Rule:
    """One kind of dirty value: what it is, where it can be planted and what is written there."""

    name: str
    table: str
    meaning: str
    put: dict[str, str] = field(default_factory=dict)
    where: str = "true"
    how: Literal["update", "insert", "merge"] = "update"


def _late() -> Iterator[Rule]:
    """After the exit; first, since few stays ended long enough ago."""
    yield Rule(
        *("service_over_36_months", "community_events", "attendance more than 36 months after the exit: kept, warns"),
        {"attended_on": "p.left_on + 1150"},
        f"c.left_on < {_AS_OF} - 1160",
    )
    for table, put in (
        ("community_events", {"attended_on": "p.left_on + 30"}),
        ("health_services", {"delivered_on": "p.left_on + 30", "planned_on": "null"}),
    ):
        is_done = "t.status = 'delivered'" if table == "health_services" else "true"
        meaning = "delivered 30 days after the exit: kept, warns"
        yield Rule(f"service_after_exit.{table}", table, meaning, put, f"c.left_on < {_AS_OF} - 40 and {is_done}")


def _episodes() -> Iterator[Rule]:
    table = "aftercare_episodes"
    unknown = {"closure_reason": "'Reason-' || qx(getvariable('rule'), p.n)"}
    yield Rule("unknown_closure_reason", table, "a text that stands for no known outcome", unknown, _IS_OUT)
    yield Rule("exit_before_intake", table, "left 5 days before intake", {"exit_date": "p.intake - 5"}, _IS_OUT)
    later = {"intake_date": f"({_AS_OF} + 20)::varchar"}
    yield Rule("intake_after_as_of", table, "intake in the future, in an open episode", later, _IS_IN)
    yield Rule("intake_impossible", table, "a date no calendar has", {"intake_date": "'2024-02-30'"})
    yield Rule("intake_1900", table, "a date that stands for unknown", {"intake_date": "'1900-01-01'"})
    yield Rule("intake_absent", table, "no date of intake", {"intake_date": "null"})
    yield Rule("closed_without_exit_date", table, "status closed, no exit date", {"exit_date": "null"}, _IS_OUT)
    yield Rule(
        *("open_with_closure_reason", table, "no exit date, but a reason"), {"closure_reason": "'Restored'"}, _IS_IN
    )


def _codes() -> Iterator[Rule]:
    cancelled = "t.status = 'cancelled'"
    for table, column, where in (
        *(
            ("health_services", "service_type", "t.service_type <> 'trauma_therapy'"),
            ("community_events", "event_type", "true"),
        ),
        *(("legal_proceedings", "event_type", "true"), ("partner_trainings", "topic", "true")),
        *(("partners", "partner_type", "true"), ("aso_assessments", "stage", "true")),
        *(("aso_assessments", "setting", "true"), ("community_events", "role", "true")),
        *(("aftercare_episodes", "status", "true"), ("health_services", "status", cancelled)),
        *(("support_services", "status", cancelled), ("support_services", "service_category", "true")),
        *(("cases", "casework_type", "true"), ("survivors", "gender", "true")),
    ):
        yield Rule(f"unknown_code.{table}.{column}", table, f"a {column} outside the list", {column: _UNKNOWN}, where)


def _forms() -> Iterator[Rule]:
    table, scored = "aso_scores", "t.score is not null"
    extra = {"indicator_code": _UNKNOWN}
    yield Rule("unknown_indicator_code", table, "a score for an item nobody knows", extra, scored, "insert")
    outside = {"score": "['0', '5', '-1', '9'][1 + p.n % 4]"}
    yield Rule("score_out_of_range", table, "0, 5, -1 or 9", outside, scored)
    yield Rule("score_not_whole", table, "2.5", {"score": "'2.5'"}, scored)
    yield Rule("score_text", table, "the word Three", {"score": "'Three'"}, scored)
    too_early = {"assessed_on": "least(p.rescue, p.intake - 90) - 40"}
    yield Rule("assessment_too_early", "aso_assessments", "before rescue and before intake - 90 days", too_early)
    too_late = {"assessed_on": f"{_AS_OF} + 10"}
    yield Rule("assessment_after_as_of", "aso_assessments", "a form of the future", too_late)


def _future() -> Iterator[Rule]:
    for table, put, where in (
        ("health_services", {"delivered_on": f"{_AS_OF} + 15"}, "t.status = 'delivered'"),
        ("community_events", {"attended_on": f"{_AS_OF} + 15"}, "true"),
        ("legal_proceedings", {"occurred_on": f"{_AS_OF} + 15"}, "true"),
        ("support_services", {"started_on": f"{_AS_OF} + 15", "ended_on": "null"}, "t.status = 'delivered'"),
    ):
        meaning = "delivered, but dated after as_of: quarantined"
        yield Rule(f"delivered_after_as_of.{table}", table, meaning, put, f"{_IS_IN} and {where}")
    planned = {"health_services": "planned_on", "support_services": "started_on"}
    undone = {"health_services": {"delivered_on": "null", "sessions": "null"}, "support_services": {"ended_on": "null"}}
    for table, column in planned.items():
        key = f"{table[:-1]}_id"
        put = {key: f"t.{key} || '-F' || p.n", column: f"{_AS_OF} + 12", "status": "'planned'", **undone[table]}
        yield Rule(f"planned_after_as_of.{table}", table, "a plan, kept as planned", put, _IS_IN, "insert")


_KEY_AND_PARENT: Final = {
    "aftercare_episodes": ("episode_id", "survivor_id", "S"),
    "aso_assessments": ("assessment_id", "episode_id", "E"),
    "aso_scores": ("assessment_id", "assessment_id", "A"),
    "community_events": ("attendance_id", "episode_id", "E"),
    "health_services": ("health_service_id", "episode_id", "E"),
    "legal_proceedings": ("proceeding_id", "case_id", "C"),
    "support_services": ("support_service_id", "episode_id", "E"),
}
_OTHER_CONTENT: Final = {
    "survivors": {"primary_language": "if(t.primary_language = 'en', 'es', 'en')"},
    "aso_assessments": {"setting": "if(t.setting = 'shelter', 'family', 'shelter')"},
    "aso_scores": {"score": "if(t.score = '4', '3', '4')"},
    "health_services": {"sessions": "t.sessions + 1"},
}


def _doubles() -> Iterator[Rule]:
    for table in ("survivors", "cases", *_KEY_AND_PARENT):
        yield Rule(f"exact_duplicate.{table}", table, "the same row once more: collapsed", how="insert")
    for table, put in _OTHER_CONTENT.items():
        has = next((f"t.{column} is not null" for column in ("sessions", "score") if column in put), "true")
        where = f"{_SETTLED} and {has}"
        later = {**put, "modified_at": "t.modified_at + interval 1 hour"}
        meaning = "the same key, other content, a later stamp: the copy wins"
        yield Rule(f"same_key_later.{table}", table, meaning, later, where, "insert")
        if table != "survivors":
            meaning = "the same key and stamp, other content: the copy and the row it doubles are quarantined"
            yield Rule(f"same_key_equal_stamp.{table}", table, meaning, put, where, "insert")
    for table, (key, parent, prefix) in _KEY_AND_PARENT.items():
        put = {key: f"t.{key} || '-F' || p.n", parent: f"raw('{prefix}', {_NOBODY})"}
        if table == "legal_proceedings":
            put["survivor_id"] = "null"
        yield Rule(f"orphan.{table}", table, f"its {parent} is in no row", put, how="insert")


def _people() -> Iterator[Rule]:
    gone = {"merged_into": f"raw('S', {_NOBODY})"}
    yield Rule("merged_into_missing", "survivors", "merged into a record that is in no row", gone)
    yield Rule("merge_cycle", "survivors", "three records, each merged into the next", how="merge")
    yield Rule(
        "merge_chain", "survivors", "two new records: one merged into the other, that into a person", how="merge"
    )
    for table in ("survivors", "aftercare_episodes", "aso_assessments", "health_services"):
        yield Rule(f"is_deleted.{table}", table, "marked deleted: tombstoned with its children", {"is_deleted": "true"})


RULES: Final[tuple[Rule, ...]] = (
    *_late(),
    *_episodes(),
    *_codes(),
    *_forms(),
    *_future(),
    *_doubles(),
    *_people(),
)
FAULT_RULES: Final[dict[str, str]] = {rule.name: f"{rule.table}: {rule.meaning}" for rule in RULES}
"""The name of every fault and what it means."""
