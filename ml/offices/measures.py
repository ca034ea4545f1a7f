"""Each measure as what its comparison needs of every episode: events with expected hazards, or totals with expected ones."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml import resampling
from ml.duration.hazard import NEVER
from ml.duration.observed import LOST
from ml.duration.stays import Stays, stays
from ml.offices.casemix import case_mix, standardised
from ml.offices.compared import Compared, Groups, compare_counts, compare_means
from ml.offices.counts import Events
from ml.offices.definition import DOMAINS, FIRST_SERVICE_DAYS, FOLDS, LOST_DAYS, MIN_EVENTS, RESTORED_DAYS
from ml.offices.expected import cross_fit_hazard, cross_fit_mean, restricted_days

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Totals:
    """(n,) each: what was observed of each person, what was expected, of how many units; weight 0: not used."""

    total: Floats
    expected: Floats
    weight: Floats


Measure = Events | Totals
HABITS = {
    "aso_completeness": ("n_made", "n_due"),
    "entry_lag": ("lag_days", "n_entered"),
    "same_score_forms": ("n_flat", "n_long"),
}


@dataclass(frozen=True)
class People:
    """The episodes in one order, with their case mix (n, p), fold and cluster, (n,) each."""

    episodes: pd.DataFrame
    x: Floats
    fold: Ints
    clusters: resampling.Clusters
    person: Ints

    def groups(self, group: Ints, k: int) -> Groups:
        """The people under these groups, (n,) from 0, -1 nobody's."""
        return Groups(group, k, self.person, self.clusters.code)


def people(episodes: pd.DataFrame, baseline: pd.DataFrame, *, seed: int) -> People:
    """Everyone in `episodes`; people of one operation or household are always in one fold."""
    clusters = resampling.clusters(episodes)
    fold = resampling.folds(clusters, k=FOLDS, seed=seed)
    person = np.asarray(pd.factorize(episodes["survivor_key"])[0], dtype=np.int64)
    return People(episodes, case_mix(episodes, baseline), fold, clusters, person)


def compare(measure: Measure, groups: Groups) -> Compared:
    """One measure of all groups."""
    if isinstance(measure, Events):
        return compare_counts(measure, groups)
    return compare_means(measure.total, measure.expected, measure.weight, groups)


def expectations(
    who: People, unrestored: pd.DataFrame, change: pd.DataFrame, recording: pd.DataFrame
) -> tuple[dict[str, Measure], frozenset[str]]:
    """Every measure that at least 20 people (or events) allow, and the names of those that could not be computed."""
    made: dict[str, Callable[[], Measure | None]] = {
        "restored_24m": partial(_outcome, who, unrestored, "restored_24m"),
        "lost_12m": partial(_outcome, who, unrestored, "lost_12m"),
        **{f"gain_{domain.lower()}": partial(_gain, who, change, domain) for domain in DOMAINS},
        "days_to_first_service": partial(_days_to_first, who, recording),
        **{name: partial(_habit, who, recording, name) for name in HABITS},
    }
    found, failed = {}, set()
    for name, make in made.items():
        try:
            measure = make()
        except (ValueError, ArithmeticError, np.linalg.LinAlgError):  # one that cannot be fitted leaves the others
            failed.add(name)
            continue
        if measure is not None:
            found[name] = measure
    return found, frozenset(failed)


def _outcome(who: People, unrestored: pd.DataFrame, name: str) -> Events | None:
    seen = stays(who.episodes, unrestored)
    happened = seen.right < NEVER if name == "restored_24m" else seen.cause == LOST
    if int((seen.used & happened).sum()) < MIN_EVENTS:
        return None
    return _restored(who, seen) if name == "restored_24m" else _lost(who, seen)


def _restored(who: People, seen: Stays) -> Events:
    return _events(who, seen.used, (seen.start, seen.left, seen.right), int(RESTORED_DAYS))


def _lost(who: People, seen: Stays) -> Events:
    is_lost = seen.cause == LOST
    known = (seen.exit_start, np.where(is_lost, seen.stop - 1, seen.stop), np.where(is_lost, seen.stop, NEVER))
    return _events(who, seen.used, known, int(LOST_DAYS))


