"""How far the people of now are from those a model learnt from: PSI of inputs, and calibration in the latest cohort.

Population stability index: sum over bins of (now - then) * log(now / then), on quintiles of the training people; each bin holds half a
person more, so that an empty one is finite. With B bins and samples of n and m people who do not differ its mean is
(B - 1) * (1 / n + 1 / m) (Yurdakul B, Naranjo J (2020), J Risk Model Valid 14:89-100): that is taken off.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

BINS = 5
DIGITS = 6  # of values and cuts alike, so that a value that is a cut always falls on one side of it
MIN_PEOPLE = 50
PSI_LIMIT = 0.25
CALIBRATION_LIMIT = 0.5  # log odds in the latest cohort, when its interval lies wholly beyond


def reference(values: Mapping[str, Floats]) -> dict[str, dict[str, list[float]]]:
    """Cuts and counts of each input of the training people, as JSON; the last count is of the people without a value."""
    out = {}
    for name, column in values.items():
        known = column[np.isfinite(column)]
        cuts = np.unique(np.round(np.quantile(known, np.arange(1, BINS) / BINS), DIGITS)) if len(known) else np.zeros(0)
        out[name] = {"cuts": cuts.tolist(), "counts": _counts(column, cuts).tolist()}
    return out


def psi(then: Mapping[str, Mapping[str, list[float]]], values: Mapping[str, Floats]) -> dict[str, tuple[float, int]]:
    """The index of each input and how many people it rests on; inputs of fewer than 50 people on either side are left out."""
    out = {}
    for name, kept in then.items():
        if name not in values:
            continue
        now, old = _counts(values[name], np.array(kept["cuts"])), np.array(kept["counts"], dtype=np.float64)
        if min(now.sum(), old.sum()) < MIN_PEOPLE:
            continue
        p, q = ((one + 0.5) / (one + 0.5).sum() for one in (now, old))
        by_chance = (len(now) - 1) * (1 / now.sum() + 1 / old.sum())
        out[name] = (max(0.0, float(((p - q) * np.log(p / q)).sum()) - by_chance), int(now.sum()))
    return out


def rows(
    then: Mapping[str, Mapping[str, list[float]]], values: Mapping[str, Floats], split: str
) -> list[dict[str, Any]]:
    """The index of each input as rows of models.metric, the largest as `psi_max`."""
    found = psi(then, values)
    told = {f"psi_{name.replace(':', '_')}": one for name, one in found.items()}
    if found:
        told["psi_max"] = max(found.values())
    return [
        {"metric": name, "split": split, "estimate": float(f"{value:.9g}"), "lower": None, "upper": None, "n": n}
        for name, (value, n) in told.items()
    ]


def limits(told: list[dict[str, Any]]) -> list[str]:
    """Why the rows of models.metric of a challenger keep it from use, in words; empty where nothing does."""
    out = []
    worst = max((row["estimate"] for row in told if row["metric"] == "psi_max"), default=0.0)
    if worst > PSI_LIMIT:
        out.append(f"drift: its inputs have moved by a PSI of {worst:.2f}, the limit is {PSI_LIMIT}")
    cohorts = [
        row for row in told if row["metric"] == "calibration_in_the_large" and row["split"].startswith("cohort_")
    ]
    if cohorts:
        last = max(cohorts, key=lambda row: str(row["split"]))
        if last["lower"] > CALIBRATION_LIMIT or last["upper"] < -CALIBRATION_LIMIT:
            off = f"off by {last['estimate']:.2f} log odds in the latest cohort"
            out.append(f"drift: {off}, its interval beyond {CALIBRATION_LIMIT}")
    return out


def _counts(column: Floats, cuts: Floats) -> Floats:
    known = np.round(column[np.isfinite(column)], DIGITS)
    found = np.bincount(np.searchsorted(cuts, known, side="left"), minlength=len(cuts) + 1)
    return np.asarray([*found, len(column) - len(known)], dtype=np.float64)
