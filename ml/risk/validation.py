"""The measures of a model on people it has not seen: cross-validated, in offices and in cohorts left out, and before the horizon."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.risk import drift, metrics, sample_size
from ml.risk.definition import LOST, MIN_EVENTS, MONTH, NOT_RESTORED
from ml.risk.document import metric_rows, short
from ml.risk.fitting import LADDER
from ml.risk.labels import Labels
from ml.risk.ladder import Climbed
from ml.risk.parts import office_parts
from ml.risk.sample import Sample, columns, label

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

RECENT_DAYS = 366
BEFORE = {NOT_RESTORED.name: (6, 12, 18), LOST.name: (6,)}  # months at which the AUC is told beside the horizon


def measures(sample: Sample, climbed: Climbed, linear: Floats, times: Floats, capacity: float) -> list[dict[str, Any]]:
    """Rows of models.metric, as JSON, of held-out log odds (n,) that hold what the offices add; times (draws, clusters)."""
    chosen, everyone = climbed.chosen, np.ones(len(linear), dtype=bool)
    told = metric_rows(_measured(sample, linear, chosen.crossed.null, everyone, times, capacity))
    told += _before(sample, linear, times)
    if office_parts(sample):
        rows = np.isfinite(chosen.by_office)
        told += metric_rows(
            _measured(sample, chosen.by_office, chosen.crossed.null, rows, times), "leave_one_office_out"
        )
    for cohort in chosen.cohorts:
        before = np.full(len(linear), cohort.before.event.sum() / cohort.before.total.sum())
        rows = cohort.own.total > 0
        own = _measured(sample, chosen.by_cohort, before, rows, times, labels=cohort.own)
        told += metric_rows(own, f"cohort_{cohort.year}")
    return [*told, *_climbing(sample, climbed), *_drifted(sample)]


def drift_inputs(sample: Sample) -> dict[str, Any]:
    """What later inputs are compared with: those of the people of known outcome."""
    return drift.reference(inputs(sample, sample.rows[sample.labels.total > 0]))


def inputs(sample: Sample, rows: npt.NDArray[np.int64]) -> dict[str, Floats]:
    """Domain means and the total of some of the people, by name."""
    names = [*sample.items.rung("domains"), "total"]
    values = np.column_stack([columns(sample.people, "domains"), columns(sample.people, "total_age")[:, 0]])[rows]
    return dict(zip(names, values.T, strict=True))


def _measured(
    sample: Sample,
    linear: Floats,
    null: Floats,
    rows: Bools,
    times: Floats,
    capacity: float | None = None,
    labels: Labels | None = None,
) -> pd.DataFrame:
    known = (labels or sample.labels).take(rows)
    group = sample.clusters.code[rows]
    with np.errstate(invalid="ignore", divide="ignore"):
        return metrics.metrics(linear[rows], null[rows], known, group, times, capacity=capacity)


def _before(sample: Sample, linear: Floats, times: Floats) -> list[dict[str, Any]]:
    """The AUC at months before the horizon, where 20 people of each outcome are known by then."""
    out = []
    for month in BEFORE.get(sample.outcome.name, ()):
        then = label(sample.asked_of, sample.time_zero, sample.outcome, horizon=month * MONTH)
        if min(then.counts["event"], then.counts["other"]) >= MIN_EVENTS:
            drawn = metrics.auc(linear, then, sample.clusters.code, times)
            out += metric_rows(metrics.table({f"auc_{month}m": drawn}, int((then.total > 0).sum())))
    return out


def _climbing(sample: Sample, climbed: Climbed) -> list[dict[str, Any]]:
    """What decided the rung: people needed and counted, and each gain."""
    labels = sample.labels
    people, known = sample_size.effective(labels.total), int((labels.total > 0).sum())
    share = float(labels.event.sum() / labels.total.sum())
    told = {"people_effective": people}
    for rung in LADDER[1:]:
        wanted = sample_size.needed(len(sample.items.rung(rung.name)) * rung.per_column, share)
        told[f"people_needed_{rung.name}"] = float(wanted)
    rows = [
        {
            "metric": name,
            "split": "sample_size",
            "estimate": short([value])[0],
            "lower": None,
            "upper": None,
            "n": known,
        }
        for name, value in told.items()
    ]
    for gain in climbed.gains:
        estimate, lower, upper = short([gain.estimate, gain.lower, gain.upper])
        limits = {"estimate": estimate, "lower": lower, "upper": upper, "n": gain.n}
        rows.append({"metric": f"gain_{gain.rung}_over_{gain.over}", "split": gain.split, **limits})
    return rows


def _drifted(sample: Sample) -> list[dict[str, Any]]:
    """How far the inputs of the intakes of the last year are from those of the people it learnt from."""
    recent = np.flatnonzero(sample.people.episodes["as_of_day"].to_numpy(dtype=np.float64) <= RECENT_DAYS)
    return drift.rows(drift_inputs(sample), inputs(sample, recent), "recent_intakes")
