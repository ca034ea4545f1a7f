"""Contracts name the column and the count, and take the dtypes that a warehouse hands over."""

import pandas as pd
import pytest

from ml.contracts import Column, InputError, empty, require, shaped

CONTRACT = {
    "key": Column("text", unique=True),
    "day": Column("int", nullable=True),
    "share": Column("number"),
    "is_it": Column("bool"),
}


def frame(**columns):
    return pd.DataFrame({"key": ["a", "b"], "day": [1.0, None], "share": [0.5, 1], "is_it": [True, False], **columns})


@pytest.mark.parametrize(
    "columns",
    [
        {},
        {"day": pd.array([1, None], dtype="Int64")},
        {"day": pd.array([1, 2], dtype="int32")},
        {"key": pd.array(["a", "b"], dtype="string")},
        {"key": pd.Categorical(["a", "b"])},
        {"is_it": pd.array([True, False], dtype="boolean")},
    ],
)
def test_what_a_warehouse_hands_over_is_taken(columns):
    require(frame(**columns), CONTRACT)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"key": ["a", None]}, "column key: 1 of 2 rows are null"),
        ({"key": ["a", "a"]}, "column key: 1 of 2 rows repeat a key"),
        ({"key": ["a", 3]}, "column key: 1 of 2 rows are not of kind text"),
        ({"day": [1.5, 2.5]}, "column day: 2 of 2 rows are not of kind int"),
        ({"day": [True, False]}, "column day: 2 of 2 rows are not of kind int"),
        ({"share": ["x", 1]}, "column share: 1 of 2 rows are not of kind number"),
        ({"share": [float("inf"), 1]}, "column share: 1 of 2 rows are not of kind number"),
        ({"is_it": [0, 1]}, "column is_it: 2 of 2 rows are not of kind bool"),
    ],
)
def test_a_fault_says_column_and_count_only(columns, message):
    with pytest.raises(InputError) as error:
        require(frame(**columns), CONTRACT)
    assert str(error.value) == message


def test_a_missing_column_is_named():
    with pytest.raises(InputError, match="column day is missing"):
        require(frame().drop(columns="day"), CONTRACT)


def test_shaped_keeps_only_the_contract_in_its_order():
    complete = frame(day=[1, 2], more=[0, 0])[["more", "is_it", "share", "day", "key"]]
    assert list(shaped(complete, CONTRACT)) == list(CONTRACT)
    assert list(empty(CONTRACT)) == list(CONTRACT)
    require(empty(CONTRACT), CONTRACT)
