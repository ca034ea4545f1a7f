"""The model as a document: what is in it, what its id is, and the rows of the marts that go with it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml import promotion
from ml.contracts import CARD, METRIC, empty, shaped
from ml.risk.definition import MODEL_NAME
from ml.risk.features import Layout
from ml.risk.model import Model


@dataclass(frozen=True)
class Trained:
    """A model, or the refusal to train one. `document` is JSON; model_id is the hash of its content.

    The frames are rows of models.risk_indicator, models.metric (both empty when refused) and models.card (one row).
    """

    status: str
    model_id: str
    document: dict[str, Any]
    risk_indicator: pd.DataFrame
    metric: pd.DataFrame
    card: pd.DataFrame


def numbers(final: Model, items: Layout) -> dict[str, Any]:
    """What a fitted model is made of, as JSON."""
    return {
        "features": list(items.names),
        "domain_of": dict(zip(items.indicators, items.domain_of, strict=True)),
        "means": _short(final.mean),
        "scales": _short(final.scale),
        "coefficients": _short(final.coefficient),
        "intercept": _short([final.intercept])[0],
        "penalty": final.penalty,
    }


def metric_rows(told: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows of metric, split, estimate, lower, upper, n, as JSON, of the frame of `metrics.metrics`."""
    columns = ["estimate", "lower", "upper"]
    numbers = [_short(row) for row in told[columns].to_numpy()]
    return [
        {"metric": str(name), "split": "cross_validated", **dict(zip(columns, row, strict=True)), "n": int(n)}
        for name, row, n in zip(told["metric"], numbers, told["n"], strict=True)
    ]


def _short(values: npt.ArrayLike) -> list[float | None]:
    """Nine significant digits: enough, and the same whatever the last bits of a sum; not a number becomes null."""
    return [float(f"{value:.9g}") if np.isfinite(value) else None for value in np.asarray(values, dtype=np.float64)]


def finish(
    document: dict[str, Any],
    indicator: pd.DataFrame,
    told: list[dict[str, Any]],
    champion: Mapping[str, Any] | None,
) -> Trained:
    """The document with its measures, id and card; `champion` is the document of the model in use, or None."""
    document = {**document, "metrics": told}
    model_id = content_id(document)
    document["model_id"] = model_id
    decision = promotion.decide(document, champion)
    named = {"model_name": MODEL_NAME, "model_id": model_id}
    metric = shaped(pd.DataFrame([{**named, **row} for row in told]), METRIC) if told else empty(METRIC)
    card = {
        **named,
        "trained_as_of": document["trained_as_of"],
        "is_champion": decision.promote,
        "reason": decision.reason,
    }
    return Trained(document["status"], model_id, document, indicator, metric, shaped(pd.DataFrame([card]), CARD))


def content_id(document: Mapping[str, Any]) -> str:
    """32 hex digits of the SHA-256 of a document without its own id."""
    content = {name: value for name, value in document.items() if name != "model_id"}
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()[:32]
