"""The marts door: every dirty value of the source contract is counted, and the marts keep their promises.

The counts come from `intermediate.check_count`, which SQL fills. The `.hold` twins judge the count of the check they
are named after, whether or not a row of their own is delivered.
"""

from expectations.checks import Check
from expectations.suites import source
from expectations.suites.rules import SOURCE_TABLES, group

_GRAIN = {
    "core.fct_episode.grain": "A second row of an episode would count a person twice in every figure.",
    "aso.fct_assessment.grain": "A second row of an assessment would weigh one form twice.",
    "aso.fct_score.grain": "A second score of an indicator would shift its domain's mean.",
    "aso.snapshot.grain": "A stage has one assessment, or change could be measured from either.",
    "services.timeline.grain": "A service listed twice would look like twice the care.",
    "services.episode_month.grain": "A month listed twice would put a person at risk twice at once.",
}
_NOT_EMPTY = {"core.fct_episode.not_empty": "Without episodes nothing that follows means anything."}
_RANGES = {
    "aso.fct_assessment.means_in_range": "A mean of aligned scores lies on the common scale, or the scale of an item has changed.",
}
_RESTORED = {
    "aso.fct_assessment.restored_rule": "A restored form has no domain below the cut-off; every outcome rests on it.",
}
_ORDER = {
    "core.fct_episode.days_ordered": "Nobody leaves before entering, and restoration lies between two different days.",
    "core.fct_episode.event_rule": "The event follows from restoration, exit and reason alone; all models rest on it.",
}
_MEDIAN = {
    "core.fct_episode.median_stay": "Two years are planned; a median outside 30 to 1,500 days is a load error.",
}
_EXCLUDED = {"privacy.no_excluded_person": "Whoever gave no consent for analytics is in no mart, without exception."}
_EPISODES = {
    "aftercare_episodes.open_with_reason": "A reason for closing without an exit date is an exit not yet recorded.",
    "aftercare_episodes.exit_after_as_of": "A planned exit is not an exit; the episode is open until that day.",
    "aftercare_episodes.overlapping": "One person in two episodes at once is often one episode recorded twice.",
}
_STAYS = {
    "aftercare_episodes.open_stay_beyond_98th_percentile": "A stay open longer than 98 in 100 ended ones is often an exit not recorded.",
}
_UNSEEN = {"restored_unseen": "Closed as restored with no assessment that shows it counts as another exit."}
_CLOSURES = {
    "aftercare_episodes.closed_restored_below_cutoff": "Closed as restored, yet the last form has a domain below the cut-off.",
    "aftercare_episodes.closed_restored_without_end": "Without a form near the exit nobody can say how she left.",
}
_FOLLOW_UP = {
    "aftercare_episodes.no_assessment_by_day_60": "Without a form in the first 60 days there is nothing to measure change from.",
    "aftercare_episodes.overdue_assessment": "Restoration is only seen when somebody looks: late forms make it look late.",
}
_FORMS = {
    "aso_assessments.two_on_a_day": "Of two forms on one day the later entered is used, which may be the wrong one.",
    "aso_assessments.unseen_instrument_version": "Scores of a new form may not mean what those of the old one did.",
    "aso_assessments.over_36_months_after_exit": "A form so long after the exit may belong to a later episode.",
}
_CLICKED = {
    "aso_assessments.all_same_score": "Ten items or more with one and the same score are rarely what somebody was asked.",
}
_OFFICES = {
    "aso_assessments.assessor_far_from_office": "An assessor 2 SD from colleagues at the same stage reads the scale otherwise.",
    "aso_scores.scale_shifted": "An office a whole step from the others, or without one end of the scale, may use another scale.",
    "aso_scores.scale_shifted_recently": "An office that moves a whole step, or loses one end of the scale, may have changed its scale.",
}
_SWAPPED = {
    "offices.day_month_swapped": "Where hardly any date is after the 12th of a month, day and month have changed places.",
}
_LAG = {
    "aso_assessments.entry_lag": "An office that enters forms a month late looks worse than it is in every recent figure.",
}
_STAGES = {
    "aso_assessments.stage_disagrees": "Stages are derived from dates; wide disagreement means one side dates wrongly.",
}
_SERVICES = {
    "services.after_exit": "Care after the exit is allowed, and also what a wrong exit date looks like.",
    "services.over_36_months_after_exit": "Care so long after the exit may belong to a later episode.",
    "services.delivered_before_planned": "Care before it was planned is a wrong date on one side or the other.",
    "services.delivered_without_date": "A service without a day counts as delivered but stands in no month.",
}
_CONSENT = {
    "survivors.consent_missing": "Consent left blank counts as none, so a blank form removes people in silence."
}
_REFERENCE = {
    "reference.unknown_office": "A row of an office that is not listed falls out of that office's figures.",
    "reference.unknown_partner": "A row of a partner that is not listed falls out of that partner's figures.",
}

# Columns whose codes are compared with those of recent nights.
COMPARED = (
    "survivors.gender",
    "cases.casework_type",
    "aftercare_episodes.office",
    "aftercare_episodes.status",
    "aftercare_episodes.closure_reason",
    "aso_assessments.stage",
    "aso_assessments.setting",
    "aso_scores.score",
    "community_events.event_type",
    "health_services.service_type",
    "health_services.status",
    "legal_proceedings.event_type",
    "support_services.service_category",
    "support_services.status",
)


def _distribution(column: str) -> list[Check]:
    """The check that a column's codes are spread as in recent nights."""
    because = {
        f"{column}.distribution": "Codes that spread otherwise overnight are a changed export or form, seldom changed lives."
    }
    return group("plausibility", "timeliness", because, hold=True, table=column.partition(".")[0])


_VOLUME = {
    f"{table}.volume": "Rows that come or go by a quarter between nights are an export before they are work."
    for table in SOURCE_TABLES
}

CHECKS: list[Check] = [
    *source.CHECKS,
    *group("plausibility", "timeline", _EPISODES | _STAYS | _SWAPPED),
    *group("plausibility", "closure", _UNSEEN, table="core.fct_episode"),
    *group("plausibility", "closure", _CLOSURES),
    *group("completeness", "aso", _FOLLOW_UP),
    *group("plausibility", "aso", _FORMS | _CLICKED | _OFFICES),
    *group("plausibility", "aso", _STAGES),
    *group("completeness", "timeliness", _LAG),
    *group("plausibility", "timeliness", _VOLUME, hold=True),
    *(check for column in COMPARED for check in _distribution(column)),
    *group("plausibility", "service", _SERVICES, table="services.timeline"),
    *group("completeness", "consent", _CONSENT),
    *group("conformance", "referential", _REFERENCE, table="core.fct_episode"),
    *group("conformance", "relational", _GRAIN, severity="block"),
    *group("completeness", "relational", _NOT_EMPTY, severity="block"),
    *group("conformance", "aso", _RANGES | _RESTORED, severity="block"),
    *group("plausibility", "timeline", _ORDER, severity="block"),
    *group("plausibility", "timeline", _MEDIAN),
    *group("conformance", "consent", _EXCLUDED, severity="block", table="all marts"),
]
