"""Rows of estimates that are not about one office: curves, best times, history, models, services."""

from datetime import date
from functools import partial
from typing import Any

from flows.publish.sharing.cells import Row, month_of
from flows.publish.sharing.gather import STRATA, Found, Marts, told, whole

SHARES = ("planned_delivered", "first_sequence", "unmet_need")
"""Measures of services that are a share of people: so many do, so many do not."""

_RISK = """
    select r.outcome, r.code, i.label, i.domain_code, round(r.importance, 4) + 0.0 as importance,
        round(r.lower, 4) + 0.0 as lower, round(r.upper, 4) + 0.0 as upper, r.rank_low, r.rank_high, r.direction,
        round(100 * r.selection_frequency)::integer as selection_percent
    from marts.models.risk_indicator as r
    left join marts.core.dim_indicator as i on r.code = i.indicator_code
    where r.unit = 'indicator'
    order by r.outcome, r.rank_low, r.rank_high, r.code
"""
_CHECKS = "select severity, status, count(*) as n_checks from marts.quality.check group by all order by all"
_SPOKEN = (
    "select check_id, family, table_name, status, threshold, because from marts.quality.check "
    "where status in ('warn', 'fail', 'error') order by all"
)
_DEFINITIONS = "select name, version, value, since from marts.meta.definition order by name, version"


def in_strata(marts: Marts, found: Found) -> Found:
    """Those rows whose group is a known one, with its label."""
    return [
        {**one, "label": label}
        for one in found
        if one["stratum"] in STRATA and (label := marts.label(one["stratum"], str(one["stratum_value"])))
    ]


def optimal_time(marts: Marts) -> list[Row]:
    """One row per question and group."""
    said = ("estimate_months", "lower_months", "upper_months", "set_months", "status", "reason", "definition_version")
    found = marts.table("outcomes.optimal_time", "question", "stratum", "stratum_value", "n", *said)
    return [
        Row((one["question"], one["stratum"], one["stratum_value"]), {"n": whole(one["n"])}, told(one, "label", *said))
        for one in in_strata(marts, found)
    ]


def history(marts: Marts) -> list[Row]:
    """One row per measure and group of the first release of each month."""
    key = ("release_id", "measure", "stratum", "stratum_value")
    said = ("as_of", "estimate", "lower", "upper", "definition_version", "is_break")
    found = in_strata(marts, marts.table("outcomes.history", *key, *said, "n"))
    first: dict[tuple[str, ...], dict[str, Any]] = {}
    for one in sorted(found, key=lambda one: (str(one["as_of"]), str(one["release_id"]))):
        month = month_of(date.fromisoformat(str(one["as_of"])[:10]))
        first.setdefault((*(str(one[name]) for name in key[1:]), month), one)
    rows = [
        Row(tuple(str(one[name]) for name in key), {"n": whole(one["n"])}, told(one, *said)) for one in first.values()
    ]
    return sorted(rows, key=lambda row: row.key)


def model_metrics(marts: Marts) -> list[Row]:
    """One row per model, metric and part of the data."""
    key, said = ("model_name", "model_id", "metric", "split"), ("estimate", "lower", "upper")
    return [
        Row(tuple(str(one[name]) for name in key), {"n": whole(one["n"])}, told(one, *said))
        for one in marts.table("models.metric", *key, *said, "n")
    ]


def fairness(marts: Marts) -> list[Row]:
    """One row per model, kind of group, group and metric."""
    key, said = ("model_id", "group_kind", "group_value", "metric"), ("estimate", "lower", "upper", "status")
    return [
        Row(
            tuple(str(one[name]) for name in key),
            {"n": whole(one["n"])} | ({} if one["n_positive"] is None else {"yes": whole(one["n_positive"])}),
            told(one, *said),
        )
        for one in marts.table("models.fairness", *key, *said, "n", "n_positive")
    ]


def service_effects(marts: Marts) -> list[Row]:
    """One row per comparison; one that was refused may have no number."""
    key = ("question", "strategy", "comparator", "contrast", "horizon_months")
    said = ("estimate", "lower", "upper", "status", "reason", "wording")
    return [
        Row(
            tuple(str("" if one[name] is None else one[name]) for name in key),
            {} if one["effective_n"] is None else {"n": whole(one["effective_n"])},
            told(one, *said),
        )
        for one in marts.table("services.effect", *key, *said, "effective_n")
    ]


def service_descriptions(marts: Marts) -> list[Row]:
    """One row per measure, category, group and month; a share has the number of those who do beside that of all."""
    key = ("measure", "category", "stratum", "stratum_value", "month")
    said = ("estimate", "lower_quartile", "upper_quartile")
    rows = []
    for one in in_strata(marts, marts.table("services.description", *key, *said, "n")):
        n = whole(one["n"])
        share = one["measure"] in SHARES and one["estimate"] is not None and 0 <= one["estimate"] <= 1
        counts = {"n": n, "yes": round(n * one["estimate"])} if share else {"n": n}
        rows.append(Row(tuple("" if one[k] is None else str(one[k]) for k in key), counts, told(one, "label", *said)))
    return rows


def _plain_rows(marts: Marts, query: str, key: tuple[str, ...]) -> list[Row]:
    return [Row(tuple(str(one[name]) for name in key), {}, told(one, *one)) for one in marts.ask(query)]


risk_indicators = partial(_plain_rows, query=_RISK, key=("outcome", "code"))
checks_summary = partial(_plain_rows, query=_CHECKS, key=("severity", "status"))
checks_spoken = partial(_plain_rows, query=_SPOKEN, key=("check_id",))
definitions = partial(_plain_rows, query=_DEFINITIONS, key=("name", "version"))


def model_cards(marts: Marts) -> list[Row]:
    """One row per model."""
    said = ("model_name", "model_id", "trained_as_of", "is_champion", "reason")
    return [Row((str(one["model_id"]),), {}, told(one, *said)) for one in marts.table("models.card", *said)]
