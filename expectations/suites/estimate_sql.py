"""The queries of the estimates door: most are `of these rows, how many are wrong`, a few need their own."""

from typing import NamedTuple

from expectations.suites import office_sql

ROUNDING = 1e-9


class Wrong(NamedTuple):
    """Of the rows of one table for which `among` is true, those for which `wrong` is true have failed."""

    table: str
    name: str
    wrong: str
    among: str = "true"

    def sql(self) -> str:
        """The query: how many were checked, how many failed."""
        return (
            f"select count(*) filter (where {self.among}), "
            f"count(*) filter (where ({self.among}) and coalesce({self.wrong}, false)) from {self.table}"
        )


def _any_not_finite(*columns: str) -> str:
    """True when any of the columns is infinite or NaN; a missing value is allowed."""
    return " or ".join(f"coalesce(not isfinite({column}::double), false)" for column in columns)


def _missing_or_not_finite(column: str) -> str:
    """True when the column has no finite value."""
    return f"not coalesce(isfinite({column}::double), false)"


def _interval(table: str, ends: tuple[str, str] = ("lower", "upper")) -> Wrong:
    """The lower end is not above the upper one; an interval may be open at one end."""
    low, high = ends
    return Wrong(table, "interval_ordered", f"{low} > {high} + {ROUNDING}")


def _outside(estimate: str, low: str, high: str) -> str:
    """True when the estimate lies outside its interval; one without an interval cannot."""
    return f"{low} > {estimate} + {ROUNDING} or {estimate} > {high} + {ROUNDING}"


_CURVE, _RISK, _METRIC, _TIME = "outcomes.curve", "models.risk_indicator", "models.metric", "outcomes.optimal_time"
_FAIR = "models.fairness"
_HISTORY = "outcomes.history"
_EFFECT, _OFFICE, _PARTNER = "services.effect", "outcomes.office", "outcomes.partner"
_EFFECT_CHECK = "services.effect_check"
# What may be said of an effect; ml/services/wording.py has the same sentences, and a test holds that they are the same.
SENTENCES = (
    "An association in the records; it does not say what the service does.",
    "An adjusted association: people alike in what is recorded are compared; they may differ in what is not.",
    "An emulated-trial estimate: what a trial would be expected to show if the assumptions of this question hold.",
)
REFUSED = "No statement is made."
_SAID = ", ".join(f"'{sentence}'" for sentence in SENTENCES)
_RATIO = _any_not_finite("observed", "expected", "ratio", "lower", "upper", "shrunken")
_KNOWN = """case unit
        when 'indicator' then code in (select indicator_code from core.dim_indicator)
        when 'domain' then code in (select domain_code from core.dim_indicator)
    end"""

_RULES = [
    Wrong(_CURVE, "estimate_finite", f"{_missing_or_not_finite('estimate')} or {_any_not_finite('lower', 'upper')}"),
    Wrong(_CURVE, "estimate_in_unit", f"not (estimate between -{ROUNDING} and 1 + {ROUNDING})"),
    Wrong(_CURVE, "day_in_time", "day is null or day < 0"),
    Wrong(_CURVE, "at_risk_not_negative", "n_at_risk < 0"),
    Wrong(_CURVE, "interval_ordered", f"{_outside('estimate', 'lower', 'upper')} or lower > upper + {ROUNDING}"),
    Wrong(_CURVE, "interval_in_unit", f"lower < -{ROUNDING} or upper > 1 + {ROUNDING}"),
    Wrong(
        _CURVE,
        "headline_has_limits",
        "lower is null or upper is null",
        "curve_name = 'restoration' and state = 'restored'",
    ),
    Wrong(
        _CURVE,
        "code_known",
        "coalesce(state not in ('restored', 'in_care', 'lost', 'other_exit'), true) "
        "or coalesce(method not in ('panel', 'npmle', 'detection_date'), true)",
    ),
    Wrong(_RISK, "finite", _any_not_finite("importance", "lower", "upper")),
    _interval(_RISK),
    Wrong(_RISK, "importance_in_interval", _outside("importance", "lower", "upper")),
    Wrong(_RISK, "rank_ordered", "rank_low > rank_high or rank_low < 1"),
    Wrong(_RISK, "selection_in_unit", f"not (selection_frequency between 0 and 1 + {ROUNDING})"),
    Wrong(_RISK, "code_known", f"not coalesce({_KNOWN}, false)"),
    Wrong(_METRIC, "finite", f"{_missing_or_not_finite('estimate')} or {_any_not_finite('lower', 'upper')}"),
    _interval(_METRIC),
    Wrong(_FAIR, "finite", _any_not_finite("estimate", "lower", "upper")),
    _interval(_FAIR),
    Wrong(_FAIR, "status_known", "coalesce(status not in ('pass', 'fail', 'insufficient'), true)"),
    Wrong(_FAIR, "small_never_pass", "status != 'insufficient'", "n < 30 or n_positive < 10"),
    Wrong(_TIME, "finite", _any_not_finite("estimate_months", "lower_months", "upper_months")),
    _interval(_TIME, ("lower_months", "upper_months")),
    Wrong(_TIME, "months_in_time", "least(estimate_months, lower_months, upper_months) < 0"),
    Wrong(_TIME, "estimate_in_interval", _outside("estimate_months", "lower_months", "upper_months")),
    Wrong(_TIME, "status_known", "coalesce(status not in ('estimated', 'not_identifiable', 'refused'), true)"),
    Wrong(
        _TIME,
        "answer_or_reason",
        "case when status = 'estimated' then coalesce(estimate_months::varchar, set_months) is null "
        "else status is null or reason is null end",
    ),
    Wrong(_HISTORY, "finite", f"{_missing_or_not_finite('estimate')} or {_any_not_finite('lower', 'upper')}"),
    Wrong(_HISTORY, "interval_ordered", f"{_outside('estimate', 'lower', 'upper')} or lower > upper + {ROUNDING}"),
    Wrong(_EFFECT, "finite", _any_not_finite("estimate", "lower", "upper", "effective_n")),
    _interval(_EFFECT),
    Wrong(
        _EFFECT,
        "answer_or_reason",
        "case when status = 'estimated' then estimate is null else status is null or reason is null end",
    ),
    Wrong(_EFFECT, "estimate_in_interval", _outside("estimate", "lower", "upper")),
    Wrong(
        _EFFECT,
        "code_known",
        "coalesce(status not in ('estimated', 'refused', 'not_identifiable'), true) "
        "or coalesce(contrast not in ('log_hazard_ratio', 'risk_difference'), true)",
    ),
    Wrong(
        _EFFECT,
        "wording_known",
        f"coalesce(case when status = 'estimated' then wording not in ({_SAID}) else wording != '{REFUSED}' end, true)",
    ),
    Wrong(_EFFECT, "refused_without_number", "coalesce(estimate, lower, upper) is not null", "status != 'estimated'"),
    Wrong(_EFFECT_CHECK, "finite", _missing_or_not_finite("estimate")),
    Wrong(_OFFICE, "finite", _RATIO),
    _interval(_OFFICE),
    Wrong(_PARTNER, "finite", _RATIO),
    _interval(_PARTNER),
    *(Wrong(table, name, wrong, among) for table, name, wrong, among in office_sql.RULES),
]


