"""Rows of outcomes.training_need: where a partner is credibly below what its case mix leads one to expect, beside the
trainings it has had. For a conversation: the training is one answer among others, and a partner's strengths come first.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.contracts import require, shaped
from ml.offices.compare import Programme, Unit, compared, standing
from ml.offices.compared import Compared, of_counts, of_means, summed
from ml.offices.contract import DELIVERY, PARTNER_TRAINING, TRAINING_NEED
from ml.offices.definition import (
    BELOW,
    DOMAINS,
    LESS_IS_BETTER,
    MARGINS,
    MIN_EXPECTED,
    MIN_PEOPLE,
    PHRASES,
    RECENT_QUARTERS,
    STRENGTH,
)  # fmt: skip
from ml.offices.measures import Totals
from ml.offices.shrinkage import believe

Floats = npt.NDArray[np.float64]

SECTIONS = {"strength": 1, "as_expected": 2, "below": 3, "insufficient": 4, "refused": 4}
OF_FORMS = ("aso_completeness", "entry_lag", "same_score_forms")


@dataclass(frozen=True)
class Held:
    """The trainings of each partner: how many on a topic, and the quarter of the last."""

    by_topic: dict[tuple[str, str], tuple[int, str | None]]
    as_of: date

    def on(self, partner: str, code: str) -> tuple[int, str | None]:
        """Trainings on the topic; on any category of services for `any`."""
        if code != "any":
            return self.by_topic.get((partner, code), (0, None))
        found = [
            held for (who, topic), held in self.by_topic.items()
            if who == partner and topic not in DOMAINS and topic != "aso_scoring"
        ]  # fmt: skip
        quarters = [quarter for _, quarter in found if quarter]
        return sum(n for n, _ in found), max(quarters, default=None)

    def is_recent(self, quarter: str | None) -> bool:
        """Held within the last four quarters, that of as_of included."""
        if not quarter:
            return False
        year, number = quarter.split("Q")
        now = self.as_of.year * 4 + (self.as_of.month - 1) // 3
        return now - (int(year) * 4 + int(number) - 1) <= RECENT_QUARTERS


def held(trainings: pd.DataFrame, as_of: date) -> Held:
    """The trainings in rows of core.partner_training."""
    require(trainings, PARTNER_TRAINING)
    found: dict[tuple[str, str], tuple[int, str | None]] = {
        (str(row.partner_id), str(row.topic)): (
            int(str(row.n_trainings)),
            None if pd.isna(row.last_training_quarter) else str(row.last_training_quarter),
        )
        for row in trainings.itertuples()
    }
    return Held(found, as_of)


def needs(whole: Programme, one: Unit, delivery: pd.DataFrame, trainings: Held) -> pd.DataFrame:
    """One row per partner, kind, code and measure, strengths first within each partner.

    delivery: rows of intermediate.int_partner_delivery. Each measure is compared over all partners at once, so that
    what is believed of one rests on how far all of them differ.
    """
    require(delivery, DELIVERY)
    parts = []
    for domain in DOMAINS:
        name = f"gain_{domain.lower()}"
        parts.append(_part(whole, one, trainings, ("domain", domain, name)))
    parts.append(_part(whole, one, trainings, ("service", "any", "days_to_first_service")))
    parts += [_part(whole, one, trainings, ("recording", "aso_scoring", name)) for name in OF_FORMS]
    for category, rows in delivery.groupby("category", sort=True):
        found = _delivered(rows.sort_values("partner_id"))
        named = ("service", str(category), "planned_delivered")
        ids = sorted(rows["partner_id"].astype(str))
        parts.append(_rows(ids, found, [None] * len(ids), trainings, named))
    out = pd.concat(parts, ignore_index=True)
    order = ["partner_id", "section", "kind", "code", "measure"]
    return shaped(out.sort_values(order, ignore_index=True), TRAINING_NEED)


def _part(whole: Programme, one: Unit, trainings: Held, named: tuple[str, str, str]) -> pd.DataFrame:
    name = named[2]
    if name not in whole.measures:
        reason = PHRASES["failed" if name in whole.failed else "no_model"]
        nothing = pd.DataFrame({"partner_id": one.ids, "status": "refused", "reason": reason, "n": 0})
        return _filled(nothing, trainings, named)
    found = _forms_alike(whole, one) if name == "same_score_forms" else compared(whole, one, name)[0]
    return _rows(one.ids, found, one.why, trainings, named)


def _forms_alike(whole: Programme, one: Unit) -> Compared:
    """Forms with all scores the same: rare, so counted."""
    measure = whole.measures["same_score_forms"]
    assert isinstance(measure, Totals)
    own = (one.group >= 0) & (measure.weight > 0)
    group, k = one.group[own], len(one.ids)
    total, expected, weight = (
        summed(group, values[own], k) for values in (measure.total, measure.expected, measure.weight)
    )
    n, people, _ = whole.who.groups(one.group, k).sizes(measure.weight > 0)
    enough = (people >= MIN_PEOPLE) & (expected >= MIN_EXPECTED)
    found = of_counts(n, enough, total, np.maximum(expected, 0.0), np.ones(k))
    each = np.maximum(weight, 1.0)
    return Compared(**{**vars(found), "observed": total / each, "expected": expected / each})


def _delivered(rows: pd.DataFrame) -> Compared:
    number = {
        name: rows[name].to_numpy(dtype=np.float64) for name in ("n_planned", "n_delivered", "n_expected", "squared")
    }
    people, clusters = (rows[name].to_numpy(dtype=np.int64) for name in ("n_people", "n_clusters"))
    expected, squared = np.nan_to_num(number["n_expected"]), np.nan_to_num(number["squared"])
    sums = (number["n_delivered"], expected, number["n_planned"])
    return of_means(people, people, clusters, sums, squared)


def _rows(
    ids: list[str], found: Compared, why: list[str | None], trainings: Held, named: tuple[str, str, str]
) -> pd.DataFrame:
    name = named[2]
    status, reason = standing(found, name, why)
    worse, better = np.full(len(ids), np.nan), np.full(len(ids), np.nan)
    enough = found.is_enough
    if enough.any():
        worse[enough], better[enough] = _chances(found, name)
    table = pd.DataFrame({"partner_id": ids, "n": found.n, "probability_below": worse, "status": status})
    for key in ("observed", "expected", "ratio", "lower", "upper"):
        table[key] = getattr(found, key)
    said = table["status"] == "estimated"
    table.loc[~said, ["observed", "expected", "ratio", "lower", "upper", "probability_below"]] = np.nan
    table.loc[said, "status"] = "as_expected"
    table.loc[said & (better >= STRENGTH), "status"] = "strength"
    table.loc[said & (worse >= BELOW), "status"] = "below"
    table["reason"] = [PHRASES[key] if key else "" for key in reason]
    return _filled(table, trainings, named)


def _chances(found: Compared, name: str) -> tuple[Floats, Floats]:
    """P(worse than the margin of the measure) and P(better than expected), given all partners."""
    posterior, expected = believe(found), found.expected[found.is_enough]
    margin = np.array([MARGINS[name].threshold(float(share)) for share in expected])
    if name in LESS_IS_BETTER:
        return 1.0 - posterior.below(margin), posterior.below(1.0)
    return posterior.below(margin), 1.0 - posterior.below(1.0)


def _filled(table: pd.DataFrame, trainings: Held, named: tuple[str, str, str]) -> pd.DataFrame:
    """The rows with what they are about, the trainings held on it, and what they mean."""
    kind, code, measure = named
    had = [trainings.on(str(partner), code) for partner in table["partner_id"]]
    out = table.assign(
        kind=kind, code=code, measure=measure, n_trainings=[n for n, _ in had],
        last_training_quarter=pd.Series([quarter for _, quarter in had], dtype=object, index=table.index),
        section=[SECTIONS[state] for state in table["status"]],
    )  # fmt: skip
    out["reason"] = [
        _meaning(status, reason, n, trainings.is_recent(quarter))
        for status, reason, (n, quarter) in zip(out["status"], out["reason"], had, strict=True)
    ]
    return out.reindex(columns=list(TRAINING_NEED))


def _meaning(status: str, reason: str, n_trainings: int, is_recent: bool) -> str:
    if status == "below":
        return PHRASES["below_recent" if is_recent else "below_trained" if n_trainings else "below"]
    return PHRASES[status] if status in ("strength", "as_expected") else reason
