"""Rules for what the night keeps and only counts, or cannot know: conditions on a model's rows, or on a landed table's."""

from flows.extract.contract import Table
from flows.extract.precheck.findings import Level
from flows.extract.precheck.rules import HAPPENED, Rule

_KEPT = "The row is kept."
_DONE = "status = 'delivered' and"
_STAYS = "bucket in ('out', 'collapsed') and duplicate_rule is null"
_OFFICES = "select office_id from int_office_row where office_id is not null"
_HERS = "Her record and everything that belongs to it is in no figure (excluded); only a rounded count says so."

# Table -> rule id -> condition on the rows of its model (int_..._row).
ON_MODEL: dict[str, dict[str, str]] = {
    "survivors": {
        "consent_missing": "duplicate_rule is null and not is_deleted and consent_analytics is null",
        "consent_withheld": "duplicate_rule is null and not is_deleted and consent_analytics is false",
    },
    "aftercare_episodes": {
        "exit_after_as_of": f"{_STAYS} and exit_date > (select as_of from int_run)",
        "open_with_reason": f"{_STAYS} and exit_date is null and closure_code is not null",
        "rescue_after_intake": "bucket = 'out' and rescue_date > intake_date",
        "unknown_office": f"{_STAYS} and coalesce(office_id not in ({_OFFICES}), true)",
    },
    "aso_assessments": {"entered_before": "bucket = 'out' and entered_at::date < assessed_on"},
    "community_events": {"without_date": "bucket = 'out' and attended_on is null"},
    "health_services": {"without_date": f"bucket = 'out' and {_DONE} delivered_on is null"},
    "legal_proceedings": {"without_date": "bucket = 'out' and occurred_on is null"},
    "support_services": {
        "without_date": f"bucket = 'out' and {_DONE} started_on is null",
        "ended_before": "bucket = 'out' and ended_on < started_on",
    },
}
_PARTNER = "bucket = 'out' and partner_id not in (select partner_id from int_partner_row where partner_id is not null)"
for _table in ("aftercare_episodes", "community_events", "health_services", "support_services"):
    ON_MODEL[_table]["unknown_partner"] = _PARTNER

OWN_RULES: dict[str, Rule] = {
    "consent_missing": Rule(
        Level.LEFT_OUT,
        "it is not said whether she agrees that her record is used for analysis",
        _HERS,
        "ask her, and write true or false; blank counts as no",
        {"": ("consent_analytics",)},
    ),
    "consent_withheld": Rule(
        Level.NOTE, "she does not agree to analysis", _HERS, "nothing: this is her choice", {"": ("consent_analytics",)}
    ),
    "exit_after_as_of": Rule(
        Level.CHANGED,
        "the exit lies after the day of the delivery",
        "The stay counts as open.",
        "correct the date if it has happened",
        {"": ("exit_date",)},
    ),
    "open_with_reason": Rule(
        Level.NOTE,
        "there is a reason for closing but no exit date",
        "The stay counts as open.",
        "fill in the exit date, or delete the reason",
        {"": ("closure_reason", "exit_date")},
    ),
    "rescue_after_intake": Rule(
        Level.NOTE,
        "the rescue lies after the intake",
        _KEPT,
        "see whether the two were swapped",
        {"": ("rescue_date", "intake_date")},
    ),
    "unknown_office": Rule(
        Level.NOTE,
        "the office stands in no row of offices",
        _KEPT,
        "correct the id, or add the office",
        {"": ("office_id",)},
    ),
    "unknown_partner": Rule(
        Level.NOTE,
        "the partner stands in no row of partners",
        _KEPT,
        "correct the id, or add the partner",
        {"": ("partner_id",), "aftercare_episodes": ("lead_partner_id",)},
    ),
    "entered_before": Rule(
        Level.NOTE,
        "it was entered before it took place",
        _KEPT,
        "see whether the two were swapped",
        {"": ("entered_at", "assessed_on")},
    ),
    "ended_before": Rule(
        Level.NOTE,
        "the end lies before the start",
        _KEPT,
        "see whether the two were swapped",
        {"": ("ended_on", "started_on")},
    ),
    "without_date": Rule(
        Level.CHANGED,
        "it was delivered, and no date says when",
        "The row is kept, but stands on no day and counts in no month.",
        "fill in the date; what did not happen has another status",
        HAPPENED,
    ),
    "missing_stamp": Rule(
        Level.NOTE,
        "modified_at is blank",
        "The row counts as older than any version of it that has a stamp.",
        "fill it in; `aftercare seal` puts the time of the delivery into blanks",
        {"": ("modified_at",)},
    ),
    "not_a_country": Rule(
        Level.NOTE, "the country is not two capital letters", _KEPT, "use the ISO 3166 code", {"": ("country_code",)}
    ),
    "looks_personal": Rule(
        Level.NOTE,
        "the text looks like a name, a telephone number or an e-mail address, and this column is kept as it comes",
        "The text lands in clear.",
        "take it out before you hand the delivery over",
        {},
    ),
    "closure_unmapped": Rule(
        Level.CHANGED,
        "no pattern knows the reason for closing",
        "The outcome is other; the text is kept as a keyed hash only.",
        "use the words of the list (sheet codes of the template), or ask for a pattern for yours",
        {"": ("closure_reason",)},
    ),
}

_MAIL = r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}"
_PHONE = r"^\s*(\+|00?)[0-9][0-9 ()./-]{7,}$|^\(?[0-9]{2,5}\)?[ ./-][0-9]{3,}([ ./-]?[0-9]{2,})+$"
_NAME = r"^\s*\p{Lu}\p{Ll}+([ -]\p{Lu}\p{Ll}+)+\s*$"
# Columns whose words may look like a person's name: those of organisations, places and languages.
_MAY_BE_NAMES = frozenset({"name", "region", "primary_language"})


def on_landed(table: Table) -> list[tuple[str, str, str]]:
    """(rule id, column, condition on the landed table) for what can be seen in a single cell."""
    found = [("missing_stamp", "modified_at", "modified_at is null")]
    for column in table.columns:
        name = f'"{column.name}"'
        if column.kind == "text":
            patterns = [_MAIL, _PHONE] + ([] if column.name in _MAY_BE_NAMES else [_NAME])
            looks = " or ".join(f"regexp_matches({name}, '{pattern}')" for pattern in patterns)
            found.append(("looks_personal", column.name, looks))
        if column.kind == "closure":
            found.append(("closure_unmapped", column.name, "closure_code = '#'"))
        if column.name == "country_code":
            found.append(("not_a_country", column.name, f"not regexp_full_match({name}, '[A-Z]{{2}}')"))
    return found