def _repeated(table: str, key: str) -> str:
    """How many keys there are, and how many of them have more than one row."""
    return f"select count(*), count(*) filter (where n > 1) from (select count(*) as n from {table} group by {key})"


_OWN = {
    "outcomes.curve.grain": _repeated(_CURVE, "curve_name, stratum, stratum_value, method, state, day"),
    "models.risk_indicator.grain": _repeated(_RISK, "outcome, unit, code"),
    "models.fairness.grain": _repeated(_FAIR, "model_name, model_id, group_kind, group_value, metric"),
    "models.fairness.failing_not_in_use": """
        select count(*), count(*) filter (where card.is_champion and fails > 0)
        from models.card as card
        left join (
            select model_id, count(*) filter (where status = 'fail') as fails from models.fairness group by model_id
        ) as audit using (model_id)""",
    "models.metric.grain": _repeated(_METRIC, "model_name, model_id, metric, split"),
    "services.effect.grain": _repeated(_EFFECT, "question, strategy, comparator, contrast, horizon_months"),
    "services.effect_check.grain": _repeated(_EFFECT_CHECK, "question, measure, item"),
    "outcomes.curve.restored_never_falls": f"""
        select count(*), count(*) filter (where estimate < before - {ROUNDING})
        from (
            select estimate, max(estimate) over (
                partition by curve_name, stratum, stratum_value, method order by day
                rows between unbounded preceding and 1 preceding
            ) as before
            from outcomes.curve where state = 'restored'
        )""",
    "outcomes.curve.exits_one_way": f"""
        select count(*), count(*) filter (where rises < before - {ROUNDING})
        from (
            select rises, max(rises) over (
                partition by curve_name, stratum, stratum_value, method, state order by day
                rows between unbounded preceding and 1 preceding
            ) as before
            from (select *, if(state = 'in_care', -estimate, estimate) as rises from outcomes.curve where state != 'restored')
        )""",
    "outcomes.curve.headline_before_detection": """
        select count(*), count(*) filter (where headline.estimate < seen.estimate - 0.02)
        from outcomes.curve as headline inner join outcomes.curve as seen using (stratum, stratum_value, day, state)
        where headline.curve_name = 'restoration' and seen.curve_name = 'restoration_detection_date'
            and stratum = 'overall' and state = 'restored'""",
    "outcomes.optimal_time.grain": _repeated(_TIME, "question, stratum, stratum_value"),
    "outcomes.history.grain": _repeated(_HISTORY, "as_of, measure, stratum, stratum_value"),
    "outcomes.optimal_time.five_questions": """
        select 1, (count(distinct question) filter (where stratum = 'overall') < 5)::integer from outcomes.optimal_time""",
    "outcomes.curve.headline_present": """
        select 1, (count(*) = 0)::integer from outcomes.curve
        where curve_name = 'restoration' and stratum = 'overall' and stratum_value = 'all' and state = 'restored'""",
    "outcomes.curve.headline_adds_up": """
        select count(*), count(*) filter (where abs(total - 1) > 1e-6)
        from (
            select sum(estimate) as total from outcomes.curve where curve_name = 'restoration'
            group by stratum, stratum_value, method, day having count(distinct state) = 4
        )""",
    "models.card.one_champion": """
        select count(*), count(*) filter (where champions > 1)
        from (
            select count(*) filter (where is_champion) as champions from models.card group by model_name
        )""",
}


def queries() -> dict[str, str]:
    """The query of each check of the estimates door, by check id."""
    grains = {f"{table}.grain": _repeated(table, key) for table, key in office_sql.GRAIN.items()}
    return {f"{rule.table}.{rule.name}": rule.sql() for rule in _RULES} | _OWN | grains