def _events(who: People, used: Bools, known: tuple[Ints, Ints, Ints], until: int) -> Events:
    """Cumulative hazards up to day `until` of what is known of each person; all 0 for those who are not used."""
    start, left, right = (values[used] for values in known)
    expected = cross_fit_hazard(start, left, right, who.x[used], who.fold[used])
    seen = (right < NEVER) & (left < until)
    end = np.where(seen, right, left)
    low, high = expected.at(np.minimum(left, until)), expected.at(np.minimum(end, until))
    parts = (low - expected.at(np.minimum(start, until)), high - low, expected.at(end) - high)
    out = [np.zeros(len(used)) for _ in parts]
    for target, part in zip(out, parts, strict=True):
        target[used] = np.maximum(part, 0.0)
    # What was seen to happen on days without any hazard elsewhere still happened.
    out[1][np.flatnonzero(used)[seen]] = np.maximum(out[1][used][seen], 1e-9)
    out[2][np.flatnonzero(used)[~seen]] = 0.0
    return Events(out[0], out[1], out[2])


def _gain(who: People, change: pd.DataFrame, domain: str) -> Totals | None:
    """Points from the initial to the latest assessment, given how far apart the two lie and where she began."""
    rows = change[change["domain_code"] == domain].set_index("episode_key").reindex(who.episodes["episode_key"])
    gain, days = (rows[name].to_numpy(dtype=np.float64) for name in ("delta", "days_between"))
    weight = (~np.isnan(gain)).astype(np.float64)
    if int(weight.sum()) < MIN_EVENTS:
        return None
    length = np.log1p(np.nan_to_num(days) / 182.0)
    start = np.nan_to_num(rows["initial"].to_numpy(dtype=np.float64))
    start = np.where(weight > 0, start - start[weight > 0].mean(), 0.0)
    more = np.column_stack([length, length**2, length * start, start**2])
    gain = np.nan_to_num(gain)
    return Totals(gain, _mean(who, gain, weight, more), weight)


def _days_to_first(who: People, recording: pd.DataFrame) -> Totals | None:
    day, seen, weight = _first_service(who.episodes, recording)
    counted = weight > 0
    if int(counted.sum()) < MIN_EVENTS:
        return None
    days = np.zeros(len(day))
    days[counted] = restricted_days(day[counted], seen[counted], FIRST_SERVICE_DAYS)
    return Totals(days, _mean(who, days, weight), weight)


def _habit(who: People, recording: pd.DataFrame, name: str) -> Totals | None:
    """How forms are made and entered; recording has a row an episode, in their order."""
    total, units = (recording[column].to_numpy(dtype=np.float64) for column in HABITS[name])
    if int((units > 0).sum()) < MIN_EVENTS:
        return None
    more = None
    if name == "aso_completeness":
        due = np.maximum(units, 1.0)
        kinds = ("n_due_initial", "n_due_half_year")
        more = np.column_stack([recording[kind].to_numpy(dtype=np.float64) / due for kind in kinds])
    return Totals(total, _mean(who, total, units, more), units)


def _first_service(episodes: pd.DataFrame, recording: pd.DataFrame) -> tuple[Floats, Bools, Floats]:
    """Day of the first service or of the last look, whether it was a service, and who counts: in care from day 0 on,
    with an intake 90 days ago or more."""
    first = recording["first_service_day"].to_numpy(dtype=np.float64)
    exit_day = episodes["exit_day"].to_numpy(dtype=np.float64)
    as_of = episodes["as_of_day"].to_numpy(dtype=np.float64)
    last = np.maximum(np.fmin(exit_day, as_of), 0.0)
    first = np.maximum(first, 0.0)
    seen = first <= last  # a null is not
    counts = (episodes["entry_day"].to_numpy() == 0) & (as_of >= FIRST_SERVICE_DAYS)
    return np.where(seen, first, last), seen, counts.astype(np.float64)


def _mean(who: People, total: Floats, weight: Floats, more: Floats | None = None) -> Floats:
    x = who.x if more is None else np.hstack([who.x, standardised(more)])
    return cross_fit_mean(x, total, weight, who.fold)


def aligned(frame: pd.DataFrame, episodes: pd.DataFrame, fill: Mapping[str, int]) -> pd.DataFrame:
    """The rows of `frame` in the order of the episodes; an episode without one gets `fill`."""
    out = frame.set_index("episode_key").reindex(episodes["episode_key"]).reset_index()
    return out.fillna(dict(fill))
