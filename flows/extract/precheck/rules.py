"""The rules in plain words: what was found, what the night does, how to mend it. The rules themselves stand in dbt_project."""

from dataclasses import dataclass

from flows.extract.contract import Column
from flows.extract.precheck.findings import Level

Columns = tuple[str, ...]
_OUT = "These rows are left out and counted (quarantined)."
_WITH_CHILDREN = "These rows are left out and counted (quarantined), and everything that belongs to them with them."


@dataclass(frozen=True)
class Rule:
    """What a rule means to the person who fills in the delivery; `columns` by table, or under "" for all."""

    level: Level
    what: str
    night: str
    mend: str
    columns: dict[str, Columns]

    def columns_of(self, table: str, key: Columns) -> Columns:
        """The columns to look at; the key where the rule names none."""
        return self.columns.get(table, self.columns.get("", key))


PARENTS: dict[str, Columns] = {
    "partners": ("office_id",),
    "partner_trainings": ("partner_id",),
    "aftercare_episodes": ("survivor_id", "case_id"),
    "aso_assessments": ("episode_id",),
    "aso_scores": ("assessment_id",),
    "community_events": ("episode_id",),
    "health_services": ("episode_id",),
    "legal_proceedings": ("case_id", "survivor_id"),
    "support_services": ("episode_id",),
}
HAPPENED: dict[str, Columns] = {
    "aso_assessments": ("assessed_on",),
    "community_events": ("attended_on",),
    "health_services": ("delivered_on",),
    "legal_proceedings": ("occurred_on",),
    "support_services": ("started_on",),
}
# Rules that look into other tables, and say nothing where one of those could not be read.
RELATIONAL = frozenset({"orphan", "parent_quarantined", "merged_into_missing", "unknown_office", "unknown_partner"})
# Of an incremental delivery these can be right: what they miss may have landed before.
LOOKS_BACK = frozenset({"orphan", "merged_into_missing", "unknown_office", "unknown_partner"})

RULES: dict[str, Rule] = {
    "missing_key": Rule(Level.LEFT_OUT, "the row has no key", _OUT, "give every row an id of its own", {}),
    "duplicate_exact": Rule(
        Level.NOTE, "the same row stands more than once", "One of them counts (collapsed).", "delete the repeats", {}
    ),
    "duplicate_superseded": Rule(
        Level.NOTE,
        "another row with this key is newer by modified_at",
        "The newest counts (collapsed).",
        "nothing, if the older rows are earlier versions; else give each row an id of its own",
        {},
    ),
    "duplicate_conflict": Rule(
        Level.LEFT_OUT,
        "rows with one key say different things and none is newer",
        f"None can be chosen. {_WITH_CHILDREN}",
        "keep the right row, or give each an id of its own",
        {},
    ),
    "orphan": Rule(
        Level.LEFT_OUT,
        "the id of what the row belongs to is blank or stands in no row of its table",
        _WITH_CHILDREN,
        "correct the id, or add the row it names",
        PARENTS,
    ),
    "parent_quarantined": Rule(
        Level.LEFT_OUT,
        "the row belongs to one that is left out",
        _OUT,
        "mend the row it belongs to; nothing is wrong here",
        PARENTS,
    ),
    "impossible_date": Rule(
        Level.LEFT_OUT,
        "the intake or exit date is no date of the calendar, or before 1970",
        _WITH_CHILDREN,
        "write dates as YYYY-MM-DD; leave an unknown exit date blank",
        {"": ("intake_date", "exit_date")},
    ),
    "missing_intake": Rule(
        Level.LEFT_OUT,
        "there is no intake date",
        f"Every day is counted from intake. {_WITH_CHILDREN}",
        "fill in the intake date",
        {"": ("intake_date",)},
    ),
    "intake_after_as_of": Rule(
        Level.LEFT_OUT,
        "the intake lies after the day of the delivery",
        _WITH_CHILDREN,
        "correct the date, or deliver the row once she has come",
        {"": ("intake_date",)},
    ),
    "exit_before_intake": Rule(
        Level.LEFT_OUT,
        "the exit lies before the intake",
        _WITH_CHILDREN,
        "correct the one or the other",
        {"": ("exit_date", "intake_date")},
    ),
    "closed_without_exit": Rule(
        Level.LEFT_OUT,
        "the status is closed, and there is no exit date",
        _WITH_CHILDREN,
        "fill in the exit date, or correct the status",
        {"": ("exit_date", "status")},
    ),
    "before_window": Rule(
        Level.LEFT_OUT,
        "the assessment lies before the rescue and long before the intake",
        _WITH_CHILDREN,
        "correct the date, or the episode it belongs to",
        {"": ("assessed_on",)},
    ),
    "missing_date": Rule(
        Level.LEFT_OUT, "the assessment has no date", _WITH_CHILDREN, "fill in the date", {"": ("assessed_on",)}
    ),
    "after_as_of": Rule(
        Level.LEFT_OUT,
        "it has happened, and its date lies after the day of the delivery",
        _OUT,
        "correct the date; what is still to come has the status planned",
        HAPPENED,
    ),
    "unknown_indicator": Rule(
        Level.LEFT_OUT,
        "the indicator is not on the list",
        _OUT,
        "use the codes of the list (sheet codes of the template)",
        {"": ("indicator_code",)},
    ),
    "indicator_not_valid": Rule(
        Level.LEFT_OUT,
        "the indicator did not count on the day of the assessment",
        _OUT,
        "use the indicators that were in force on that day",
        {"": ("indicator_code",)},
    ),
    "score_domain": Rule(
        Level.LEFT_OUT,
        "the score is not a whole number on the scale of its indicator",
        "The item counts as missing in its form; the row is left out and counted (quarantined).",
        "write a whole number of the scale (1 to 4 in the ASO); leave blank what was not scored",
        {"": ("score",)},
    ),
    "merged_into_missing": Rule(
        Level.LEFT_OUT,
        "the record was merged into one that stands in no row",
        _WITH_CHILDREN,
        "correct the id, or add the record it names",
        {"": ("merged_into",)},
    ),
    "merge_cycle": Rule(
        Level.LEFT_OUT,
        "the records were merged into each other in a circle",
        _WITH_CHILDREN,
        "leave merged_into blank in the record that is kept",
        {"": ("merged_into",)},
    ),
}

_BLANK = "The cell counts as blank."
_FORMS = {
    "date": ("no date that can be read", "write dates as YYYY-MM-DD; leave an unknown one blank"),
    "timestamp": ("no time that can be read", "write it as 2026-11-01T09:30:00Z"),
    "bool": ("neither true nor false", "write true or false; no other word is read"),
    "number": ("no number", "write digits, with a point for decimals and no unit"),
    "int": ("no whole number", "write digits alone"),
}
_FORMS["birth_year"] = _FORMS["date"]
# By the kind of the column.
UNREADABLE = {kind: Rule(Level.CHANGED, f"there is {what}", _BLANK, mend, {}) for kind, (what, mend) in _FORMS.items()}
_UNLISTED = {"gender": "They count as unknown.", "stage": "They count as having no stage."}


def unlisted(column: Column) -> Rule:
    """The rule of a code that is not on its list: what the column then says."""
    night = _UNLISTED.get(column.name, "They count as other.")
    mend = "use the codes of the list (sheet codes of the template), or map yours to them (mapping.yml)"
    return Rule(Level.CHANGED, "the code is not on the list", night, mend, {})


def unheard(name: str) -> Rule:
    """What can be said of a rule of the night that has no words here yet."""
    return Rule(Level.LEFT_OUT, f"the night's rule {name} applies", _OUT, "ask who runs the pipeline", {})
