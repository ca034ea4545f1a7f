"""The first honest curves of restoration: one of the day it was seen, one model-free of the day it happened.

Rows of outcomes.curve.

`restoration_detection_date` (method detection_date): Aalen-Johansen with competing exits and late entry. It dates
restoration on the day an assessment *showed* it, so it runs late by up to the gap between assessments; it is
labelled as that, and is not the headline.
`restoration_npmle` (method npmle): Turnbull's NPMLE of the day it *happened*, known only between two assessments.
Exits are censoring, so it estimates restoration had nobody left, and its complement is not "in care"; only episodes
observed from intake (entry_day 0) are in. The headline `restoration` (method panel) is another estimator's.

Intervals: 95 % percentiles of a bootstrap of clusters (see resampling.clusters).
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml import resampling
from ml.contracts import CURVE, FCT_EPISODE, empty, require, shaped
from ml.duration import aalen_johansen, npmle
from ml.duration.observed import Observed, observed
from ml.threads import single_thread

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

MONTH_DAYS = 30.4375
LAST_DAY = 1825
MIN_AT_RISK = 11
MIN_STRATUM = 50
STRATA = ("casework_type", "age_band", "office_id")
NPMLE_DRAW_TOLERANCE = 0.05  # log likelihood: far below the 1/2 that would move a curve by one standard error


def curves(episodes: pd.DataFrame, *, seed: int, draws: int = 100) -> pd.DataFrame:
    """Rows of outcomes.curve for episodes with the columns of core.fct_episode; the same for any order of rows.

    Days are whole months (30.4375 days, rounded) up to five years, as far as at least 11 are at risk. Strata with
    fewer than 50 episodes are left out. Estimates lie in [lower, upper] within 0..1; restored, lost and other_exit
    never fall, in_care never rises. Where no event (or nothing else) was seen the open limit is Clopper-Pearson's
    for the number of clusters.
    Raises InputError when the frame breaks its contract.
    """
    require(episodes, FCT_EPISODE)
    if episodes.empty:
        return empty(CURVE)
    seen, group = observed(episodes), resampling.clusters(episodes).code
    parts = []
    with single_thread():
        for stratum, value, rows in _strata(episodes):
            for curve in (_detection_date, _npmle):
                generator = resampling.rng(seed, curve.__name__, stratum, value)
                part = curve(seen.take(rows), group[rows], generator, draws)
                parts.append(part.assign(stratum=stratum, stratum_value=value))
    table = pd.concat(parts, ignore_index=True)
    return shaped(
        table.sort_values(["curve_name", "stratum", "stratum_value", "state", "day"], ignore_index=True), CURVE
    )


def grid() -> Ints:
    """The days of the curves: month ends of 30.4375 days, rounded, the last one day 1825."""
    months = np.arange(int(LAST_DAY // MONTH_DAYS) + 2) * MONTH_DAYS
    return np.unique(np.minimum(np.rint(months), LAST_DAY)).astype(np.int64)


def _strata(episodes: pd.DataFrame) -> Iterator[tuple[str, str, npt.NDArray[np.bool_]]]:
    yield "overall", "all", np.ones(len(episodes), dtype=bool)
    for stratum in STRATA:
        values = episodes[stratum].astype(object)
        for value, n in sorted(values.value_counts().items()):
            if n >= MIN_STRATUM:
                yield stratum, str(value), (values == value).to_numpy(dtype=bool)


def _detection_date(seen: Observed, group: Ints, generator: np.random.Generator, draws: int) -> pd.DataFrame:
    in_study = seen.time > seen.entry
    seen, group = seen.take(in_study), np.unique(group[in_study], return_inverse=True)[1]
    days, at_risk = _shown(seen)
    if not len(days):
        return empty(CURVE)
    fitted = aalen_johansen.fit(seen.entry, seen.time, seen.state, causes=3)
    estimate = np.column_stack([fitted.incidence_at(days), fitted.survival_at(days)])
    entry, time = np.maximum(seen.entry, -1.0).astype(np.int64), seen.time.astype(np.int64)
    k = int(group.max()) + 1
    drawn = np.empty((draws, *estimate.shape))
    for table, times in zip(drawn, resampling.multiplicity(generator, k, draws), strict=True):
        survival, incidence = aalen_johansen.on_days(entry, time, seen.state, times[group], causes=3, last=LAST_DAY)
        table[:] = np.column_stack([incidence, survival])[days]
    lower, upper = resampling.percentile_interval(estimate, drawn)
    return pd.concat(
        [
            _rows(
                "restoration_detection_date",
                state,
                days,
                at_risk,
                _limits(estimate[:, j], lower[:, j], upper[:, j], k, rising=j < 3),
            )
            for j, state in enumerate(("restored", "lost", "other_exit", "in_care"))
        ]
    )


def _npmle(seen: Observed, group: Ints, generator: np.random.Generator, draws: int) -> pd.DataFrame:
    from_intake = np.isneginf(seen.entry)
    seen, group = seen.take(from_intake), np.unique(group[from_intake], return_inverse=True)[1]
    days, at_risk = _shown(seen)
    if not len(days):
        return empty(CURVE)
    pairs, which = np.unique(np.column_stack([seen.left, seen.right]), axis=0, return_inverse=True)
    known, n = npmle.cells(pairs[:, 0], pairs[:, 1]), len(pairs)
    cell, k = which.ravel(), int(group.max()) + 1
    full = npmle.fit_cells(known, np.bincount(cell, minlength=n).astype(np.float64), tol=1e-4)
    estimate = 1.0 - full.survival_at(days, "linear")
    drawn = np.empty((draws, len(days)))
    for row, times in zip(drawn, resampling.multiplicity(generator, k, draws), strict=True):
        weight = np.bincount(cell, weights=times[group], minlength=n).astype(np.float64)
        row[:] = 1.0 - npmle.fit_cells(known, weight, start=full.mass, tol=NPMLE_DRAW_TOLERANCE).survival_at(
            days, "linear"
        )
    lower, upper = resampling.percentile_interval(estimate, drawn)
    return _rows("restoration_npmle", "restored", days, at_risk, _limits(estimate, lower, upper, k, rising=True))


def _shown(seen: Observed) -> tuple[Ints, Ints]:
    """The grid days with enough people at risk, and how many they are."""
    days = grid()
    at_risk = seen.n_at_risk(days)
    few = np.flatnonzero(at_risk < MIN_AT_RISK)
    stop = few[0] if len(few) else len(days)
    return days[:stop], at_risk[:stop]


def _limits(estimate: Floats, lower: Floats, upper: Floats, k: int, *, rising: bool) -> tuple[Floats, Floats, Floats]:
    """Estimate and limits in 0..1, monotone; a limit is opened where nothing (or everything) has happened."""
    open_limit = 0.025 ** (1.0 / k)
    upper = np.where(estimate <= 0.0, np.maximum(upper, 1.0 - open_limit), upper)
    lower = np.where(estimate >= 1.0, np.minimum(lower, open_limit), lower)
    monotone = np.maximum.accumulate if rising else np.minimum.accumulate
    estimate, lower, upper = (monotone(np.clip(values, 0.0, 1.0)) for values in (estimate, lower, upper))
    return estimate, np.minimum(lower, estimate), np.maximum(upper, estimate)


def _rows(name: str, state: str, days: Ints, at_risk: Ints, limits: tuple[Floats, Floats, Floats]) -> pd.DataFrame:
    estimate, lower, upper = limits
    columns = {"day": days, "state": state, "estimate": estimate, "lower": lower, "upper": upper, "n_at_risk": at_risk}
    return pd.DataFrame({"curve_name": name, **columns, "method": name.removeprefix("restoration_")})
