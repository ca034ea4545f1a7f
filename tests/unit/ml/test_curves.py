"""Rows of outcomes.curve: the conventions of observed times, edges, and what holds of every curve."""

import numpy as np
import pandas as pd
import pytest

from ml.contracts import CURVE, InputError, require
from ml.duration import hazard
from ml.duration.curves import curves, durations, severity
from ml.duration.observed import observed
from ml.duration.rows import grid

NAN = np.nan


def episodes(n=200, **columns):
    keys = [f"e{i:05d}" for i in range(n)]
    base = {
        "episode_key": keys,
        "survivor_key": [f"s{i:05d}" for i in range(n)],
        "household_key": None,
        "operation_key": None,
        "office_id": "F1",
        "casework_type": "residential",
        "age_band": "18-24",
        "entry_day": 0,
        "exit_day": NAN,
        "as_of_day": 1000,
        "restored_left_day": NAN,
        "restored_right_day": NAN,
        "event": 0,
    }
    frame = pd.DataFrame({**base, **columns}, index=range(n))
    reasons = {0: "restored", 1: "restored", 2: "lost_contact", 3: "transferred", 7: "other"}
    outcome = frame["event"].map(reasons).where(frame["exit_day"].notna(), "open")
    return frame.assign(outcome=columns.get("outcome", outcome))


