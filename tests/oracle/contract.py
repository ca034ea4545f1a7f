"""The source contract as data: the twelve tables, their keys, the type of each column, and the code lists."""

from __future__ import annotations

TEXT, DATE, TIMESTAMP, BOOLEAN, NUMBER, SCORE = "text", "date", "timestamp", "boolean", "number", "score"
WHOLE = "whole"

_STAMPS = {"modified_at": TIMESTAMP, "created_at": TIMESTAMP}
_RECORD = {**_STAMPS, "is_deleted": BOOLEAN}


def _text(names: str) -> dict[str, str]:
    return dict.fromkeys(names.split(), TEXT)


# READING: date_of_birth is text here, since the floor of 1970 is for dates of the work, not for birth dates.
COLUMNS: dict[str, dict[str, str]] = {
    "offices": {
        **_text("office_id name country_code region"),
        "opened_on": DATE,
        "recording_started_on": DATE,
        **_STAMPS,
    },
    "partners": {**_text("partner_id office_id name partner_type"), **_STAMPS},
    "partner_trainings": {
        **_text("training_id partner_id topic"),
        "completed_on": DATE,
        "attendees": WHOLE,
        **_STAMPS,
    },
    "survivors": {
        **_text("survivor_id full_name alias date_of_birth gender nationality primary_language phone email address"),
        **_text("identity_number household_id merged_into"),
        "birth_date_estimated": BOOLEAN,
        "consent_analytics": BOOLEAN,
        "consent_on": DATE,
        **_RECORD,
    },
    "cases": {
        **_text("case_id office_id case_reference casework_type rescue_operation_id summary"),
        "opened_on": DATE,
        "closed_on": DATE,
        **_RECORD,
    },
    "aftercare_episodes": {
        **_text("episode_id survivor_id case_id office_id lead_partner_id status closure_reason"),
        "rescue_date": DATE,
        "intake_date": DATE,
        "exit_date": DATE,
        **_RECORD,
    },
    "aso_assessments": {
        **_text("assessment_id episode_id stage assessor_id instrument_version setting notes"),
        "assessed_on": DATE,
        "entered_at": TIMESTAMP,
        **_RECORD,
    },
    "aso_scores": {**_text("assessment_id indicator_code"), "score": SCORE, "not_applicable": BOOLEAN, **_RECORD},
    "community_events": {
        **_text("attendance_id episode_id event_type event_name role partner_id"),
        "attended_on": DATE,
        "hours": NUMBER,
        **_RECORD,
    },
    "health_services": {
        **_text("health_service_id episode_id service_type status partner_id notes"),
        "planned_on": DATE,
        "delivered_on": DATE,
        "sessions": WHOLE,
        **_RECORD,
    },
    "legal_proceedings": {
        **_text("proceeding_id case_id survivor_id event_type court notes"),
        "occurred_on": DATE,
        **_RECORD,
    },
    "support_services": {
        **_text("support_service_id episode_id service_category service_type status unit partner_id notes"),
        "started_on": DATE,
        "ended_on": DATE,
        "quantity": NUMBER,
        **_RECORD,
    },
}

# Columns that land nowhere, or that nothing is made of.
UNKEPT = frozenset(
    _text(
        "created_at full_name alias nationality phone email address identity_number birth_date_estimated consent_on "
        "case_reference summary notes event_name court"
    )
)

KEYS: dict[str, tuple[str, ...]] = {
    table: ("assessment_id", "indicator_code") if table == "aso_scores" else (next(iter(columns)),)
    for table, columns in COLUMNS.items()
}

# READING: a domain_code is the first three letters of its indicators, in capitals, as TOTAL is.
INDICATORS: dict[str, str] = {
    f"{domain}{number}": domain
    for domain, size in (("SAF", 3), ("LEG", 3), ("MEN", 4), ("ECO", 4), ("SOC", 3), ("PHY", 3))
    for number in range(1, size + 1)
}
DOMAINS = ("SAF", "LEG", "MEN", "ECO", "SOC", "PHY")

SUPPORT_CATEGORIES = (
    "case_management",
    "shelter",
    "education",
    "livelihood",
    "basic_needs",
    "family_reintegration",
    "safety_planning",
    "referral",
    "other",
)
CATEGORIES = ("community", "health", "legal", *SUPPORT_CATEGORIES)

_CODES: dict[str, str] = {
    "partner_type": "government ngo shelter clinic legal_aid school employer other",
    "gender": "female male other unknown",
    "casework_type": "forced_labour bonded_labour sex_trafficking online_sexual_exploitation sexual_violence "
    "intimate_partner_violence police_abuse land_theft citizenship_rights other",
    "episode_status": "active follow_up closed reopened",
    "stage": "initial interim final follow_up",
    "setting": "community family shelter other",
    "event_type": "support_group survivor_leadership community_awareness skills_training family_day other",
    "service_type": "medical_check trauma_therapy counselling hospital_care sexual_reproductive_health dental "
    "nutrition substance_use other",
    "service_status": "planned delivered missed cancelled",
    "legal_event_type": "complaint_filed statement_taken accompaniment release_certificate charge_sheet hearing "
    "testimony conviction acquittal compensation_ordered compensation_paid other",
    "service_category": " ".join(SUPPORT_CATEGORIES),
}
CODE_LISTS: dict[str, frozenset[str]] = {name: frozenset(codes.split()) for name, codes in _CODES.items()}


def code(name: str, value: str | None, *, unknown: str | None = "other") -> str | None:
    """The value itself when the list has it, `unknown` when it has not, null for null."""
    # READING: null is absence, not an unknown value: it stays null (a null gender becomes `unknown` and a null
    # service category `other` where they are used, for these columns are closed lists in the marts). Codes are
    # compared exactly: no trimming, no change of case.
    return value if value is None or value in CODE_LISTS[name] else unknown
