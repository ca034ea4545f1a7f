"""The people that one outcome is asked of, in the order of their keys: what was known at time zero, and what became known since."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml import resampling
from ml.contracts import FCT_EPISODE, FCT_SCORE, SNAPSHOT, InputError, require
from ml.risk import features, policy
from ml.risk import labels as labelling
from ml.risk.definition import LOST, NOT_RESTORED, WORSE, Outcome
from ml.risk.followed import offices_of
from ml.risk.labels import Labels
from ml.risk.lost import label_lost
from ml.risk.worse import asked, label_worse

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

# The kinds of group that are looked at, and the column that says who is in which. None of them is a predictor of a deployed model.
GROUPS = {
    "sex": "gender",
    "age_band": "age_band",
    "casework_type": "casework_type",
    "office_id": "office_id",
    "language_group": "language_group",
}


@dataclass(frozen=True)
class People:
    """Everyone with an initial assessment: her episode, time zero (n,) in days since intake, features (n, p), year of intake (n,)."""

    episodes: pd.DataFrame
    time_zero: Floats
    x: Floats
    items: features.Layout
    cohort: Ints
    counts: dict[str, int]


@dataclass(frozen=True)
class Sample:
    """Who is asked about one outcome: rows of People, with labels, clusters and the groups that the audit looks at."""

    outcome: Outcome
    people: People
    rows: Ints
    labels: Labels
    clusters: resampling.Clusters
    groups: pd.DataFrame
    counts: dict[str, int]

    @property
    def items(self) -> features.Layout:
        """Which items and domains there are."""
        return self.people.items

    @property
    def offices(self) -> npt.NDArray[np.str_]:
        """The office of each person, (n,)."""
        return np.asarray(self.groups["office_id"], dtype=str)

    @property
    def cohort(self) -> Ints:
        """The year of intake of each person, (n,)."""
        return self.people.cohort[self.rows]

    @property
    def asked_of(self) -> pd.DataFrame:
        """The episode of each person, (n,) rows."""
        return self.people.episodes.iloc[self.rows].reset_index(drop=True)

    @property
    def time_zero(self) -> Floats:
        """Time zero of each person, (n,), in days since intake."""
        return self.people.time_zero[self.rows]

    @property
    def is_followed(self) -> Bools:
        """Whose intake lies so far back that the date alone censors nobody before the horizon, (n,)."""
        until = self.asked_of["as_of_day"].to_numpy(dtype=np.float64) - self.time_zero
        return np.asarray(until > self.outcome.horizon_days)

    def relabelled(self, rows: Bools) -> Labels:
        """Labels (n,) with the weights of these rows among themselves, 0 for everyone else: a cohort has a follow-up of its own."""
        own = label(self.asked_of[rows].reset_index(drop=True), self.time_zero[rows], self.outcome)
        other, event = np.zeros(len(rows)), np.zeros(len(rows))
        other[rows], event[rows] = own.other, own.event
        return Labels(other, event, own.counts)

    def of_rung(self, rung: str) -> Floats:
        """The columns that a rung uses, (n, p)."""
        return columns(self.people, rung)[self.rows]


def columns(people: People, rung: str) -> Floats:
    """The columns of everyone that a rung uses, (n, p)."""
    every = [*people.items.names, *people.items.summaries]
    return people.x[:, [every.index(name) for name in people.items.rung(rung)]]


def people_of(episodes: pd.DataFrame, snapshots: pd.DataFrame, scores: pd.DataFrame, *, as_of: date) -> People:
    """Everyone with an initial assessment, of core.fct_episode, aso.snapshot and aso.fct_score rows.

    Raises InputError when a frame breaks its contract, FeaturePolicyError when a feature is dated after time zero.
    """
    for frame, contract in ((episodes, FCT_EPISODE), (snapshots, SNAPSHOT), (scores, FCT_SCORE)):
        require(frame, contract)
    initial = _once(snapshots, "initial", ["episode_key", "assessment_key", "day"])
    found = episodes.merge(initial, on="episode_key", how="inner").sort_values("episode_key", ignore_index=True)
    mid = _once(snapshots, "mid", ["episode_key", "total"]).set_index("episode_key")["total"]
    first = _once(snapshots, "initial", ["episode_key", "total"]).set_index("episode_key")["total"]
    found = found.assign(mid_total=found["episode_key"].map(mid), initial_total=found["episode_key"].map(first))
    day = found["day"].to_numpy(dtype=np.float64)
    time_zero = np.maximum(day, 0.0)
    policy.refuse_late(day, time_zero)
    own = scores[scores["assessment_key"].isin(found["assessment_key"])]
    items = features.layout(own)
    x = features.features(own, found["assessment_key"], items)
    cohort = [(as_of - timedelta(days=int(days))).year for days in found["as_of_day"]]
    return People(
        found,
        time_zero,
        features.with_summaries(x, items, found["age_band"]),
        items,
        np.asarray(cohort, dtype=np.int64),
        {"episodes": len(episodes), "no_initial_assessment": len(episodes) - len(found)},
    )


def sample_of(people: People, outcome: Outcome) -> Sample:
    """Those of the people whom the outcome is asked of, with their labels."""
    episodes, time_zero = people.episodes, people.time_zero
    is_asked = asked(episodes, time_zero) if outcome == WORSE else labelling.eligible(episodes, time_zero)
    rows = np.flatnonzero(is_asked)
    own, zero = episodes.iloc[rows].reset_index(drop=True), time_zero[rows]
    known = label(own, zero, outcome)
    groups = pd.DataFrame({kind: _group(own, column) for kind, column in GROUPS.items()})
    groups["office_id"] = offices_of(own)
    counts = {**people.counts, "not_asked_at_time_zero": len(episodes) - len(own), **known.counts}
    return Sample(outcome, people, rows, known, resampling.clusters(own), groups, counts)


def label(episodes: pd.DataFrame, time_zero: Floats, outcome: Outcome, *, horizon: float | None = None) -> Labels:
    """Labels of people whom the outcome is asked of, at its horizon or another one."""
    until = horizon or outcome.horizon_days
    if outcome == NOT_RESTORED:
        return labelling.label(episodes, time_zero, horizon=until)
    if outcome == LOST:
        return label_lost(episodes, time_zero, horizon=until)
    return label_worse(
        episodes, *(episodes[name].to_numpy(dtype=np.float64) for name in ("initial_total", "mid_total"))
    )


def _once(snapshots: pd.DataFrame, stage: str, wanted: list[str]) -> pd.DataFrame:
    found = snapshots.loc[snapshots["stage"] == stage, wanted]
    if twice := int(found["episode_key"].duplicated().sum()):
        raise InputError(f"column episode_key: {twice:,} rows are a second {stage} snapshot of an episode")
    return found


def _group(episodes: pd.DataFrame, column: str) -> pd.Series:
    if column not in episodes:
        return pd.Series("unknown", index=episodes.index, dtype=object)
    return episodes[column].astype(object).where(episodes[column].notna(), "unknown")
