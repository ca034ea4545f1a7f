"""The model as a document: what is in it, what its id is, and the rows of the marts that go with it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml import promotion
from ml.contracts import CARD, FAIRNESS, METRIC, RISK_INDICATOR, empty, shaped
from ml.risk import boosting
from ml.risk.features import Layout
from ml.risk.fitting import CrossFit, Fitted
from ml.risk.model import Model


@dataclass(frozen=True)
class Trained:
    """A model, or the refusal to train one. `document` is JSON; model_id is the hash of its content.

    The frames are rows of models.risk_indicator, models.metric, models.fairness (empty when refused) and models.card (one row).
    artifact: the trees as skops where the model is boosted. texts: the model card and the datasheet, by file name.
    """

    status: str
    model_id: str
    document: dict[str, Any]
    risk_indicator: pd.DataFrame
    metric: pd.DataFrame
    card: pd.DataFrame
    fairness: pd.DataFrame = field(default_factory=lambda: empty(FAIRNESS))
    artifact: bytes | None = None
    texts: Mapping[str, str] = field(default_factory=dict)


def numbers(crossed: CrossFit, rung: str, items: Layout) -> tuple[dict[str, Any], bytes | None]:
    """What a fitted rung is made of, as JSON, and the file of its trees where it has some. `folds` are the models of the folds."""
    named = {
        "rung": rung,
        "features": list(items.rung(rung)),
        "domain_of": dict(zip(items.indicators, items.domain_of, strict=True)),
    }
    boosted = tuple(one for one in (crossed.final, *crossed.models) if isinstance(one, boosting.Boosted))
    if boosted:
        return {**named, "trees": boosting.fingerprint(boosted)}, boosting.dump(boosted)
    return {**named, **_coefficients(crossed.final), "folds": [_coefficients(one) for one in crossed.models]}, None


def fitted(document: Mapping[str, Any], artifact: bytes | None) -> tuple[Fitted, ...]:
    """The model of everyone, then those of the folds, of a stored document whose signature was verified.

    Raises ForeignTypeError, and ValueError where the trees are not those of the document.
    """
    if "trees" in document:
        found = boosting.parse(artifact or b"")
        if boosting.fingerprint(found) != document["trees"]:
            raise ValueError("the stored trees are not those of the model's document")
        return found
    return tuple(_model(one) for one in (document, *document["folds"]))


def metric_rows(told: pd.DataFrame, split: str = "cross_validated") -> list[dict[str, Any]]:
    """Rows of metric, split, estimate, lower, upper, n, as JSON, of the frame of `metrics.metrics`; what is not defined is left out."""
    columns = ["estimate", "lower", "upper"]
    values = [short(row) for row in told[columns].to_numpy()]
    return [
        {"metric": str(name), "split": split, **dict(zip(columns, row, strict=True)), "n": int(n)}
        for name, row, n in zip(told["metric"], values, told["n"], strict=True)
        if row[0] is not None
    ]


def short(values: npt.ArrayLike) -> list[float | None]:
    """Nine significant digits: enough, and the same whatever the last bits of a sum; not a number becomes null."""
    return [float(f"{value:.9g}") if np.isfinite(value) else None for value in np.asarray(values, dtype=np.float64)]


def finish(
    document: dict[str, Any],
    told: list[dict[str, Any]],
    champion: Mapping[str, Any] | None,
    *,
    indicator: pd.DataFrame | None = None,
    fairness: pd.DataFrame | None = None,
    artifact: bytes | None = None,
) -> Trained:
    """The document with its measures, id and card; `champion` is the document of the model in use, or None."""
    document = {**document, "metrics": told}
    model_id = content_id(document)
    document["model_id"] = model_id
    decision = promotion.decide(document, champion)
    named = {"model_name": document["model_name"], "model_id": model_id}
    metric = shaped(pd.DataFrame([{**named, **row} for row in told]), METRIC) if told else empty(METRIC)
    card = {
        **named,
        "trained_as_of": document["trained_as_of"],
        "is_champion": decision.promote,
        "reason": decision.reason,
    }
    return Trained(
        document["status"],
        model_id,
        document,
        empty(RISK_INDICATOR) if indicator is None else indicator,
        metric,
        shaped(pd.DataFrame([card]), CARD),
        empty(FAIRNESS) if fairness is None else shaped(fairness.assign(**named), FAIRNESS),
        artifact,
    )


def content_id(document: Mapping[str, Any]) -> str:
    """32 hex digits of the SHA-256 of a document without its own id."""
    content = {name: value for name, value in document.items() if name != "model_id"}
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()[:32]


def _coefficients(one: Fitted) -> dict[str, Any]:
    if not isinstance(one, Model):
        raise TypeError("only a model that is numbers is written as numbers")
    return {
        "means": short(one.mean),
        "scales": short(one.scale),
        "coefficients": short(one.coefficient),
        "intercept": short([one.intercept])[0],
        "penalty": one.penalty,
        "null": short([one.null])[0],
    }


def _model(one: Mapping[str, Any]) -> Model:
    mean, scale, coefficient = (np.array(one[name], dtype=np.float64) for name in ("means", "scales", "coefficients"))
    return Model(mean, scale, coefficient, float(one["intercept"]), float(one["penalty"]), float(one["null"]))
