"""Train a need model: labels, the ladder, measures, importance, the fairness audit; or say why it cannot be trained."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml import resampling
from ml.contracts import RISK_INDICATOR, shaped
from ml.risk import cards, drift, fairness, ladder, offices, policy
from ml.risk.definition import (
    CAPACITY,
    DEFINITIONS,
    DRAWS,
    FOLDS,
    MIN_EVENTS,
    MIN_LABELLED,
    NOT_RESTORED,
    OUTCOMES,
    Outcome,
)
from ml.risk.document import Trained, finish, numbers, short
from ml.risk.importance import importance
from ml.risk.model import probability
from ml.risk.sample import People, Sample, people_of, sample_of
from ml.risk.validation import drift_inputs, measures
from ml.threads import single_thread

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class How:
    """What a training is told: the date of the data, the seed, what differs from the shipped definitions, the share of the caseload
    that more support can be given to."""

    as_of: date
    seed: int
    in_force: str = ""
    capacity: float = CAPACITY


def train(
    episodes: pd.DataFrame,
    snapshots: pd.DataFrame,
    scores: pd.DataFrame,
    *,
    as_of: date,
    seed: int,
    champion: Mapping[str, Any] | None = None,
    in_force: str = "",
    capacity: float = CAPACITY,
    outcome: Outcome = NOT_RESTORED,
) -> Trained:
    """The need model of one outcome, of core.fct_episode, aso.snapshot and aso.fct_score rows; the same for any order of rows.

    Scores are on the instrument's common scale: higher is better. in_force: what differs from the shipped definitions of the
    marts, kept in the document. champion: the document of the model in use, None when there is none; it only decides what the
    card says. With fewer than 100 people of known outcome, or fewer than 20 of either outcome, status is `refused` and the card
    says what is needed.
    Raises InputError when a frame breaks its contract, FeaturePolicyError when a feature may not be used.
    """
    people = people_of(episodes, snapshots, scores, as_of=as_of)
    how = How(as_of, seed, in_force, capacity)
    return next(train_each(people, how, {outcome.model_name: champion} if champion else {}, (outcome,)))


def train_each(
    people: People, how: How, champions: Mapping[str, Mapping[str, Any]], outcomes: tuple[Outcome, ...] = OUTCOMES
) -> Iterator[Trained]:
    """A model of each outcome, in their order; champions: documents of the models in use, by model name."""
    for outcome in outcomes:
        with single_thread():
            found = _train(sample_of(people, outcome), how, champions.get(outcome.model_name))
        yield cards.documented(found)


def _train(sample: Sample, how: How, champion: Mapping[str, Any] | None) -> Trained:
    policy.refuse((name for name in sample.items.rung("indicators")), "indicators")
    fold = resampling.folds(sample.clusters, k=FOLDS, seed=how.seed)
    document = _base(sample, how)
    if reason := _refusal(sample, fold):
        return finish({**document, "status": "refused", "reason": reason}, [], champion)
    group, k = sample.clusters.code, len(sample.clusters.label)
    times = resampling.multiplicity(resampling.rng(how.seed, "draws"), k, DRAWS)
    climbed = ladder.climb(sample, fold, times, seed=how.seed)
    crossed = climbed.chosen.crossed
    linear, added = _with_offices(sample, climbed, fold)
    told = measures(sample, climbed, linear, times, how.capacity)
    threshold = next(row["estimate"] for row in told if row["metric"] == "threshold")
    audited = fairness.audit(linear, sample.labels, group, times, sample.groups, threshold)
    items = climbed.tried["indicators"]
    found = importance(items.x, sample.labels, fold, items.crossed, sample.items, group, times, seed=how.seed)
    content, artifact = numbers(crossed, climbed.chosen.rung.name, sample.items)
    document |= {
        "status": "trained",
        **content,
        "offices": {name: short([value])[0] for name, value in sorted(added.items())},
        "threshold": threshold,
        "ladder": climbed.told,
        "reference": drift_inputs(sample),
        "refusals": _refusals(audited, told),
        "mean_probability": short([probability(linear).mean()])[0],
    }
    indicator = shaped(found.assign(outcome=sample.outcome.name), RISK_INDICATOR)
    return finish(document, told, champion, indicator=indicator, fairness=audited, artifact=artifact)


def _with_offices(
    sample: Sample, climbed: ladder.Climbed, fold: npt.NDArray[np.int64]
) -> tuple[Floats, dict[str, float]]:
    """Held-out log odds (n,) with what each person's office adds, and the intercepts that are deployed.

    Nothing is added to the rung that knows nobody, and its one value is that of everyone: it names nobody, whatever her office.
    """
    crossed, group = climbed.chosen.crossed, sample.clusters.code
    if climbed.chosen.rung.name == "intercept":
        return crossed.final.linear(climbed.chosen.x), {}
    shift = offices.held_out(crossed.linear, sample.labels, group, sample.offices, fold)
    return crossed.linear + shift, offices.intercepts(crossed.linear, sample.labels, group, sample.offices)


def _refusals(audited: pd.DataFrame, told: list[dict[str, Any]]) -> list[str]:
    """What keeps a trained model from use, in words."""
    failed = fairness.failures(audited)
    unfair = [f"fairness audit: {', '.join(failed[:3])}{' and more' if len(failed) > 3 else ''}"] if failed else []
    return [*unfair, *drift.limits(told)]


def _refusal(sample: Sample, fold: npt.NDArray[np.int64]) -> str | None:
    """Why there is not enough to train on, or None."""
    outcome, events, others = sample.outcome, sample.counts["event"], sample.counts["other"]
    faults = []
    if (labelled := events + others) < MIN_LABELLED:
        faults.append(f"{labelled:,} people with a known outcome, {MIN_LABELLED} are needed")
    for count, what in ((events, outcome.event), (others, outcome.other)):
        if count < MIN_EVENTS:
            faults.append(f"{count:,} people {what}, {MIN_EVENTS} are needed")
    if not faults:
        weights = (sample.labels.event, sample.labels.other)
        spread = min(len(np.unique(fold[weight > 0])) for weight in weights)
        if spread < FOLDS or not sample.items.indicators:
            faults.append("people of each outcome in each of 5 folds and at least one scored item are needed")
    return "refused: " + "; ".join(faults) if faults else None


def _base(sample: Sample, how: How) -> dict[str, Any]:
    definitions = {"outcome": sample.outcome.definition, **DEFINITIONS}
    return {
        "format": 2,
        "model_name": sample.outcome.model_name,
        "outcome": sample.outcome.name,
        "horizon_days": sample.outcome.horizon_days,
        "trained_as_of": how.as_of.isoformat(),
        "seed": how.seed,
        "capacity": how.capacity,
        "definitions": definitions | ({"in_force": how.in_force} if how.in_force else {}),
        "counts": sample.counts,
        "n_offices": len(np.unique(sample.offices)),
        "intake_years": f"{sample.cohort.min()} to {sample.cohort.max()}" if len(sample.cohort) else "none",
    }
