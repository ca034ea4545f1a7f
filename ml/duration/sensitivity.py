"""What the headline would be if something it takes for granted were otherwise: one curve for each.

All are panel fits of everybody together, averaged over offices as the headline is (docs/methods/duration.md):

- `restoration_cutoff_lower`, `restoration_cutoff_higher`: restored is what reaches a cut-off one step lower or higher.
- `restoration_lost_none_restored`, `restoration_lost_all_restored`: the bounds. Of those lost without having been seen
  restored, none was restored when she left, or each had been since her last assessment.
- `restoration_exit_zero_after`: nobody leaves between a restoration and the assessment that shows it (`headline`).
- `restoration_visits_weighted`: as if assessments came no sooner or later for what the last score was (`visits`).
- `restoration_instrument`, stratum instrument_version: by the version of the instrument first used, each fitted alone.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.duration import headline, visits
from ml.duration.hazard import NEVER
from ml.duration.headline import Headline
from ml.duration.observed import LOST
from ml.duration.programme import Programme
from ml.duration.stays import Stays, stays
from ml.duration.visits import Stretches, Timing

LOST_OUTCOMES = ("lost_contact", "withdrew")


def overall(programme: Programme, near: Headline) -> Iterator[pd.DataFrame]:
    """Rows of each sensitivity of everybody together, without stratum; none where its fit does not converge.

    Each search begins at the headline, `near`.
    """
    for variant, rows in programme.restoration_variant.groupby("variant"):
        unrestored = programme.unrestored_variant[programme.unrestored_variant["variant"] == variant]
        yield _fitted(
            programme, stays(with_restoration(programme.episodes, rows), unrestored), f"restoration_{variant}", near
        )
    for name, bound in (("none", lost_never(programme.known)), ("all", lost_restored(programme.known))):
        yield _fitted(programme, bound, f"restoration_lost_{name}_restored", near)


def with_restoration(episodes: pd.DataFrame, bounds: pd.DataFrame) -> pd.DataFrame:
    """The episodes as they would be if restoration lay within other bounds (episode_key, restored_left_day, _right_day)."""
    found = bounds.set_index("episode_key")[["restored_left_day", "restored_right_day"]].astype("float64")
    found = found.reindex(episodes["episode_key"])
    right = found["restored_right_day"].to_numpy()
    lost = np.where(episodes["outcome"].isin(LOST_OUTCOMES), 2, 3)
    event = np.where(~np.isnan(right), 1, np.where(episodes["exit_day"].isna(), 0, lost))
    return episodes.assign(
        restored_left_day=found["restored_left_day"].to_numpy(), restored_right_day=right, event=event
    )


def lost_never(known: Stays) -> Stays:
    """The lower bound: who is lost without having been seen restored was not restored on the day she left."""
    return replace(known, left=np.where(_lost_unseen(known), np.maximum(known.left, known.stop), known.left))


def lost_restored(known: Stays) -> Stays:
    """The upper bound: each of them had been restored since her last assessment, and so did not leave unrestored."""
    lost = _lost_unseen(known)
    return replace(
        known,
        left=np.where(lost, np.minimum(known.left, known.stop - 1), known.left),
        right=np.where(lost, known.stop, known.right),
        cause=np.where(lost, 0, known.cause),
    )


def between_visits(programme: Programme, found: Headline) -> Stretches:
    """The stretches between assessments of everybody in the headline's fit."""
    return visits.stretches(found.used, programme.episodes["episode_key"][programme.known.used], programme.visits)


def visits_weighted(programme: Programme, found: Headline, between: Stretches) -> tuple[pd.DataFrame, Timing | None]:
    """Rows of `restoration_visits_weighted` without stratum, and how far the days of assessments go with the last score."""
    rate = visits.timing(found.used, between, found.cluster)
    if rate is None:
        return headline.no_rows(), None
    watched = between.watched(visits.weights(between, rate))
    weighted = headline.fit(
        programme.known, programme.cluster, programme.episodes["office_id"], watched=watched, near=found
    )
    rows = headline.rows_of(weighted, name="restoration_visits_weighted") if weighted else headline.no_rows()
    return rows, rate


def by_instrument(programme: Programme, least: int) -> Iterator[pd.DataFrame]:
    """Rows of `restoration_instrument` by instrument_version, where at least two versions have so many episodes."""
    first = programme.visits.dropna(subset=["instrument_version"]).sort_values("day", kind="stable")
    version = programme.episodes["episode_key"].map(
        first.drop_duplicates("episode_key").set_index("episode_key")["instrument_version"]
    )
    counts = version.value_counts()
    enough = sorted(counts[counts >= least].index)
    for value in enough if len(enough) > 1 else []:
        rows = (version == value).to_numpy(dtype=bool)
        found = headline.fit(programme.known.take(rows), programme.cluster[rows], programme.episodes["office_id"][rows])
        if found:
            part = headline.rows_of(found, name="restoration_instrument")
            yield part.assign(stratum="instrument_version", stratum_value=str(value))


def _lost_unseen(known: Stays) -> npt.NDArray[np.bool_]:
    return known.used & (known.cause == LOST) & (known.right == NEVER) & (known.stop > known.start)


def _fitted(programme: Programme, known: Stays, name: str, near: Headline) -> pd.DataFrame:
    found = headline.fit(known, programme.cluster, programme.episodes["office_id"], near=near)
    return headline.rows_of(found, name=name) if found else headline.no_rows()
