"""The code lists of the JDS source contract, and how people type the reason of a closure."""

from typing import Final

INDICATORS: Final[tuple[str, ...]] = (
    *("SAF1", "SAF2", "SAF3", "LEG1", "LEG2", "LEG3"),
    *("MEN1", "MEN2", "MEN3", "MEN4", "ECO1", "ECO2", "ECO3", "ECO4"),
    *("SOC1", "SOC2", "SOC3", "PHY1", "PHY2", "PHY3"),
)
DOMAINS: Final[tuple[str, ...]] = ("SAF", "LEG", "MEN", "ECO", "SOC", "PHY")
DOMAIN_ITEMS: Final[tuple[slice, ...]] = (
    *(slice(0, 3), slice(3, 6), slice(6, 10)),
    *(slice(10, 14), slice(14, 17), slice(17, 20)),
)
"""Where the items of each domain stand in `INDICATORS`."""

CLOSURE_PHRASES: Final[dict[str, tuple[str, ...]]] = {
    "restored": ("Restored", "Restoration achieved", "Successful restoration"),
    "lost_contact": ("Lost contact", "Lost to follow-up", "Unable to locate"),
    "withdrew": ("Withdrew", "Client withdrew consent to services", "Declined further services"),
    "transferred": ("Transferred to government care", "Transfer to partner"),
    "relocated": ("Relocated", "Moved away", "Repatriated"),
    "deceased": ("Deceased", "Death"),
    "aged_out": ("Aged out", "Turned 18"),
    "program_end": ("Program ended", "Project closed", "End of program"),
    "other": ("Other",),
}
"""Every text that a clean delivery can hold in `closure_reason`, by the outcome it means."""

OUTCOMES: Final[tuple[str, ...]] = tuple(CLOSURE_PHRASES)
PHRASES: Final[tuple[str, ...]] = tuple(text for texts in CLOSURE_PHRASES.values() for text in texts)

PARTNER_TYPES: Final = ("government", "ngo", "shelter", "clinic", "legal_aid", "school", "employer", "other")
SERVICE_CATEGORIES: Final = (
    *("case_management", "shelter", "education", "livelihood", "basic_needs"),
    *("family_reintegration", "safety_planning", "referral", "other"),
)
TOPICS: Final = (*DOMAINS, "aso_scoring", *("community", "health", "legal"), *SERVICE_CATEGORIES)
GENDERS: Final = ("female", "male", "other", "unknown")
CASEWORK_TYPES: Final = (
    *("forced_labour", "bonded_labour", "sex_trafficking", "online_sexual_exploitation", "sexual_violence"),
    *("intimate_partner_violence", "police_abuse", "land_theft", "citizenship_rights", "other"),
)
EPISODE_STATUS: Final = ("active", "follow_up", "closed", "reopened")
STAGES: Final = ("initial", "interim", "final", "follow_up")
SETTINGS: Final = ("community", "family", "shelter", "other")
COMMUNITY_EVENTS: Final = (
    *("support_group", "survivor_leadership", "community_awareness"),
    *("skills_training", "family_day", "other"),
)
ROLES: Final = ("participant", "organiser", "leader")
HEALTH_SERVICES: Final = (
    *("medical_check", "trauma_therapy", "counselling", "hospital_care", "sexual_reproductive_health"),
    *("dental", "nutrition", "substance_use", "other"),
)
SERVICE_STATUS: Final = ("planned", "delivered", "missed", "cancelled")
LEGAL_EVENTS: Final = (
    *("complaint_filed", "statement_taken", "accompaniment", "release_certificate", "charge_sheet", "hearing"),
    *("testimony", "conviction", "acquittal", "compensation_ordered", "compensation_paid", "other"),
)
NATIONALITIES: Final = ("IN", "KH", "PH", "GT", "KE", "UG", "NP", "MM")
LANGUAGES: Final = ("hi", "km", "tl", "es", "sw", "en", "ne", "my", "ceb", "quc", "luo", "mai")
COUNTRIES: Final = ("IN", "KH", "PH", "GT", "KE", "UG")
UNITS: Final = ("session", "hour", "item", "visit")
INSTRUMENTS: Final = ("ASO-1", "ASO-2")
