"""How long restoration takes: all rows of outcomes.curve.

`restoration` (method panel) is the headline: the cumulative incidence of first restoration before any exit, with the
other three states, by the panel likelihood (see panel, stays). Overall; by casework type, age band and severity (thirds
of the first total score), each fitted alone; by office, all offices in one fit whose differences are partially pooled.
`restoration_exit_zero_after` is its sensitivity: nobody leaves between a restoration and the assessment that shows it.
Beside them stand `restoration_detection_date` and `restoration_npmle` (see beside).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml import resampling
from ml.contracts import CURVE, FCT_EPISODE, INITIAL_TOTAL, UNRESTORED, empty, require, shaped
from ml.duration import beside, headline, optimal_time
from ml.duration.observed import observed
from ml.duration.optimal_time import Asked, nobody
from ml.duration.stays import stays
from ml.threads import single_thread

MIN_STRATUM = 50
STRATA = ("casework_type", "age_band", "office_id")
HEADLINE_STRATA = ("casework_type", "age_band", "severity")
SORTED = ["curve_name", "stratum", "stratum_value", "state", "day"]

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Durations:
    """Rows of outcomes.curve and of outcomes.optimal_time."""

    curve: pd.DataFrame
    optimal_time: pd.DataFrame


def curves(episodes: pd.DataFrame, *, seed: int, draws: int = 100, **frames: pd.DataFrame | None) -> pd.DataFrame:
    """Rows of outcomes.curve, as `durations` gives them."""
    return durations(episodes, seed=seed, draws=draws, **frames).curve


def durations(
    episodes: pd.DataFrame, *, seed: int, draws: int = 100,
    unrestored: pd.DataFrame | None = None, initial: pd.DataFrame | None = None,
) -> Durations:  # fmt: skip
    """Rows of outcomes.curve and outcomes.optimal_time for episodes with the columns of core.fct_episode; the same for any order of rows.

    `unrestored` (episode_key, day): assessments that found her not restored; without it late entries say nothing to the
    headline. `initial` (episode_key, total): the first total score; without it there is no severity.
    Days are whole months (30.4375 days, rounded) up to five years, as far as at least 11 are at risk. Strata with
    fewer than 50 episodes are left out. Estimates lie in [lower, upper] within 0..1; restored, lost and other_exit
    never fall, in_care never rises. Where no event (or nothing else) was seen the open limit is Clopper-Pearson's
    for the number of clusters.
    Raises InputError when a frame breaks its contract.
    """
    unrestored = empty(UNRESTORED) if unrestored is None else unrestored
    initial = empty(INITIAL_TOTAL) if initial is None else initial
    for frame, contract in ((episodes, FCT_EPISODE), (unrestored, UNRESTORED), (initial, INITIAL_TOTAL)):
        require(frame, contract)
    if episodes.empty:
        return Durations(empty(CURVE), optimal_time.answers([nobody("overall", "all", 0)], seed=seed))
    group = resampling.clusters(episodes).code
    with single_thread():
        headlines, asked = _headlines(episodes, unrestored, initial, group)
        parts = [*_beside(episodes, group, seed, draws), *headlines]
    table = pd.concat([part for part in parts if len(part)] or [empty(CURVE)], ignore_index=True)
    table = shaped(table.sort_values(SORTED, ignore_index=True), CURVE)
    return Durations(table, optimal_time.answers(asked, seed=seed))


def _beside(episodes: pd.DataFrame, group: Ints, seed: int, draws: int) -> list[pd.DataFrame]:
    seen, parts = observed(episodes), []
    for stratum, value, rows in _strata(episodes, STRATA):
        for name, curve in (("_detection_date", beside.detection_date), ("_npmle", beside.model_free)):
            generator = resampling.rng(seed, name, stratum, value)
            part = curve(seen.take(rows), group[rows], generator, draws)
            parts.append(part.assign(stratum=stratum, stratum_value=value))
    return parts


def _headlines(
    episodes: pd.DataFrame, unrestored: pd.DataFrame, initial: pd.DataFrame, group: Ints
) -> tuple[list[pd.DataFrame], list[Asked]]:
    """Rows of the headline and its sensitivity, and whom to ask about optimal time."""
    known = stays(episodes, unrestored)
    graded = episodes.assign(severity=severity(episodes, initial))
    parts, asked = [], []
    for stratum, value, rows in _strata(graded, HEADLINE_STRATA):
        found = headline.fit(known.take(rows), group[rows], episodes["office_id"][rows])
        asked.append(headline.asked(found, stratum, value) if found else nobody(stratum, value, int(rows.sum())))
        if found:
            parts.append(headline.rows_of(found).assign(stratum=stratum, stratum_value=value))
        if found and stratum == "overall":
            parts.append(headline.nobody_leaves_unseen(found).assign(stratum=stratum, stratum_value=value))
            parts.append(headline.by_office(found, least=MIN_STRATUM))
            asked += headline.asked_by_office(found, least=MIN_STRATUM)
    return parts, asked


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
