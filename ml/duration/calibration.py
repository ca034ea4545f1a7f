"""Whether forecasts came true: the model as it would have been half a year ago, against what has become of people since."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.duration import headline
from ml.duration.diagnostics import Row, exits, observed_to_expected, restorations
from ml.duration.forecast import DAYS_AHEAD
from ml.duration.headline import Headline
from ml.duration.programme import Programme
from ml.duration.stays import stays
from ml.duration.visits import stretches

Ints = npt.NDArray[np.int64]


def as_known_before(episodes: pd.DataFrame, unrestored: pd.DataFrame, days: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Episodes and their assessments found not restored as they were `days` ago; episodes that began since are left out.

    What was entered late counts as if it had been entered at once: the marts do not say when.
    """
    nullable = ["exit_day", "restored_left_day", "restored_right_day"]
    then = episodes[episodes["as_of_day"] >= days].astype(dict.fromkeys(nullable, "float64"))
    as_of = then["as_of_day"] - days
    is_gone, is_seen = then["exit_day"] <= as_of, then["restored_right_day"] <= as_of
    earlier = unrestored.merge(then[["episode_key"]].assign(as_of=as_of), on="episode_key")
    earlier = earlier[earlier["day"] <= earlier["as_of"]]
    last = then["episode_key"].map(earlier.groupby("episode_key")["day"].max())
    lost = then["outcome"].isin(["lost_contact", "withdrew"])
    known = then.assign(
        as_of_day=as_of,
        exit_day=then["exit_day"].where(is_gone),
        outcome=then["outcome"].where(is_gone, "open"),
        restored_left_day=then["restored_left_day"].where(is_seen | (then["restored_left_day"] <= as_of), last),
        restored_right_day=then["restored_right_day"].where(is_seen),
        event=np.where(is_seen, 1, np.where(is_gone, np.where(lost, 2, 3), 0)),
    )
    return known.reset_index(drop=True), earlier[["episode_key", "day"]]


def came_true(programme: Programme, days: int = DAYS_AHEAD) -> Iterator[Row]:
    """What was seen in the last half year, of everybody, against what the model fitted on what was known before it expects.

    Restoration: of assessments made since; exits: of the days in care since, until a restoration was seen. Nothing without
    an earlier fit; stays of offices that it did not know are left out.
    """
    then, earlier = as_known_before(programme.episodes, programme.unrestored, days)
    if then.empty:
        return
    group = pd.Series(programme.cluster, index=programme.episodes["episode_key"].to_numpy())
    fitted = headline.fit(stays(then, earlier), group[then["episode_key"]].to_numpy(), then["office_id"])
    if fitted is None:
        return
    office = pd.Index(fitted.names).get_indexer(pd.Index(programme.episodes["office_id"].fillna("").astype(str)))
    rows = programme.known.used & (office >= 0)
    now = replace(fitted, used=programme.known.take(rows), cluster=programme.cluster[rows], office=office[rows])
    people = programme.episodes[rows]
    cut = people["as_of_day"].to_numpy(np.int64) - days
    yield from _restored(now, people, programme.visits, cut)
    for cause, name in ((2, "lost"), (3, "other_exit")):
        expected = exits(now, cause, cut, np.full(len(cut), fitted.fitted.last))
        left = (now.used.cause == cause) & (now.used.stop > cut) & (now.used.stop <= fitted.fitted.last)
        at_risk = expected > 0
        ratio = observed_to_expected(left[at_risk].astype(np.float64), expected[at_risk], now.cluster[at_risk])
        if ratio:
            yield "forecast_observed_to_expected", name, *ratio, int(at_risk.sum())


def _restored(now: Headline, people: pd.DataFrame, visits: pd.DataFrame, cut: Ints) -> Iterator[Row]:
    between = stretches(now.used, people["episode_key"], visits)
    since = (between.end > np.maximum(cut[between.row], 0)) & (between.end <= now.fitted.last)
    expected = restorations(now, between)[since]
    ratio = observed_to_expected(between.is_seen[since].astype(np.float64), expected, now.cluster[between.row[since]])
    if ratio:
        yield "forecast_observed_to_expected", "restored at an assessment", *ratio, int(since.sum())
