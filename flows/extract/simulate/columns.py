"""Every column of the contract, as the SQL expression that makes it from the numbered facts.

All names, notes and other personal text hold one token, `Qx` and twelve hex digits, found nowhere else: a scan for the
token finds the text. Tokens follow from the seed.
"""

from typing import Final

MACROS: Final = (
    """create macro raw(prefix, i) as
       case when i > 0 then prefix || '-' || lpad(i::varchar, greatest(7, length(i::varchar))::int, '0') end""",
    "create macro qx(kind, i) as 'Qx' || substr(md5(concat_ws('|', getvariable('seed'), kind, i)), 1, 12)",
    """create macro note(kind, i) as case i % 3
       when 0 then 'note ' || qx(kind, i) || ', said "it is better"'
       when 1 then 'note ' || qx(kind, i) || chr(10) || 'second line; naïve, ठीक है'
       else 'note ' || qx(kind, i) end""",
)

_STAMPS: Final = {"modified_at": "modified_at", "created_at": "created_at"}
_COMMON: Final = {**_STAMPS, "is_deleted": "is_deleted"}

COLUMNS: Final[dict[str, dict[str, str]]] = {
    "offices": {
        "office_id": "raw('O', office)",
        "name": "'Office ' || office",
        "country_code": "country",
        "region": "'Region ' || (1 + (office - 1) // 3)",
        "opened_on": "opened_on",
        "recording_started_on": "recording_started_on",
        **_STAMPS,
    },
    "partners": {
        "partner_id": "raw('P', partner)",
        "office_id": "raw('O', office)",
        "name": "'Partner ' || partner",
        "partner_type": "type",
        **_STAMPS,
    },
    "partner_trainings": {
        "training_id": "raw('T', training)",
        "partner_id": "raw('P', partner)",
        "topic": "topic",
        "completed_on": "completed_on",
        "attendees": "attendees",
        **_STAMPS,
    },
    "survivors": {
        "survivor_id": "raw('S', id)",
        "full_name": "'Name-' || qx('name', id) || case id % 5 when 0 then ' ''O"
        "' when 1 then ', \"the elder\"' when 2 then ' é सीता' else '' end",
        "alias": "case when has_alias then 'Alias-' || qx('alias', id) end",
        "date_of_birth": "born",
        "birth_date_estimated": "birth_estimated",
        "gender": "gender",
        "nationality": "nationality",
        "primary_language": "language",
        "phone": "'+00-' || qx('phone' || version, id)",
        "email": "qx('email', id) || '@example.invalid'",
        "address": "'House ' || id % 90 || ', \"Block\" ' || qx('address' || version, id)",
        "identity_number": "'ID-' || qx('identity', id)",
        "household_id": "raw('H', household)",
        "consent_analytics": "consent",
        "consent_on": "consent_on",
        "merged_into": "raw('S', target)",
        **_COMMON,
    },
    "cases": {
        "case_id": "raw('C', id)",
        "office_id": "raw('O', office)",
        "case_reference": "'REF-' || qx('reference', id)",
        "casework_type": "casework",
        "rescue_operation_id": "raw('R', operation)",
        "opened_on": "opened_on",
        "closed_on": "closed_on",
        "summary": "case when id % 2 = 0 then note('summary', id) end",
        **_COMMON,
    },
    "aftercare_episodes": {
        "episode_id": "raw('E', id)",
        "survivor_id": "raw('S', record)",
        "case_id": "raw('C', \"case\")",
        "office_id": "raw('O', office)",
        "lead_partner_id": "raw('P', partner)",
        "rescue_date": "rescue_date",
        "intake_date": "intake_date",
        "status": "status",
        "exit_date": "exit_date",
        "closure_reason": "closure",
        **_COMMON,
    },
    "aso_assessments": {
        "assessment_id": "raw('A', id)",
        "episode_id": "raw('E', \"row\")",
        "assessed_on": "assessed_on",
        "entered_at": "entered_at",
        "stage": "stage",
        "assessor_id": "raw('W', assessor)",
        "instrument_version": "instrument",
        "setting": "setting",
        "notes": "case when has_note then note('form', id) end",
        **_COMMON,
    },
    "aso_scores": {
        "assessment_id": "raw('A', form)",
        "indicator_code": "indicator",
        "score": "score",
        "not_applicable": "not_applicable",
        **_COMMON,
    },
    "community_events": {
        "attendance_id": "raw('CE', id)",
        "episode_id": "raw('E', \"row\")",
        "event_type": "type",
        "event_name": "'Event-' || qx('event ' || type, partner)",
        "attended_on": "attended_on",
        "role": "role",
        "hours": "hours",
        "partner_id": "raw('P', partner)",
        **_COMMON,
    },
    "health_services": {
        "health_service_id": "raw('HS', id)",
        "episode_id": "raw('E', \"row\")",
        "service_type": "type",
        "planned_on": "planned_on",
        "delivered_on": "delivered_on",
        "status": "status",
        "sessions": "sessions",
        "partner_id": "raw('P', partner)",
        "notes": "case when id % 31 = 0 then note('health', id) end",
        **_COMMON,
    },
    "legal_proceedings": {
        "proceeding_id": "raw('LP', id)",
        "case_id": "raw('C', \"case\")",
        "survivor_id": "raw('S', person)",
        "event_type": "type",
        "occurred_on": "occurred_on",
        "court": "'Court-' || qx('court', office)",
        "notes": "case when id % 17 = 0 then note('legal', id) end",
        **_COMMON,
    },
    "support_services": {
        "support_service_id": "raw('SS', id)",
        "episode_id": "raw('E', \"row\")",
        "service_category": "type",
        "service_type": "'Type-' || qx('support ' || type, partner)",
        "started_on": "started_on",
        "ended_on": "ended_on",
        "status": "status",
        "quantity": "quantity",
        "unit": "unit",
        "partner_id": "raw('P', partner)",
        "notes": "case when id % 37 = 0 then note('support', id) end",
        **_COMMON,
    },
}

PERSONAL: Final[dict[str, tuple[str, ...]]] = {
    "survivors": ("full_name", "alias", "phone", "email", "address", "identity_number"),
    "cases": ("case_reference", "summary"),
    "aso_assessments": ("notes",),
    "community_events": ("event_name",),
    "health_services": ("notes",),
    "legal_proceedings": ("court", "notes"),
    "support_services": ("service_type", "notes"),
}
"""The columns whose text must land nowhere."""

KEYS: Final[dict[str, tuple[str, ...]]] = {
    table: ("assessment_id", "indicator_code") if table == "aso_scores" else (next(iter(columns)),)
    for table, columns in COLUMNS.items()
}


def select(table: str) -> str:
    """The query that makes a table of the contract from its facts."""
    columns = ", ".join(f"{expression} as {name}" for name, expression in COLUMNS[table].items())
    return f"select {columns} from facts_{table}"
