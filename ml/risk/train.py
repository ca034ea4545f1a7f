"""Train the need model: labels, features, cross-fitting, measures, importance; or say why it cannot be trained."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml import resampling
from ml.contracts import (
    FCT_EPISODE,
    FCT_SCORE,
    RISK_INDICATOR,
    SNAPSHOT,
    InputError,
    empty,
    require,
    shaped,
)
from ml.risk import features, labels, metrics, model
from ml.risk.definition import (
    DEFINITIONS,
    DRAWS,
    FOLDS,
    HORIZON_DAYS,
    MIN_EVENTS,
    MIN_LABELLED,
    MODEL_NAME,
    OUTCOME,
    PENALTIES,
)
from ml.risk.document import Trained, finish, metric_rows, numbers
from ml.risk.importance import importance
from ml.threads import single_thread

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class _Sample:
    """Eligible people, in the order of their keys."""

    x: Floats
    labels: labels.Labels
    clusters: resampling.Clusters
    items: features.Layout
    counts: dict[str, int]


def train(
    episodes: pd.DataFrame,
    snapshots: pd.DataFrame,
    scores: pd.DataFrame,
    *,
    as_of: date,
    seed: int,
    champion: Mapping[str, Any] | None = None,
    in_force: str = "",
) -> Trained:
    """The need model of core.fct_episode, aso.snapshot and aso.fct_score rows; the same for any order of rows.

    Scores are on the instrument's common scale: higher is better. in_force: what differs from the shipped definitions of the
    marts, kept in the document. champion: the document of the model in use, None when there is none; it only decides what the
    card says. With fewer than 100 people of known outcome, or fewer than 20 of either outcome, status is `refused` and the card
    says what is needed.
    Raises InputError when a frame breaks its contract.
    """
    for frame, contract in ((episodes, FCT_EPISODE), (snapshots, SNAPSHOT), (scores, FCT_SCORE)):
        require(frame, contract)
    with single_thread():
        return _train(_sample(episodes, snapshots, scores), as_of, seed, champion, in_force)


def _train(sample: _Sample, as_of: date, seed: int, champion: Mapping[str, Any] | None, in_force: str) -> Trained:
    fold = resampling.folds(sample.clusters, k=FOLDS, seed=seed)
    document = _base(sample, as_of, seed, in_force)
    if reason := _refusal(sample, fold):
        return finish({**document, "status": "refused", "reason": reason}, empty(RISK_INDICATOR), [], champion)
    fitted = model.cross_fit(sample.x, sample.labels, fold, PENALTIES)
    group = sample.clusters.code
    times = resampling.multiplicity(resampling.rng(seed, "draws"), len(sample.clusters.label), DRAWS)
    told = metrics.metrics(fitted.linear, fitted.null, sample.labels, group, times)
    found = importance(sample.x, sample.labels, fold, fitted, sample.items, group, times, seed=seed)
    document |= {"status": "trained", **numbers(fitted.final, sample.items)}
    return finish(document, shaped(found.assign(outcome=OUTCOME), RISK_INDICATOR), metric_rows(told), champion)


def _sample(episodes: pd.DataFrame, snapshots: pd.DataFrame, scores: pd.DataFrame) -> _Sample:
    initial = snapshots.loc[snapshots["stage"] == "initial", ["episode_key", "assessment_key", "day"]]
    if twice := int(initial["episode_key"].duplicated().sum()):
        raise InputError(f"column episode_key: {twice:,} rows are a second initial snapshot of an episode")
    people = episodes.merge(initial, on="episode_key", how="inner").sort_values("episode_key", ignore_index=True)
    time_zero = np.maximum(people["day"].to_numpy(dtype=np.float64), 0.0)
    open_question = labels.eligible(people, time_zero)
    counts = {
        "episodes": len(episodes),
        "no_initial_assessment": len(episodes) - len(people),
        "restored_or_unobserved_at_time_zero": int((~open_question).sum()),
    }
    people, time_zero = people[open_question].reset_index(drop=True), time_zero[open_question]
    known = labels.label(people, time_zero)
    own = scores[scores["assessment_key"].isin(people["assessment_key"])]
    items = features.layout(own)
    x = features.features(own, people["assessment_key"], items)
    return _Sample(x, known, resampling.clusters(people), items, {**counts, **known.counts})


def _refusal(sample: _Sample, fold: npt.NDArray[np.int64]) -> str | None:
    """Why there is not enough to train on, or None."""
    events, others = sample.counts["not_restored"], sample.counts["restored"]
    faults = []
    if (labelled := events + others) < MIN_LABELLED:
        faults.append(f"{labelled:,} people with a known outcome, {MIN_LABELLED} are needed")
    for count, what in ((events, "not restored"), (others, "restored")):
        if count < MIN_EVENTS:
            faults.append(f"{count:,} people {what} at 24 months, {MIN_EVENTS} are needed")
    if not faults:
        weights = (sample.labels.unrestored, sample.labels.restored)
        spread = min(len(np.unique(fold[weight > 0])) for weight in weights)
        if spread < 3 or not sample.items.indicators:
            faults.append("people of each outcome in at least 3 of 5 folds and at least one scored item are needed")
    return "refused: " + "; ".join(faults) if faults else None


def _base(sample: _Sample, as_of: date, seed: int, in_force: str) -> dict[str, Any]:
    return {
        "format": 1,
        "model_name": MODEL_NAME,
        "outcome": OUTCOME,
        "horizon_days": HORIZON_DAYS,
        "trained_as_of": as_of.isoformat(),
        "seed": seed,
        "definitions": DEFINITIONS | ({"in_force": in_force} if in_force else {}),
        "counts": sample.counts,
    }