def mixed(n=400, seed=0):
    rng = np.random.default_rng(seed)
    restored, exit_day = rng.exponential(600, n), rng.exponential(900, n).round()
    as_of = rng.integers(0, 2500, n)
    seen = np.ceil(restored / 120) * 120
    end = np.minimum(exit_day, as_of)
    is_seen, gone = seen <= end, exit_day <= as_of
    return episodes(
        n,
        survivor_key=[f"s{i % (n - n // 10):05d}" for i in range(n)],
        operation_key=np.where(rng.random(n) < 0.5, np.char.add("o", (np.arange(n) // 5).astype(str)), None),
        office_id=rng.choice(["F1", "F2", "F3"], n, p=[0.6, 0.35, 0.05]),
        entry_day=np.where(rng.random(n) < 0.2, rng.integers(1, 300, n), 0),
        exit_day=np.where(gone, exit_day, NAN),
        as_of_day=as_of,
        restored_right_day=np.where(is_seen, seen, NAN),
        restored_left_day=np.where(is_seen, seen - 120, np.floor(end / 120) * 120),
        event=np.where(is_seen, 1, np.where(gone, rng.choice([2, 3], n), 0)),
    )


@pytest.mark.parametrize(
    ("row", "time", "state", "interval"),
    [
        ({"as_of_day": 500}, 500, 0, (-1, np.inf)),
        ({"as_of_day": 500, "restored_left_day": -9}, 500, 0, (0, np.inf)),
        ({"exit_day": 90, "event": 2, "restored_left_day": 60}, 90, 2, (60, np.inf)),
        ({"exit_day": 0, "event": 3}, 0, 3, (-1, np.inf)),
        ({"restored_left_day": 100, "restored_right_day": 200, "event": 1}, 200, 1, (100, 200)),
        ({"restored_left_day": -20, "restored_right_day": 200, "event": 1}, 200, 1, (0, 200)),
        ({"restored_right_day": 200, "event": 1}, 200, 1, (-1, 200)),
        ({"restored_left_day": -20, "restored_right_day": -5, "event": 1}, 0, 1, (-1, 0)),
        ({"restored_left_day": -20, "restored_right_day": 0, "event": 1}, 0, 1, (-1, 0)),
        ({"exit_day": 150, "restored_left_day": 100, "restored_right_day": 200, "event": 1}, 150, 1, (100, 200)),
        ({"exit_day": 300, "restored_left_day": 100, "restored_right_day": 200, "event": 1}, 200, 1, (100, 200)),
    ],
)
def test_what_a_row_says(row, time, state, interval):
    seen = observed(episodes(1, **row))
    assert (seen.time[0], seen.state[0], (seen.left[0], seen.right[0])) == (time, state, interval)


def test_late_entry_is_at_risk_from_the_next_day():
    seen = observed(episodes(3, entry_day=[0, 10, 10], exit_day=[NAN, 10, 11], event=[0, 2, 2]))
    assert seen.n_at_risk(np.array([0, 10, 11, 12])).tolist() == [1, 1, 2, 1]


@pytest.fixture(scope="module")
def table():
    return curves(mixed(), seed=1, draws=30)


def test_every_curve_is_within_its_limits_and_monotone(table):
    require(table, CURVE)
    assert table["estimate"].between(table["lower"], table["upper"]).all()
    assert table[["estimate", "lower", "upper"]].to_numpy().min() >= 0
    assert table[["estimate", "lower", "upper"]].to_numpy().max() <= 1
    for (*_, state), rows in table.groupby(["curve_name", "stratum", "stratum_value", "state"]):
        steps = rows.sort_values("day")[["estimate", "lower", "upper"]].diff().iloc[1:].to_numpy()
        assert (steps <= 0).all() if state == "in_care" else (steps >= 0).all()
    assert table["n_at_risk"].min() >= 11


def test_what_is_given_and_what_is_not(table):
    kinds = set(zip(table["curve_name"], table["method"], table["state"], strict=True))
    whole = {
        (name, method, state)
        for state in ("restored", "lost", "other_exit", "in_care")
        for name, method in (
            ("restoration_detection_date", "detection_date"),
            ("restoration", "panel"),
            ("restoration_exit_zero_after", "panel"),
            ("restoration_lost_none_restored", "panel"),
            ("restoration_lost_all_restored", "panel"),
        )
    }
    assert kinds == whole | {("restoration_npmle", "npmle", "restored")}
    assert set(table.loc[table["stratum"] == "office_id", "stratum_value"]) == {"F1", "F2"}
    assert set(table["day"]) <= set(grid())
    assert (grid()[0], grid()[12], grid()[-1]) == (0, 365, 1825)


def test_states_of_a_day_add_to_one(table):
    whole = table[table["method"] != "npmle"]
    totals = whole.groupby(["curve_name", "stratum", "stratum_value", "day"])["estimate"].sum()
    assert totals.to_numpy() == pytest.approx(1, abs=1e-9)


def test_the_order_of_rows_is_nothing(table):
    shuffled = mixed().sample(frac=1, random_state=4)
    pd.testing.assert_frame_equal(curves(shuffled, seed=1, draws=30), table)


def test_another_office_does_not_move_the_draws_of_this_one():
    apart = mixed().assign(operation_key=None, survivor_key=lambda frame: frame["episode_key"])
    rows = "stratum == 'office_id' and stratum_value == 'F1' and method != 'panel'"
    alone = curves(apart.query("office_id == 'F1'"), seed=1, draws=10).query(rows)
    among = curves(apart, seed=1, draws=10).query(rows)
    pd.testing.assert_frame_equal(alone.reset_index(drop=True), among.reset_index(drop=True))


@pytest.mark.parametrize(
    "columns",
    [
        {},  # no event, all censored
        {"restored_right_day": 0, "event": 1},  # everyone restored at intake
        {"exit_day": 0, "event": 3},  # stays of no length
        {"exit_day": 50, "entry_day": 50, "event": 2},  # entry == exit: nobody was ever at risk
        {"exit_day": 50, "event": 2},
        {"restored_left_day": 0, "restored_right_day": 90, "event": 1},
        {"as_of_day": 0},
    ],
)
def test_edges_are_defined(columns):
    table = curves(episodes(60, **columns), seed=0, draws=5)
    require(table, CURVE)
    if columns.get("entry_day"):
        assert table.empty
    else:
        assert {"overall", "office_id"} <= set(table["stratum"])


def test_where_nothing_happened_the_limit_is_not_zero():
    table = curves(episodes(100), seed=0, draws=5).query("stratum == 'overall' and state == 'restored'")
    assert (table["estimate"] == 0).all()
    assert table["upper"].to_numpy() == pytest.approx(1 - 0.025 ** (1 / 100))


def test_no_episode_and_few_episodes():
    assert curves(episodes(0), seed=0, draws=5).empty
    assert curves(episodes(10), seed=0, draws=5).empty
    assert set(curves(episodes(11), seed=0, draws=5)["stratum"]) == {"overall"}


def test_a_broken_frame_is_refused_without_naming_rows():
    broken = episodes(20, event=7)
    with pytest.raises(InputError, match=r"^column event: 20 of 20 rows hold a value that is not allowed$"):
        curves(broken, seed=0)


def test_severity_is_thirds_of_the_first_total_with_their_limits():
    frame = episodes(9)
    initial = pd.DataFrame({"episode_key": frame["episode_key"][:6], "total": [1.0, 1.2, 1.5, 2.0, 2.5, 3.0]})
    found = severity(frame, initial)
    names = ["total < 1.40", "1.40 <= total < 2.17", "total >= 2.17"]
    assert found[:6].tolist() == [name for name in names for _ in range(2)]
    assert found[6:].isna().all()
    assert severity(frame, initial[:0]).isna().all()


def test_the_headline_is_given_by_severity_where_totals_are_known():
    frame = mixed()
    total = np.random.default_rng(5).uniform(1, 4, len(frame))
    initial = pd.DataFrame({"episode_key": frame["episode_key"], "total": total})
    table = curves(frame, seed=1, draws=2, initial=initial).query("stratum == 'severity'")
    assert set(table["curve_name"]) == {"restoration"}
    assert len(set(table["stratum_value"])) == 3


def test_where_a_fit_finds_no_maximum_there_is_no_headline_and_the_questions_are_refused(monkeypatch):
    monkeypatch.setattr(hazard, "NEWTON_STEPS", 1)
    found = durations(mixed(), seed=1, draws=2)
    assert "panel" not in set(found.curve["method"])
    assert {"npmle", "detection_date"} == set(found.curve["method"])
    assert set(found.optimal_time["status"]) == {"refused"}


def test_one_office_and_none_have_a_headline():
    for office in ("F1", None):
        table = curves(mixed().assign(office_id=office), seed=1, draws=2)
        assert set(table.query("method == 'panel'")["stratum"]) == {"overall", "casework_type", "age_band"}
