"""How each rung of the ladder is fitted, and how anything is fitted so that nobody is judged by a model that saw her."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from ml.risk import boosting, model
from ml.risk.definition import PENALTIES
from ml.risk.labels import Labels

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


class Fitted(Protocol):
    """What every fitted rung can do."""

    @property
    def null(self) -> float:
        """The weighted share of the training rows that had the outcome."""

    def linear(self, x: Floats) -> Floats:
        """The log odds of the outcome, (n,), for features (n, p)."""


Fit = Callable[[Floats, Labels, Bools, float], Fitted]


@dataclass(frozen=True)
class Rung:
    """One step of the ladder: how it is fitted, the penalties to choose from, and parameters counted per column."""

    name: str
    fit: Fit
    penalties: tuple[float, ...] = PENALTIES
    per_column: int = 1


# Trees choose among many more parameters than columns: they need about ten times the people a column (van der Ploeg T, Austin PC,
# Steyerberg EW (2014), BMC Med Res Methodol 14:137).
LADDER = (
    Rung("intercept", model.intercept, (0.0,)),
    Rung("total_age", model.fit),
    Rung("domains", model.fit),
    Rung("indicators", model.fit),
    Rung("boosting", boosting.boost, (0.0,), per_column=10),
)


@dataclass(frozen=True)
class CrossFit:
    """Held-out log odds (n,) and null probabilities (n,), the model of each fold, and the model of everyone."""

    linear: Floats
    null: Floats
    models: tuple[Fitted, ...]
    final: Fitted
    penalty: float


def cross_fit(rung: Rung, x: Floats, labels: Labels, fold: Ints) -> CrossFit:
    """Each person's log odds by a model that never saw her fold, nor did the choice of its penalty.

    The penalty of a fold's model is picked by log loss over the remaining folds, each left out in turn; that of the
    final model over all.
    """
    fits: dict[tuple[frozenset[int], float], Fitted] = {}

    def without(out: frozenset[int], penalty: float) -> Fitted:
        if (out, penalty) not in fits:
            fits[out, penalty] = rung.fit(x, labels, ~np.isin(fold, list(out)), penalty)
        return fits[out, penalty]

    def held_out_loss(out: frozenset[int], held: int, penalty: float) -> float:
        rows = fold == held
        linear = without(out | {held}, penalty).linear(x[rows])
        return float(model.losses(model.probability(linear), labels.take(rows)).sum())

    def best(out: frozenset[int]) -> float:
        if len(rung.penalties) == 1:
            return rung.penalties[0]
        inner = [k for k in all_folds if k not in out]
        return min(rung.penalties, key=lambda penalty: sum(held_out_loss(out, held, penalty) for held in inner))

    all_folds = sorted({int(k) for k in fold})
    models = {k: without(frozenset([k]), best(frozenset([k]))) for k in all_folds}
    linear, null = np.empty(len(fold)), np.empty(len(fold))
    for k, fitted in models.items():
        linear[fold == k], null[fold == k] = fitted.linear(x[fold == k]), fitted.null
    chosen = best(frozenset())
    return CrossFit(linear, null, tuple(models.values()), without(frozenset(), chosen), chosen)


def held_out(rung: Rung, x: Floats, labels: Labels, parts: list[tuple[Bools, Bools]], penalty: float) -> Floats:
    """Log odds (n,) of the people of each part by a model of its others: pairs of (train, test) rows, each (n,) bool.

    NaN for people of no part, and of parts whose training rows have not both outcomes.
    """
    out = np.full(len(x), np.nan)
    for train, test in parts:
        part = labels.take(train)
        if min((part.event > 0).sum(), (part.other > 0).sum()) > 0:
            out[test] = rung.fit(x, labels, train, penalty).linear(x[test])
    return out
