"""How long restoration takes: all rows of outcomes.curve, and what is told beside them.

`restoration` (method panel) is the headline: the cumulative incidence of first restoration before any exit, with the
other three states, by the panel likelihood (see panel, stays). Overall; by casework type, age band and severity (thirds
of the first total score), each fitted alone; by office, all offices in one fit whose differences are partially pooled.
What it would be under other assumptions: `sensitivity`; if it may be believed: `diagnostics`, `calibration`.
Beside them stand `restoration_detection_date` and `restoration_npmle` (see beside).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml import resampling
from ml.contracts import CURVE, FIGURE, FORECAST, METRIC, empty, shaped
from ml.duration import beside, calibration, diagnostics, figures, forecast, headline, optimal_time, sensitivity
from ml.duration.headline import Headline
from ml.duration.observed import observed
from ml.duration.optimal_time import Asked, nobody
from ml.duration.programme import Programme
from ml.threads import single_thread

MIN_STRATUM = 50
STRATA = ("casework_type", "age_band", "office_id")
HEADLINE_STRATA = ("casework_type", "age_band", "severity")
SORTED = ["curve_name", "stratum", "stratum_value", "state", "day"]

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Durations:
    """Rows of outcomes.curve, outcomes.optimal_time and models.metric, forecasts of people, and the figures of history."""

    curve: pd.DataFrame
    optimal_time: pd.DataFrame
    metric: pd.DataFrame
    forecast: pd.DataFrame
    figure: pd.DataFrame


def curves(episodes: pd.DataFrame, *, seed: int, draws: int = 100, **frames: pd.DataFrame | None) -> pd.DataFrame:
    """Rows of outcomes.curve, as `durations` gives them."""
    return durations(episodes, seed=seed, draws=draws, curve_version=1, **frames).curve


def durations(
    episodes: pd.DataFrame, *, seed: int, draws: int = 100, curve_version: int = 1, **frames: pd.DataFrame | None
) -> Durations:
    """All that is estimated of episodes with the columns of core.fct_episode; the same for any order of rows.

    Frames, by name (`programme.FRAMES`; one that is not given is empty): unrestored, without which late entries say nothing
    to the headline; initial, without which there is no severity; visits, restoration_variant and unrestored_variant, without
    which there are no sensitivities by visit and cut-off. `curve_version`: the version of the headline's definition.
    Days are whole months (30.4375 days, rounded) up to five years, as far as at least 11 are at risk. Strata with
    fewer than 50 episodes are left out. Estimates lie in [lower, upper] within 0..1; restored, lost and other_exit
    never fall, in_care never rises. Where no event (or nothing else) was seen the open limit is Clopper-Pearson's
    for the number of clusters.
    Raises InputError when a frame breaks its contract.
    """
    programme = Programme.of(episodes, **frames)
    if episodes.empty:
        times = optimal_time.answers([nobody("overall", "all", 0)], seed=seed)
        return Durations(empty(CURVE), times, empty(METRIC), empty(FORECAST), empty(FIGURE))
    with single_thread():
        found, parts, asked = _headlines(programme)
        metrics: list[diagnostics.Row] = []
        if found:
            parts += _sensitivities(programme, found, metrics)
        parts += _beside(programme, seed, draws)
        told = forecast.forecast(found, forecast.still_in_care(episodes)) if found else empty(FORECAST)
    table = pd.concat([part for part in parts if len(part)] or [empty(CURVE)], ignore_index=True)
    curve = shaped(table.sort_values(SORTED, ignore_index=True), CURVE)
    times = optimal_time.answers(asked, seed=seed)
    figure = figures.figures(curve, times, n_episodes=len(episodes), curve_version=curve_version)
    return Durations(curve, times, diagnostics.table(metrics), told, figure)


def _sensitivities(programme: Programme, found: Headline, metrics: list[diagnostics.Row]) -> list[pd.DataFrame]:
    """Rows of the sensitivities beside a headline; adds what is known of the fit to `metrics`."""
    between = sensitivity.between_visits(programme, found)
    weighted, rate = sensitivity.visits_weighted(programme, found, between)
    parts = [headline.nobody_leaves_unseen(found), weighted, *sensitivity.overall(programme, found)]
    metrics += [
        *diagnostics.followed(programme.episodes),
        *diagnostics.timed(rate),
        *diagnostics.fitted_by_wait(found, between),
        *diagnostics.fitted_by_year(found),
        *diagnostics.offices_proportional(found),
        *calibration.came_true(programme),
    ]
    everybody = [part.assign(stratum="overall", stratum_value="all") for part in parts if len(part)]
    return [*everybody, *sensitivity.by_instrument(programme, MIN_STRATUM)]


def _beside(programme: Programme, seed: int, draws: int) -> list[pd.DataFrame]:
    seen, parts = observed(programme.episodes), []
    for stratum, value, rows in _strata(programme.episodes, STRATA):
        for name, curve in (("_detection_date", beside.detection_date), ("_npmle", beside.model_free)):
            generator = resampling.rng(seed, name, stratum, value)
            part = curve(seen.take(rows), programme.cluster[rows], generator, draws)
            parts.append(part.assign(stratum=stratum, stratum_value=value))
    return parts


def _headlines(programme: Programme) -> tuple[Headline | None, list[pd.DataFrame], list[Asked]]:
    """The fit of everybody, rows of the headline, and whom to ask about optimal time."""
    graded = programme.episodes.assign(severity=severity(programme.episodes, programme.initial))
    parts, asked, everybody = [], [], None
    for stratum, value, rows in _strata(graded, HEADLINE_STRATA):
        found = headline.fit(programme.known.take(rows), programme.cluster[rows], graded["office_id"][rows])
        asked.append(headline.asked(found, stratum, value) if found else nobody(stratum, value, int(rows.sum())))
        if found:
            parts.append(headline.rows_of(found).assign(stratum=stratum, stratum_value=value))
        if found and stratum == "overall":
            everybody = found
            parts.append(headline.by_office(found, least=MIN_STRATUM))
            asked += headline.asked_by_office(found, least=MIN_STRATUM)
    return everybody, parts, asked


def severity(episodes: pd.DataFrame, initial: pd.DataFrame) -> pd.Series:
    """Which third of the first total scores (low is severe) each episode is in, with its limits; null where unknown."""
    total = episodes["episode_key"].map(initial.set_index("episode_key")["total"]).astype("float64")
    known = total.dropna()
    if known.empty:
        return pd.Series(None, index=episodes.index, dtype=object)
    low, high = (round(float(known.quantile(share)), 2) for share in (1 / 3, 2 / 3))
    third = 1 + (total >= low).astype(int) + (total >= high)
    names = {1: f"total < {low:.2f}", 2: f"{low:.2f} <= total < {high:.2f}", 3: f"total >= {high:.2f}"}
    return third.map(names)[total.notna()].reindex(episodes.index)


def _strata(episodes: pd.DataFrame, by: tuple[str, ...]) -> Iterator[tuple[str, str, Bools]]:
    yield "overall", "all", np.ones(len(episodes), dtype=bool)
    for stratum in by:
        values = episodes[stratum].astype(object)
        for value, n in sorted(values.value_counts().items()):
            if n >= MIN_STRATUM:
                yield stratum, str(value), (values == value).to_numpy(dtype=bool)
