"""What the headline would be otherwise: the bounds of restoration, who was lost, which instrument."""

import numpy as np
import pandas as pd
import pytest

from ml.duration import headline, sensitivity
from ml.duration.hazard import NEVER
from ml.duration.programme import Programme as Frames
from ml.duration.stays import Stays
from tests.simulation.programme import Programme
from tests.unit.ml.test_curves import episodes


def test_other_bounds_decide_the_event_as_the_marts_do():
    frame = episodes(
        5,
        exit_day=[np.nan, np.nan, 100, 100, 100],
        event=[1, 0, 2, 3, 1],
        restored_left_day=[0, 0, 0, 0, 0],
        restored_right_day=[90, np.nan, np.nan, np.nan, 90],
        outcome=["open", "open", "withdrew", "transferred", "lost_contact"],
    )
    bounds = pd.DataFrame(
        {"episode_key": ["e00001", "e00004"], "restored_left_day": [5, 80], "restored_right_day": [40, np.nan]}
    )
    found = sensitivity.with_restoration(frame, bounds)
    assert found["event"].tolist() == [0, 1, 2, 3, 2]
    assert found["restored_right_day"].tolist() == pytest.approx([np.nan, 40, np.nan, np.nan, np.nan], nan_ok=True)
    assert found["restored_left_day"].tolist() == pytest.approx([np.nan, 5, np.nan, np.nan, 80], nan_ok=True)


def three_stays():
    """Lost and not seen restored; lost after she was seen restored; transferred."""
    return Stays(
        used=np.ones(3, bool),
        start=np.full(3, -1),
        left=np.array([100, 100, 100]),
        right=np.array([NEVER, 200, NEVER]),
        exit_start=np.full(3, -1),
        stop=np.array([150, 210, 150]),
        cause=np.array([2, 2, 3]),
    )


def test_the_bounds_move_those_alone_who_were_lost_unseen():
    none, each = sensitivity.lost_never(three_stays()), sensitivity.lost_restored(three_stays())
    assert none.left.tolist() == [150, 100, 100]
    assert (none.right.tolist(), none.cause.tolist()) == ([NEVER, 200, NEVER], [2, 2, 3])
    assert each.left.tolist() == [100, 100, 100]
    assert (each.right.tolist(), each.cause.tolist()) == ([150, 200, NEVER], [0, 2, 3])


@pytest.fixture(scope="module")
def programme():
    frame, unrestored = Programme(late=0.0).draw(np.random.default_rng(12), 400)
    version = np.where(np.arange(400) < 250, "ASO-1", "ASO-2")
    visits = unrestored.merge(frame[["episode_key"]].assign(instrument_version=version), on="episode_key")
    lower = frame[["episode_key", "restored_left_day", "restored_right_day"]].assign(variant="cutoff_lower")
    return Frames.of(
        frame,
        unrestored=unrestored,
        visits=visits.assign(total=2.0 + visits["day"] / 2000, is_restored=False),
        restoration_variant=lower,
        unrestored_variant=unrestored.assign(variant="cutoff_lower"),
    )


def test_a_variant_with_the_same_bounds_is_the_headline(programme):
    found = headline.fit(programme.known, programme.cluster, programme.episodes["office_id"])
    rows = {part["curve_name"].iloc[0]: part for part in sensitivity.overall(programme, found) if len(part)}
    assert set(rows) == {
        "restoration_cutoff_lower", "restoration_lost_none_restored", "restoration_lost_all_restored",
    }  # fmt: skip
    plain = headline.rows_of(found)
    same = rows["restoration_cutoff_lower"]
    pd.testing.assert_frame_equal(same.drop(columns="curve_name"), plain.drop(columns="curve_name"), atol=5e-4)
    restored = {
        name: part[(part["state"] == "restored") & (part["day"] == 730)]["estimate"].item()
        for name, part in rows.items()
    }
    middle = plain[(plain["state"] == "restored") & (plain["day"] == 730)]["estimate"].item()
    assert restored["restoration_lost_none_restored"] < middle < restored["restoration_lost_all_restored"]


def test_each_instrument_version_with_enough_episodes_has_a_curve(programme):
    parts = list(sensitivity.by_instrument(programme, 50))
    assert [part["stratum_value"].iloc[0] for part in parts] == ["ASO-1", "ASO-2"]
    assert {part["curve_name"].iloc[0] for part in parts} == {"restoration_instrument"}
    assert list(sensitivity.by_instrument(programme, 200)) == []


def test_visits_without_scores_give_no_weighted_curve(programme):
    found = headline.fit(programme.known, programme.cluster, programme.episodes["office_id"])
    rows, rate = sensitivity.visits_weighted(programme, found, sensitivity.between_visits(programme, found))
    assert rate is not None
    assert set(rows["curve_name"]) == {"restoration_visits_weighted"}
    bare = Frames.of(programme.episodes, unrestored=programme.unrestored)
    rows, rate = sensitivity.visits_weighted(bare, found, sensitivity.between_visits(bare, found))
    assert rows.empty
    assert rate is None
