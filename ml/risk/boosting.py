"""The highest rung: gradient-boosted trees (scikit-learn's HistGradientBoosting), kept as skops with a fixed list of types.

What the trees are is hashed into the model's document, so that a file of other trees is not the model. Nothing is parsed here that
the registry has not verified.
"""

import hashlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.ensemble import HistGradientBoostingClassifier

from ml.risk.labels import Labels
from ml.risk.model import log_odds, stacked

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

MAX_ROWS = 10_000  # people that one fit sees, evenly spread over those it may see
LEAST_LEAF = 40
ALLOWED_TYPES = ("sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",)


class ForeignTypeError(Exception):
    """A stored model holds a type that is not on the fixed list."""


@dataclass(frozen=True)
class Boosted:
    """Fitted trees, and the weighted share of the training rows that had the outcome."""

    trees: HistGradientBoostingClassifier
    null: float

    def linear(self, x: Floats) -> Floats:
        """The log odds of the outcome, (n,), for features (n, p); NaN goes where the trees learnt to send it."""
        return log_odds(self.trees.predict_proba(x)[:, 1])


def boost(x: Floats, labels: Labels, rows: Bools, penalty: float = 0.0) -> Boosted:
    """Trees of the rows (n,) bool of features (n, p); both outcomes must be among them. Small trees, leaves of 40 people or more."""
    who, outcome, weight = stacked(labels, rows)
    order = np.argsort(who, kind="stable")
    step = max(1, int(np.ceil(len(order) / MAX_ROWS)))
    kept = order[::step]
    trees = HistGradientBoostingClassifier(
        learning_rate=0.06, max_iter=80, max_leaf_nodes=8, min_samples_leaf=LEAST_LEAF, l2_regularization=10.0,
        early_stopping=False, random_state=0,
    )  # fmt: skip
    trees.fit(x[who[kept]], outcome[kept], sample_weight=weight[kept])
    return Boosted(trees, float(labels.event[rows].sum() / labels.total[rows].sum()))


def fingerprint(models: tuple[Boosted, ...]) -> str:
    """SHA-256 over every node of every tree: the same trees, the same text."""
    digest = hashlib.sha256()
    for model in models:
        digest.update(np.float64(model.trees._baseline_prediction).tobytes())
        for (tree,) in model.trees._predictors:
            digest.update(repr(tree.nodes.tolist()).encode())
    return digest.hexdigest()


def dump(models: tuple[Boosted, ...]) -> bytes:
    """The models as the bytes of one skops file."""
    import skops.io  # it imports every kind of model there is, and most nights have no trees

    return bytes(skops.io.dumps([{"trees": model.trees, "null": model.null} for model in models]))


def parse(content: bytes) -> tuple[Boosted, ...]:
    """The models of a skops file whose signature was verified; raises ForeignTypeError where it holds any other type."""
    import skops.io

    if set(skops.io.get_untrusted_types(data=content)) - set(ALLOWED_TYPES):
        raise ForeignTypeError("the stored trees hold a type that is not on the list")
    loaded = skops.io.loads(content, trusted=list(ALLOWED_TYPES))
    return tuple(Boosted(one["trees"], float(one["null"])) for one in loaded)
