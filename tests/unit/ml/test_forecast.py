"""The forecast for people still in care: closed form, derivatives, and against what became of simulated people."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from ml.contracts import FORECAST, require
from ml.duration import headline, panel
from ml.duration.forecast import _ahead, forecast
from ml.duration.stays import stays
from tests.simulation.programme import Programme

PROGRAMME = Programme(late=0.0, frailty=0.3)


@pytest.fixture(scope="module")
def found():
    frame, unrestored = PROGRAMME.draw(np.random.default_rng(4), 3000)
    return headline.fit(stays(frame, unrestored), np.arange(len(frame)), frame["office_id"])


def people(**columns):
    base = {"episode_key": ["a", "b"], "office_id": ["F1", "F4"], "unrestored_day": [100, None], "day": [300, 200]}
    return pd.DataFrame({**base, **columns})


def test_rows_and_sums(found):
    table = forecast(found, people())
    require(table, FORECAST)
    assert len(table) == 8
    assert table.groupby("episode_key")["estimate"].sum().to_numpy() == pytest.approx(1, abs=1e-12)
    assert table["estimate"].between(table["lower"], table["upper"]).all()
    assert table.set_index("episode_key").loc["a", "day"].unique() == [483]


def test_just_found_not_restored_it_is_the_curve_from_there(found):
    table = forecast(found, people(unrestored_day=[300, 200])).query("episode_key == 'a'").set_index("state")
    curves = found.fitted.curves(np.eye(6)[1], last=500).estimate
    expected = (curves[483, :3] - curves[300, :3]) / curves[300, 3]
    assert table.loc[["restored", "lost", "other_exit"], "estimate"].to_numpy() == pytest.approx(expected, abs=1e-12)


def test_the_longer_ago_the_last_assessment_the_likelier_restored(found):
    chances = []
    for day in (300, 200, 100, 0):
        table = forecast(found, people(unrestored_day=[day, day]))
        chances.append(table.query("episode_key == 'a' and state == 'restored'")["estimate"].iloc[0])
    assert chances == sorted(chances)
    assert chances[-1] > chances[0] + 0.1


def test_slopes_equal_differences(found):
    since, day = np.array([100, -1]), np.array([300, 200])
    given = _ahead(found, 1, since, day, 183)
    step, at = 1e-5, 0
    for m in range(3):
        for j in (4, 8, 19):
            both = []
            for move in (step, -step):
                thetas = [one.theta.copy() for one in found.fitted.hazards]
                thetas[m][j] += move
                moved = tuple(replace(one, theta=own) for one, own in zip(found.fitted.hazards, thetas, strict=True))
                changed = replace(found, fitted=replace(found.fitted, hazards=moved))
                both.append(_ahead(changed, 1, since, day, 183).estimate)
            assert given.slope[:, :, at + j] == pytest.approx((both[0] - both[1]) / 2 / step, abs=1e-8)
        at += len(found.fitted.hazards[m].theta)


def test_who_is_unknown_to_the_fit_has_no_row(found):
    assert forecast(found, people(office_id=["F9", None])).empty
    assert set(forecast(found, people(day=[300, 2190]))["episode_key"]) == {"a"}
    assert isinstance(found.fitted, panel.Panel)


def test_it_comes_true_in_a_simulated_programme(found):
    """Of people in care on day 400 and last found not restored some time before, as many are restored half a year on."""
    rng = np.random.default_rng(9)
    life = PROGRAMME._lives(rng, 200_000)
    assessed = rng.integers(0, 400, 200_000)
    unseen = (life["restored"] > assessed) & (life["leaves"] > 400)
    asked = pd.DataFrame(
        {
            "episode_key": np.arange(unseen.sum()).astype(str),
            "office_id": np.char.add("F", life["office"][unseen].astype(str)),
            "unrestored_day": assessed[unseen],
            "day": 400,
        }
    )
    told = forecast(found, asked.iloc[:20_000])
    mean = told.groupby("state")["estimate"].mean()
    restored = (life["restored"] <= 583) & (
        life["restored"] <= np.where(life["restored"] <= 400, np.inf, life["leaves"])
    )
    assert mean["restored"] == pytest.approx(restored[unseen].mean(), abs=0.03)
    lost = ~restored & (life["leaves"] <= 583) & life["is_lost"]
    assert mean["lost"] == pytest.approx(lost[unseen].mean(), abs=0.01)
