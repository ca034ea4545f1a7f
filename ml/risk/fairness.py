"""Whether a model is as right in every group as in all: calibration and misses at the threshold, weighted for censoring.

Four measures a group: calibration_in_the_large, calibration_slope, false_negative_rate at the support threshold, and
false_negative_excess, that rate less what the model's own probabilities say it should be. A false-negative rate alone differs between
groups of different need even under the true probabilities (Kleinberg J et al. (2017), ITCS), so that it is told and the excess is
judged.

A measure fails where it is off by more than a margin that matters and by more than chance: Holm's procedure over all measures of the
audit keeps the chance of any false alarm at 5 % (Holm S (1979), Scand J Stat 6:65-70). Groups of fewer than 30 people of known outcome,
or fewer than 10 with it or 10 without it, read `insufficient`: never `pass`.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import t as student

from ml.contracts import FAIRNESS
from ml.risk import metrics
from ml.risk.calibration import by_cluster, drawn_fit
from ml.risk.decision import missed
from ml.risk.labels import Labels
from ml.risk.model import probability

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

MIN_PEOPLE, MIN_POSITIVE = 30, 10
LEVEL = 0.05
COLUMNS = [name for name in FAIRNESS if name not in ("model_name", "model_id")]


@dataclass(frozen=True)
class Judged:
    """How a measure is judged: the value that is right, how far off matters, and on which sides (0 = not judged)."""

    right: float
    margin: float
    sides: tuple[int, ...]


MEASURES = {
    "calibration_in_the_large": Judged(0.0, 0.2, (-1, 1)),  # log odds: about 5 points of a probability of 0.5
    "calibration_slope": Judged(1.0, 0.5, (-1,)),
    "false_negative_rate": Judged(0.0, 0.0, ()),
    "false_negative_excess": Judged(0.0, 0.1, (1,)),
}


def audit(
    linear: Floats, labels: Labels, group: Ints, times: Floats, groups: pd.DataFrame, threshold: float
) -> pd.DataFrame:
    """group_kind, group_value, metric, estimate, lower, upper, n, n_positive, status of held-out log odds (n,).

    groups (n, kinds): the group of each person; group (n,): cluster codes; times (draws, k).
    """
    known = labels.total > 0
    rows: list[dict[str, object]] = []
    for kind in groups.columns:
        values = groups[kind].to_numpy(dtype=str)
        for value in np.unique(values[known]):
            own = known & (values == value)
            rows += _rows(kind, str(value), linear[own], labels.take(own), group[own], times, threshold)
    table = pd.DataFrame(rows, columns=[*COLUMNS, "p_value"])
    failing = _holm(np.asarray(table["p_value"], dtype=np.float64))
    table.loc[failing, "status"] = "fail"
    return table[COLUMNS]


def failures(table: pd.DataFrame) -> list[str]:
    """What failed, in words: measure, kind and group."""
    failed = table[table["status"] == "fail"]
    return [f"{row.metric} of {row.group_kind} {row.group_value}" for row in failed.itertuples()]


def _rows(
    kind: str, value: str, linear: Floats, labels: Labels, group: Ints, times: Floats, threshold: float
) -> list[dict[str, object]]:
    n_positive, n_other = int((labels.event > 0).sum()), int((labels.other > 0).sum())
    named = {"group_kind": kind, "group_value": value, "n": len(linear), "n_positive": n_positive}
    if len(linear) < MIN_PEOPLE or min(n_positive, n_other) < MIN_POSITIVE:
        blank = {"estimate": np.nan, "lower": np.nan, "upper": np.nan, "status": "insufficient", "p_value": np.nan}
        return [{**named, "metric": name, **blank} for name in MEASURES]
    found = _measured(linear, labels, group, times, threshold)
    told = {row["metric"]: row for row in metrics.table(found, len(linear)).to_dict("records")}
    return [
        {
            **named,
            "metric": name,
            **{column: told[name][column] for column in ("estimate", "lower", "upper")},
            "status": "pass" if np.isfinite(found[name][0]) else "insufficient",
            "p_value": _p_value(found[name], judged, min(n_positive, n_other) - 1),
        }
        for name, judged in MEASURES.items()
    ]


def _measured(linear: Floats, labels: Labels, group: Ints, times: Floats, threshold: float) -> dict[str, Floats]:
    """Values (1 + draws,) of each measure in one group; a slope of equal predictions is NaN."""
    ones, p = np.ones((len(linear), 1)), probability(linear)
    slope = np.full(len(times) + 1, np.nan)
    if np.ptp(linear) > 1e-6:
        slope = drawn_fit(np.column_stack([linear, ones]), np.zeros(len(linear)), labels, group, times)[:, 0]
    rate = missed(p, labels, group, times, threshold)["false_negative_rate"]
    below = p < threshold
    expected = by_cluster(np.column_stack([labels.total * p * below, labels.total * p]), group, times)
    return {
        "calibration_in_the_large": drawn_fit(ones, linear, labels, group, times)[:, 0],
        "calibration_slope": slope,
        "false_negative_rate": rate,
        "false_negative_excess": rate - expected[:, 0] / np.maximum(expected[:, 1], 1e-12),
    }


def _p_value(values: Floats, judged: Judged, freedom: int) -> float:
    """Two-sided probability of being this far off on a judged side by chance; 1 where it is not off by the margin, NaN: not tested.

    By Student's t with one degree of freedom fewer than people of the rarer outcome: a spread of ten people is itself uncertain.
    """
    off, drawn = values[0] - judged.right, values[1:][np.isfinite(values[1:])]
    if not judged.sides or not np.isfinite(off) or len(drawn) < 2 or not (spread := float(drawn.std())) > 0:
        return float("nan")
    if np.sign(off) not in judged.sides or abs(off) < judged.margin:
        return 1.0
    return float(2.0 * student.sf(abs(off) / spread, freedom))


def _holm(p_values: Floats) -> npt.NDArray[np.bool_]:
    """Which of the p values (NaN: not tested) Holm's procedure rejects at 5 %."""
    out, tested = np.zeros(len(p_values), dtype=bool), np.flatnonzero(np.isfinite(p_values))
    for step, at in enumerate(tested[np.argsort(p_values[tested], kind="stable")]):
        if p_values[at] > LEVEL / (len(tested) - step):
            break
        out[at] = True
    return out
