"""The estimates door: what is published as a figure is finite, in range, in order and unambiguous.

Each rule is one short query on the build file that returns how many were checked and how many failed. A refusal to
estimate is a result and passes; a broken figure does not. Intervals and shares are compared with a tolerance for
rounding.
"""

import logging

import duckdb
import pandas as pd

from expectations.checks import Check
from expectations.counts import COLUMNS
from expectations.suites import estimate_sql, office_sql
from expectations.suites.rules import group

log = logging.getLogger(__name__)

_NUMBERS = {
    "outcomes.curve.estimate_finite": "A curve with a hole or a NaN in it draws well and says nothing.",
    "models.metric.finite": "A model without a finite measure cannot be compared, so it must not be promoted.",
    "models.risk_indicator.finite": "An importance that is infinite or NaN would still be ranked.",
    "models.fairness.finite": "A group's measure that is infinite or NaN is no finding about the group.",
    "outcomes.office.finite": "A ratio over nothing expected is not a finding about an office.",
    "outcomes.partner.finite": "A ratio over nothing expected is not a finding about a partner.",
    "services.effect.finite": "An effect that is infinite or NaN is a fit that did not converge.",
    "outcomes.history.finite": "A figure that is infinite or NaN would stay in the series of every later release.",
    "services.effect_check.finite": "A gate that compares with NaN always passes.",
    "outcomes.optimal_time.finite": "A time that is infinite or NaN is a search that ran out of data.",
}
_CURVE_RANGE = {
    "outcomes.curve.estimate_in_unit": "A share of people lies from 0 to 1.",
    "outcomes.curve.day_in_time": "A curve begins at intake, which is day 0.",
    "outcomes.curve.at_risk_not_negative": "Fewer than no people at risk is a counting error.",
}
_CURVE_SHAPE = {
    "outcomes.curve.interval_ordered": "An estimate lies inside its own interval, or one of the three is wrong.",
    "outcomes.curve.restored_never_falls": "Once seen restored is seen restored: the share cannot fall with time.",
    "outcomes.curve.exits_one_way": "Who has left has left: the shares of the exits cannot fall, nor that in care rise.",
    "outcomes.curve.headline_has_limits": "A headline without its limits would be quoted as if it were certain.",
}
_INTERVALS = {
    "models.metric.interval_ordered": "An interval whose ends are swapped looks like certainty.",
    "models.fairness.interval_ordered": "An interval whose ends are swapped would single out a group wrongly.",
    "models.risk_indicator.interval_ordered": "An interval whose ends are swapped looks like certainty.",
    "outcomes.office.interval_ordered": "An interval whose ends are swapped would single out an office wrongly.",
    "outcomes.partner.interval_ordered": "An interval whose ends are swapped would single out a partner wrongly.",
    "outcomes.history.interval_ordered": "An estimate lies inside its own interval, or one of the three is wrong.",
    "outcomes.optimal_time.interval_ordered": "An interval whose ends are swapped looks like certainty.",
    "services.effect.interval_ordered": "An interval whose ends are swapped looks like certainty.",
    "services.effect.estimate_in_interval": "An effect outside its own interval is one of two fits that were mixed up.",
    "models.risk_indicator.rank_ordered": "A rank starts at 1 and its best is not behind its worst.",
}
_CODES = {
    "models.risk_indicator.code_known": "An importance of something that is not on the list cannot be acted on.",
    "outcomes.optimal_time.status_known": "A status that is not promised could pass for an answer.",
    "models.fairness.status_known": "A status that is not promised could pass for a pass.",
    "services.effect.code_known": "A status or contrast that is not promised could pass for an answer.",
    "services.effect.wording_known": "Only the sentences of the allow-list are said of an effect; any other may claim too much.",
    "services.effect.refused_without_number": "A number beside a refusal would be quoted all the same.",
    "outcomes.curve.code_known": "A state or method that is not promised would be read as one that is.",
}
_GRAIN = {
    "outcomes.curve.grain": "Two figures for one day and state leave the reader to choose.",
    "outcomes.history.grain": "Two figures of one date leave the reader to choose.",
    "outcomes.optimal_time.grain": "Two answers to one question leave the reader to choose.",
    "models.risk_indicator.grain": "Two importances of one indicator leave the reader to choose.",
    "models.fairness.grain": "Two findings about one group leave the reader to choose.",
    "models.fairness.small_never_pass": "A group too small to tell would pass for one in which the model is right.",
    "models.fairness.failing_not_in_use": "A model that is wrong in a group is not used, whatever it gains elsewhere.",
    "services.effect.grain": "Two effects for one question leave the reader to choose.",
    "services.effect_check.grain": "Two values of one measure leave the reader to choose.",
    "models.card.one_champion": "A model name with two champions leaves the reader to guess which one spoke; none is a refusal.",
}
_WARN_SHAPE = {
    "outcomes.curve.interval_in_unit": "An interval beyond 0 or 1 is a poor approximation, seldom a wrong estimate.",
    "outcomes.curve.headline_adds_up": "Restored, in care, lost and other exits together are everybody.",
    "outcomes.curve.headline_before_detection": "Nobody is seen restored before she is: the headline lies above the day of detection.",
    "models.risk_indicator.importance_in_interval": "A resampled interval that misses its estimate points to bias.",
    "models.risk_indicator.selection_in_unit": "A selection frequency is a share of resamples, from 0 to 1.",
    "outcomes.optimal_time.months_in_time": "A time before intake cannot be planned.",
    "outcomes.optimal_time.estimate_in_interval": "A resampled interval that misses its estimate points to bias.",
}
_WARN_COMPLETE = {
    "outcomes.curve.headline_present": "The headline curve can be refused, and then somebody should know why.",
    "outcomes.optimal_time.answer_or_reason": "Each question gets a time, a set of months, or the reason for neither.",
    "outcomes.optimal_time.five_questions": "All five questions are answered or refused; one left out would look forgotten.",
    "services.effect.answer_or_reason": "Each question gets an effect or the reason for having none.",
    "models.metric.grain": "Two values of one metric leave the reader to choose.",
}

CHECKS: list[Check] = [
    *group("conformance", "value", _NUMBERS, severity="block"),
    *group("plausibility", "range", _CURVE_RANGE, severity="block"),
    *group("plausibility", "shape", _CURVE_SHAPE, severity="block"),
    *group("plausibility", "interval", _INTERVALS, severity="block"),
    *group("conformance", "code", _CODES, severity="block"),
    *group("conformance", "relational", _GRAIN, severity="block"),
    *group("plausibility", "shape", _WARN_SHAPE),
    *group("completeness", "answer", _WARN_COMPLETE),
    *group("conformance", "value", office_sql.NUMBERS, severity="block"),
    *group("plausibility", "interval", office_sql.INTERVALS, severity="block"),
    *group("conformance", "code", office_sql.CODES, severity="block"),
    *group("conformance", "size", office_sql.SIZES, severity="block"),
    *group("conformance", "relational", office_sql.GRAINS, severity="block"),
    *group("plausibility", "shape", office_sql.SHAPES),
    *group("completeness", "answer", office_sql.COMPLETE),
]


def count(connection: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """One row of check_id, n_checked, n_failed a rule; a rule that cannot run has no row, which is an error later."""
    rows = []
    for check_id, sql in estimate_sql.queries().items():
        try:
            found = connection.execute(sql).fetchone()
        except duckdb.Error as problem:
            log.error("%s could not be counted: %s", check_id, type(problem).__name__)
            continue
        if found is not None:
            rows.append((check_id, *found))
    return pd.DataFrame(rows, columns=COLUMNS)
