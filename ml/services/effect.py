"""Rows of services.effect and services.effect_check: every pre-stated question answered, or refused with the reason."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ml.contracts import UNRESTORED, Contract, empty, require, shaped
from ml.services import balance, gates, gformula, trial
from ml.services.columns import Shared
from ml.services.contract import DELIVERED, EFFECT, EFFECT_CHECK, EFFECT_EPISODE, EPISODE_MONTH, FIRST_SCORES
from ml.services.exposure import Path, path
from ml.services.gates import Verdict
from ml.services.months import Months, months, spline
from ml.services.people import People, people
from ml.services.question import Question, questions
from ml.services.sensitivity import e_value, e_value_of_limit
from ml.services.trial import Contrast, Trial
from ml.services.weights import Base, Singles, Weighted, weigh
from ml.services.wording import WORDING
from ml.threads import single_thread

DIGITS = 6
Check = tuple[str, str, float, float | None, bool | None]


@dataclass(frozen=True)
class Found:
    """effect and check: frames of services.effect and services.effect_check."""

    effect: pd.DataFrame
    check: pd.DataFrame


@dataclass(frozen=True)
class Answer:
    """One question: contrasts by name (empty where refused), the verdict, what the smaller arm is worth, checks."""

    contrasts: dict[str, Contrast]
    verdict: Verdict
    effective_n: float | None
    checks: list[Check]


@dataclass(frozen=True)
class Alike:
    """Whether like was compared with like at the decisions of a question, and the checks that say so."""

    unlike: list[balance.Difference]
    violated: list[tuple[str, str]]
    checks: list[Check]


def effects(
    episodes: pd.DataFrame, unrestored: pd.DataFrame, initial: pd.DataFrame, table: pd.DataFrame, services: pd.DataFrame,
    *, seed: int, asked: tuple[Question, ...] | None = None,
) -> Found:  # fmt: skip
    """All questions, in the order of their names. A question whose fit fails is refused; the others are answered.

    `table` and `services` name an episode by its row in `episodes`. Raises InputError where a frame breaks its contract.
    """
    for frame, contract in (
        (episodes, EFFECT_EPISODE),
        (unrestored, UNRESTORED),
        (initial, FIRST_SCORES),
        (table, EPISODE_MONTH),
        (services, DELIVERED),
    ):
        require(frame, contract)
    who = people(episodes, unrestored, initial)
    rows = months(who, table)
    del table  # the largest frame
    time, start = spline(rows.month), Shared(who.design.astype(np.float32), rows.episode)
    effect, check = [empty(EFFECT)], [empty(EFFECT_CHECK)]
    with single_thread():
        for question in asked if asked is not None else questions():
            answer = _answer(question, who, rows, time, start, services, seed)
            effect.append(_effect_rows(question, answer))
            check.append(_check_rows(question, answer))
    return Found(_joined(effect, EFFECT), _joined(check, EFFECT_CHECK))


def _joined(parts: list[pd.DataFrame], contract: Contract) -> pd.DataFrame:
    return shaped(pd.concat([part for part in parts if len(part)] or parts, ignore_index=True), contract)


def _answer(
    question: Question, who: People, rows: Months, time: Singles, start: Shared, services: pd.DataFrame, seed: int
) -> Answer:
    try:
        base = Base(time, start, np.column_stack([rows.known, rows.recent[question.own_category]]))
        followed = path(question.exposure, who, rows, services)
        n_asked, n_with = int(followed.asked.sum()), _n_with(rows, followed)
        counts: list[Check] = [
            ("n_stays", "in the question", n_asked, None, None),
            ("n_stays", "with the service", n_with, gates.LEAST_EFFECTIVE, n_with >= gates.LEAST_EFFECTIVE),
            ("n_stays", "left out: the office never gave it", followed.n_without_office, None, None),
        ]
        refused = gates.no_trial(n_asked, n_with)
        if refused:
            return Answer({}, refused, None, counts)
        weighted = weigh(who, rows, base, followed)
        alike = _alike(who, rows, base, weighted)
        # Decisions, month by month, are the most of what a question holds: the fits need none of them.
        followed, weighted = replace(followed, decisions=()), replace(weighted, choices=())
        return _fitted(question, who, rows, base, followed, weighted, alike, counts, seed)
    except (ArithmeticError, ValueError, IndexError, np.linalg.LinAlgError) as error:
        return Answer({}, Verdict("none", f"not estimated: {type(error).__name__} while fitting"), None, [])


def _n_with(rows: Months, followed: Path) -> int:
    own = followed.asked[rows.episode] & (rows.month >= followed.first[rows.episode]) & (followed.states[:, 0] > 0)
    return len(np.unique(rows.episode[own]))


def _fitted(
    question: Question, who: People, rows: Months, base: Base, followed: Path, weighted: Weighted, alike: Alike,
    counts: list[Check], seed: int,
) -> Answer:  # fmt: skip
    fits = trial.run(who, rows, base, followed, weighted)
    ratio = trial.log_hazard_ratio(fits.primary)
    horizon = question.horizon_months
    risk = trial.risk_difference(who, base, followed, fits.primary, horizon)
    second = gformula.risk_difference(who, rows, base, followed, fits.pieces, horizon=horizon, seed=seed)
    arms = balance.arm(rows, fits, 1), balance.arm(rows, fits, 0)
    verdict = gates.judge(
        converged=fits.primary.converged and weighted.converged, violated=alike.violated, arms=arms, differences=alike.unlike,
        difference=risk, second=second, ratio=ratio, other_ratio=fits.other,
    )  # fmt: skip
    checks = [
        *counts,
        *_arm_checks(arms),
        *alike.checks,
        *_beside(fits, ratio, risk, second),
    ]
    both = {"log_hazard_ratio": ratio, "risk_difference": risk} if verdict.claim != "none" else {}
    return Answer(both, verdict, min(one.effective_n for one in arms), checks)


def _arm_checks(arms: tuple[balance.Arm, balance.Arm]) -> list[Check]:
    out: list[Check] = []
    for name, one in zip(("strategy", "comparator"), arms, strict=True):
        out += [
            ("effective_n", name, one.effective_n, gates.LEAST_EFFECTIVE, one.effective_n >= gates.LEAST_EFFECTIVE),
            ("largest_weight_share", name, one.largest_share, gates.LARGEST_SHARE, one.largest_share <= gates.LARGEST_SHARE),
            ("n_restored_expected", name, one.events, gates.LEAST_EVENTS, one.events >= gates.LEAST_EVENTS),
        ]  # fmt: skip
    return out


def _alike(who: People, rows: Months, base: Base, weighted: Weighted) -> Alike:
    unlike = balance.differences(base, weighted.choices)
    violated = balance.violations(who, rows, base, weighted.choices)
    out: list[Check] = []
    for one in unlike:
        item = f"{one.decision}: {one.covariate}"
        out.append(("difference_before", item, one.before, None, None))
        out.append(("difference_after", item, one.after, gates.UNLIKE, abs(one.after) <= gates.UNLIKE))
    for choice in weighted.choices:
        taken = choice.decision.taken > 0.5
        groups = sum(decision == choice.decision.name for decision, _ in violated)
        out.append(("positivity_violations", choice.decision.name, groups, 0.0, groups == 0))
        for name, which, percent in (("takers", taken, 1.0), ("others", ~taken, 99.0)):
            if which.any():
                item = f"{choice.decision.name}: {percent:.0f} % of {name}"
                out.append(("chance_of_service", item, float(np.percentile(choice.full[which], percent)), None, None))
    return Alike(unlike, violated, out)


def _beside(fits: Trial, ratio: Contrast, risk: Contrast, second: float) -> list[Check]:
    agrees = bool(risk.lower <= second <= risk.upper)
    other = fits.other
    out: list[Check] = [
        ("log_hazard_ratio", "crude", fits.crude.estimate, None, None),
        ("log_hazard_ratio", "restoration dated on the day it was seen", fits.detection.estimate, None, None),
        ("log_hazard_ratio", trial.OTHER_WEIGHTS, other.estimate, None, abs(other.estimate - ratio.estimate) <= ratio.error),
        ("risk_difference", "g-formula", second, None, agrees),
        ("e_value", "estimate", e_value(ratio.estimate), None, None),
        ("e_value", "limit nearer to no difference", e_value_of_limit(ratio.lower, ratio.upper), None, None),
    ]  # fmt: skip
    return [one for one in out if np.isfinite(one[2])]


def _effect_rows(question: Question, answer: Answer) -> pd.DataFrame:
    """One row a contrast; refused ones without numbers."""
    status = "refused" if answer.verdict.claim == "none" else "estimated"
    rows = []
    for name in question.contrasts:
        found = answer.contrasts.get(name)
        numbers = (found.estimate, found.lower, found.upper) if found else (None, None, None)
        rows.append(
            {
                "question": question.name,
                "strategy": question.strategy,
                "comparator": question.comparator,
                "contrast": name,
                "horizon_months": question.horizon_months,
                **dict(zip(("estimate", "lower", "upper"), (_rounded(value) for value in numbers), strict=True)),
                "effective_n": _rounded(answer.effective_n),
                "status": status,
                "reason": answer.verdict.reason,
                "wording": WORDING[answer.verdict.claim],
            }
        )
    return pd.DataFrame(rows)


def _rounded(value: float | None) -> float:
    return float("nan") if value is None else round(float(value), DIGITS)


def _check_rows(question: Question, answer: Answer) -> pd.DataFrame:
    columns = ["measure", "item", "estimate", "threshold", "is_met"]
    frame = pd.DataFrame(answer.checks, columns=columns)
    frame.insert(0, "question", question.name)
    frame["estimate"] = frame["estimate"].astype("float64").round(DIGITS)
    frame["threshold"] = frame["threshold"].astype("float64")
    frame["is_met"] = frame["is_met"].astype("object")
    return frame
