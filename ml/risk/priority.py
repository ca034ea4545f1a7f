"""Whom of the people in care a model expects to need more support, with limits, reasons and a last day. For a named case manager.

It offers support and takes none away: a person whom it does not name is owed what she is owed. Nothing acts on it by itself.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import t as student

from ml.contracts import empty, shaped
from ml.risk import drift, offices, policy
from ml.risk.contract import PRIORITY
from ml.risk.document import Trained, fitted
from ml.risk.fitting import Fitted
from ml.risk.followed import offices_of
from ml.risk.model import Model, probability
from ml.risk.sample import People

Floats = npt.NDArray[np.float64]

EXPIRES_AFTER_DAYS = 90
MOST_REASONS = 3
FIRST = 0.5  # of the people above the threshold, the share that is named first
WORDS = {
    "score": "{0} scored low",
    "domain": "domain {0} scored low",
    "total": "a low total score",
    "missing": "items of {0} not scored",
    "not_applicable": "items of {0} do not apply",
    "quarantined": "scores of {0} cannot be read",
    "age": "age band {0}",
}
OPPOSITE = {"score": "{0} scored high", "domain": "domain {0} scored high", "total": "a high total score"}


def in_care(people: People, horizon: float) -> npt.NDArray[np.int64]:
    """Positions of those in care now, not seen restored, observed from time zero, and within the horizon."""
    episodes = people.episodes
    since = episodes["as_of_day"].to_numpy(dtype=np.float64) - people.time_zero
    is_open = episodes["exit_day"].isna() & episodes["restored_right_day"].isna()
    return np.flatnonzero(is_open.to_numpy() & (since >= 0) & (since < horizon))


def support_priority(people: People, trained: Trained, *, as_of: date) -> pd.DataFrame:
    """episode_key, office_id, model_id, band, probability, lower, upper, reasons, expires_on: one row per person in care now.

    band: `more_support_first` and `more_support` for those above the model's threshold, else `usual_support`. lower, upper: how far the
    probability would move had the model been learnt from other people (delete-a-group jackknife over its folds, Student's t); it is no
    range for what becomes of her. reasons: what raised it most against the average person, as codes in words. expires_on: 90 days on, or
    the horizon if earlier; no rows of a model that knows nobody (intercept).
    """
    document = trained.document
    who = in_care(people, float(document["horizon_days"]))
    if trained.status != "trained" or document["rung"] == "intercept" or not len(who):
        return empty(PRIORITY)
    policy.refuse(document["features"], document["rung"])
    x = matrix(people, document)[who]
    models = fitted(document, trained.artifact)
    own = people.episodes.iloc[who].reset_index(drop=True)
    added = offices.added(offices_of(own), document["offices"])
    linear, spread = models[0].linear(x) + added, _spread(models, x)
    p = probability(linear)
    since = own["as_of_day"].to_numpy(dtype=np.float64) - people.time_zero[who]
    left = np.floor(float(document["horizon_days"]) - since).astype(int)
    frame = pd.DataFrame(
        {
            "episode_key": own["episode_key"],
            "office_id": own["office_id"],
            "model_id": trained.model_id,
            "band": _bands(p, float(document["threshold"])),
            "probability": np.round(p, 3),
            "lower": np.round(probability(linear - spread), 3),
            "upper": np.round(probability(linear + spread), 3),
            "reasons": _reasons(models[0], x, document),
            "expires_on": [(as_of + timedelta(days=int(min(EXPIRES_AFTER_DAYS, days)))).isoformat() for days in left],
        }
    )
    return shaped(frame.sort_values("episode_key", ignore_index=True), PRIORITY)


def matrix(people: People, document: Mapping[str, Any]) -> Floats:
    """The columns of everyone that a stored model uses, (n, p), by name; an item that is no longer on the form is NaN, its flag 0."""
    names = [*people.items.names, *people.items.summaries]
    at = {name: j for j, name in enumerate(names)}
    blank = {True: np.full(len(people.x), np.nan), False: np.zeros(len(people.x))}
    wanted = document["features"]
    is_score = [name.startswith(("score:", "domain:", "total")) for name in wanted]
    return np.column_stack(
        [people.x[:, at[name]] if name in at else blank[kind] for name, kind in zip(wanted, is_score, strict=True)]
    )


def drifted(people: People, trained: Trained) -> list[dict[str, Any]]:
    """Rows of models.metric, as JSON: how far the inputs of those in care are from those of the people that the model learnt from."""
    if trained.status != "trained":
        return []
    names = [*people.items.names, *people.items.summaries]
    who = in_care(people, float(trained.document["horizon_days"]))
    values = {name: people.x[who, names.index(name)] for name in trained.document["reference"] if name in names}
    return drift.rows(trained.document["reference"], values, "caseload")


def _spread(models: tuple[Fitted, ...], x: Floats) -> Floats:
    """Half the width of a 95 % interval of the log odds, (n,). Kott PS (2001), J Off Stat 17:521-526."""
    each = np.column_stack([one.linear(x) for one in models[1:]])
    k = each.shape[1]
    deviation = np.sqrt((k - 1) / k * ((each - each.mean(axis=1, keepdims=True)) ** 2).sum(axis=1))
    return np.asarray(float(student.ppf(0.975, k - 1)) * deviation)


def _bands(p: Floats, threshold: float) -> npt.NDArray[np.str_]:
    above = p >= threshold
    first = float(np.quantile(p[above], 1.0 - FIRST)) if above.any() else 1.0
    return np.where(above & (p >= first), "more_support_first", np.where(above, "more_support", "usual_support"))


def _reasons(model: Fitted, x: Floats, document: Mapping[str, Any]) -> list[str]:
    """What raised each person's log odds most, at most three, in words; empty text where nothing did."""
    names = list(document["features"])
    parts = _contributions(model, x, names)
    order = np.argsort(-parts, axis=1, kind="stable")[:, :MOST_REASONS]
    high = x > np.nanmean(x, axis=0, keepdims=True)
    told = [[_told(name, False) for name in names], [_told(name, True) for name in names]]
    return [
        "; ".join(told[int(high[row, j])][j] for j in best if parts[row, j] > 1e-9) for row, best in enumerate(order)
    ]


def _told(name: str, is_high: bool) -> str:
    kind, _, code = name.partition(":")
    return (OPPOSITE.get(kind, WORDS[kind]) if is_high else WORDS[kind]).format(code)


def _contributions(model: Fitted, x: Floats, names: list[str]) -> Floats:
    """What each column adds to each person's log odds against its average, (n, p); flags that are not set add nothing."""
    is_flag = np.array(
        [name.partition(":")[0] in ("missing", "not_applicable", "quarantined", "age") for name in names]
    )
    if isinstance(model, Model):
        parts = model.standardised(x) * model.coefficient
    else:
        base, average, parts = model.linear(x), np.nanmean(x, axis=0), np.zeros_like(x)
        for j in range(x.shape[1]):
            other = x.copy()
            other[:, j] = average[j]
            parts[:, j] = base - model.linear(other)
    return np.where(is_flag[None, :] & (x <= 0), 0.0, parts)
