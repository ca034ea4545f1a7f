"""What is odd, one case a row: each has a defined result or a named refusal, and no hole in a table."""

import numpy as np
import pandas as pd
import pytest

from ml.contracts import CURVE, FIGURE, FORECAST, METRIC, OPTIMAL_TIME, InputError, require
from ml.duration.curves import durations
from tests.simulation.programme import Programme
from tests.unit.ml.test_curves import episodes

TABLES = {
    "curve": CURVE,
    "optimal_time": OPTIMAL_TIME,
    "metric": METRIC,
    "forecast": FORECAST,
    "figure": FIGURE,
}
SEEN = {"restored_left_day": 0, "restored_right_day": 90, "event": 1}
HALF = np.arange(120) % 2 == 0
HALVES = np.where(HALF, "residential", "community")
CASES = {
    "no episode": (0, {}),
    "one episode": (1, {}),
    "no event, all censored": (120, {}),
    "all restored at intake": (120, {"restored_right_day": 0, "event": 1}),
    "all restored between the same two assessments": (120, SEEN),
    "one office": (120, {"office_id": "F1", "exit_day": np.where(HALF, 200, np.nan), "event": np.where(HALF, 2, 0)}),
    "no office": (120, {"office_id": None, **SEEN}),
    "each episode an office of its own": (120, {"office_id": [f"F{i}" for i in range(120)], **SEEN}),
    "stays of no length": (120, {"exit_day": 0, "event": 3}),
    "entry on the day of the exit": (120, {"entry_day": 50, "exit_day": 50, "event": 2}),
    "entry after the exit": (120, {"entry_day": 80, "exit_day": 50, "event": 2}),
    "all begin today": (120, {"as_of_day": 0}),
    "a single event": (120, {"exit_day": np.where(np.arange(120) == 7, 300, np.nan), "event": np.where(np.arange(120) == 7, 2, 0)}),
    "an exit before intake": (120, {"exit_day": -3, "event": 3}),
    "restored before intake": (120, {"restored_left_day": -30, "restored_right_day": -2, "event": 1}),
    "the left end after the right one": (120, {"restored_left_day": 200, "restored_right_day": 90, "event": 1}),
    "an office in which everybody, and one in which nobody, is restored": (
        120,
        {
            "office_id": np.where(HALF, "F1", "F2"),
            "casework_type": HALVES,
            "restored_left_day": 0,
            "restored_right_day": np.where(HALF, 90, np.nan),
            "event": np.where(HALF, 1, 0),
        },
    ),
    "all of one operation": (120, {"operation_key": "o1", **SEEN}),
    "all one person": (120, {"survivor_key": "s1", **SEEN}),
    "twenty years in care": (120, {"as_of_day": 7300, "restored_left_day": 6000}),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
@pytest.mark.fault("F67")
def test_odd_data_have_a_defined_result(name):
    n, columns = CASES[name]
    frame = episodes(n, **columns)
    made = pd.DataFrame(
        {
            "episode_key": frame["episode_key"],
            "day": 0,
            "is_restored": False,
            "total": 2.0,
            "instrument_version": None,
        }
    ).astype({"is_restored": bool, "total": float})
    found = durations(frame, seed=1, draws=3, visits=made)
    for table, contract in TABLES.items():
        rows = getattr(found, table)
        require(rows, contract)
        numbers = rows.select_dtypes("number").to_numpy(dtype=float)
        assert not np.isinf(numbers).any(), table
        needed = [column for column, kind in contract.items() if not kind.nullable]
        assert rows[needed].notna().all(axis=None), table
    told = found.optimal_time
    answered = told["status"] == "estimated"
    assert told.loc[~answered, "reason"].notna().all()
    assert told.loc[answered, ["estimate_months", "lower_months", "upper_months"]].notna().all(axis=None)
    assert set(told.loc[told["stratum"] == "overall", "question"]) == {
        "plateau", "marginal_gain", "restricted_mean", "cure", "policy_value",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("event", 9, "column event: 20 of 20 rows hold a value that is not allowed"),
        ("as_of_day", None, "column as_of_day: 20 of 20 rows are null"),
        ("exit_day", 1.5, "column exit_day: 20 of 20 rows are not of kind int"),
        ("exit_day", float("inf"), "column exit_day: 20 of 20 rows are not of kind int"),
        ("episode_key", "same", "column episode_key: 19 of 20 rows repeat a key"),
        ("entry_day", None, "column entry_day: 20 of 20 rows are null"),
    ],
)
def test_what_breaks_the_contract_is_refused_by_name(column, value, message):
    with pytest.raises(InputError, match=f"^{message}$"):
        durations(episodes(20).assign(**{column: value}), seed=1)


def test_a_frame_beside_that_breaks_its_contract_is_refused():
    visits = pd.DataFrame({"episode_key": ["e1"], "day": [1], "is_restored": [True], "total": [None]})
    with pytest.raises(InputError, match="column total: 1 of 1 rows are null"):
        durations(episodes(20), seed=1, visits=visits)


def test_the_same_data_give_the_same_tables():
    frame, unrestored = Programme().draw(np.random.default_rng(4), 120)
    one, other = (durations(rows, seed=1, draws=3, unrestored=unrestored) for rows in (frame, frame[::-1]))
    for table in TABLES:
        pd.testing.assert_frame_equal(getattr(one, table), getattr(other, table))
