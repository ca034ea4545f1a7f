"""What is counted about the twelve source tables: nothing lost, nothing twice, codes known, parents present."""

from dataclasses import replace

from expectations.checks import Check
from expectations.suites.rules import SOURCE_TABLES, group, hold, with_holds

# What a code stands for when it is not on the list, and so what gets blurred.
CODES = {
    "partners.partner_type": "kind of partner",
    "partner_trainings.topic": "training topic",
    "survivors.gender": "gender",
    "cases.casework_type": "kind of casework",
    "aftercare_episodes.status": "episode status",
    "aftercare_episodes.closure_reason": "reason for closing",
    "aso_assessments.stage": "assessment stage",
    "aso_assessments.setting": "assessment setting",
    "community_events.event_type": "kind of event",
    "community_events.role": "role at an event",
    "health_services.service_type": "kind of health service",
    "health_services.status": "service status",
    "legal_proceedings.event_type": "kind of legal event",
    "support_services.service_category": "category of support",
    "support_services.status": "service status",
}
RENAMED = {"aftercare_episodes.closure_reason.unknown_code": "unmapped_closure"}

PARENTS = {
    "partners": "an office",
    "partner_trainings": "a partner",
    "aftercare_episodes": "a survivor and a case",
    "aso_assessments": "an episode",
    "aso_scores": "an assessment",
    "community_events": "an episode",
    "health_services": "an episode",
    "legal_proceedings": "a case",
    "support_services": "an episode",
}

_AFTER_AS_OF = {
    "aso_assessments.after_as_of": "A form from the future has a wrong date, and no day to stand on.",
    "community_events.after_as_of": "Nobody can have attended an event of the future.",
    "health_services.after_as_of": "A service of the future cannot have been delivered.",
    "legal_proceedings.after_as_of": "A legal event of the future has not happened.",
    "support_services.after_as_of": "Support in the future cannot have been delivered.",
}
_DATES = {
    "aftercare_episodes.exit_before_intake": "A stay of negative length is a wrong date on one side or the other.",
    "aftercare_episodes.intake_after_as_of": "Nobody has begun a program in the future.",
    "aftercare_episodes.impossible_date": "A date that no calendar has cannot be counted from.",
    "aftercare_episodes.missing_intake": "Every day is counted from intake; without it an episode has no clock.",
    "aftercare_episodes.closed_without_exit": "A closed episode without an exit date ends on a day nobody knows.",
    "aso_assessments.before_window": "A form from long before rescue and intake belongs to another person or year.",
    "aso_assessments.missing_date": "A form without a date stands at no stage.",
}
_SCORES = {
    "aso_scores.unknown_indicator": "A score of an indicator that is not listed belongs to no domain.",
    "aso_scores.indicator_not_valid": "A score of an indicator that did not count on that day would change what a domain means.",
    "aso_scores.score_domain": "An item has its own scale in whole steps; anything else is another scale or a typing error.",
}
_MERGES = {
    "survivors.merged_into_missing": "A record merged into one that does not exist leaves a person nowhere.",
    "survivors.merge_cycle": "Records merged into each other in a circle name no surviving record.",
}


def _kept_whole(table: str) -> list[Check]:
    """Every row is accounted for, and keys do not vanish in bulk."""
    conserved = {f"{table}.conservation": "A row is never dropped in silence: what came in is out, or is counted."}
    deleted = {f"{table}.mass_delete": "So many keys gone at once is a broken export before it is a decision."}
    return [
        *group("conformance", "relational", conserved, severity="block"),
        *group("completeness", "timeliness", deleted, hold=True),
    ]


def _not_twice(table: str) -> list[Check]:
    """Repeats are collapsed; more than usual means that an export ran twice."""
    exact = {f"{table}.duplicate_exact": "A few repeated rows are normal; many mean that an export ran twice."}
    superseded = {f"{table}.duplicate_superseded": "Corrections are normal; many at once mean that stamps moved."}
    conflict = {f"{table}.duplicate_conflict": "Two different rows with one key and one stamp: neither can be chosen."}
    return [
        *group("plausibility", "duplicate", exact),
        *group("plausibility", "duplicate", superseded),
        *group("conformance", "duplicate", conflict),
    ]


def _readable(table: str) -> list[Check]:
    """Every cell could be read, and every row can be named."""
    unreadable = {f"{table}.unreadable": "Text where a number or date belongs is read as missing, which hides it."}
    missing_key = {f"{table}.missing_key": "A row without its key cannot be told from any other."}
    return [
        *with_holds(group("conformance", "value", unreadable)),
        *with_holds(group("completeness", "key", missing_key)),
    ]


def _known_code(column: str, meaning: str) -> list[Check]:
    """Two checks on one count: any unknown code warns, many of them hold the run."""
    check_id = f"{column}.unknown_code"
    because = {check_id: f"An unlisted {meaning} is kept but read as unlisted, until somebody maps it."}
    sub_family = "closure" if check_id in RENAMED else "code"
    (check,) = group("conformance", sub_family, because, table=column.partition(".")[0])
    if check_id in RENAMED:
        check = replace(check, check_id=RENAMED[check_id])
    return [check, hold(check, f"{check_id}.hold")]


_ORPHANS = {
    f"{table}.orphan": f"A row needs {parent}; without it nobody can say whose it is."
    for table, parent in PARENTS.items()
}

CHECKS: list[Check] = [
    *(check for table in SOURCE_TABLES for check in (*_kept_whole(table), *_not_twice(table), *_readable(table))),
    *(check for column, meaning in CODES.items() for check in _known_code(column, meaning)),
    *with_holds(group("conformance", "referential", _ORPHANS)),
    *with_holds(group("plausibility", "timeline", _DATES | _AFTER_AS_OF)),
    *with_holds(group("conformance", "aso", _SCORES)),
    *with_holds(group("conformance", "referential", _MERGES)),
]
