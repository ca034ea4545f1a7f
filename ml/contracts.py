"""What the frames that come in and go out must look like. Names and columns are those of the marts.

Only columns that the estimators use are named; a frame may hold more.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import pandas as pd

Kind = Literal["text", "int", "number", "bool"]


class InputError(ValueError):
    """A frame breaks its contract; says the column and how many rows are wrong, never which."""


@dataclass(frozen=True)
class Column:
    """One promised column: the kind of its values, if null is one of them, and the only values allowed."""

    kind: Kind
    nullable: bool = False
    allowed: tuple[object, ...] = ()
    unique: bool = False


Contract = Mapping[str, Column]

_KEY = Column("text")
_MAYBE_TEXT = Column("text", nullable=True)
_MAYBE_DAY = Column("int", nullable=True)
_MAYBE_NUMBER = Column("number", nullable=True)

FCT_EPISODE: Contract = {
    "episode_key": Column("text", unique=True),
    "survivor_key": _KEY,
    "household_key": _MAYBE_TEXT,
    "operation_key": _MAYBE_TEXT,
    "office_id": _MAYBE_TEXT,
    "casework_type": _MAYBE_TEXT,
    "age_band": _MAYBE_TEXT,
    "entry_day": Column("int"),
    "exit_day": _MAYBE_DAY,
    "as_of_day": Column("int"),
    "outcome": _KEY,
    "restored_left_day": _MAYBE_DAY,
    "restored_right_day": _MAYBE_DAY,
    "event": Column("int", allowed=(0, 1, 2, 3)),
}

UNRESTORED: Contract = {"episode_key": _KEY, "day": Column("int")}

UNRESTORED_VARIANT: Contract = {"variant": _KEY, **UNRESTORED}

RESTORATION_VARIANT: Contract = {
    "variant": _KEY,
    "episode_key": _KEY,
    "restored_left_day": _MAYBE_DAY,
    "restored_right_day": _MAYBE_DAY,
}

VISIT: Contract = {
    "episode_key": _KEY,
    "day": Column("int"),
    "is_restored": Column("bool"),
    "total": Column("number"),
    "instrument_version": _MAYBE_TEXT,
}

INITIAL_TOTAL: Contract = {"episode_key": Column("text", unique=True), "total": _MAYBE_NUMBER}

SNAPSHOT: Contract = {
    "episode_key": _KEY,
    "stage": Column("text", allowed=("initial", "mid", "end", "sustained")),
    "assessment_key": _KEY,
    "day": Column("int"),
    "total": _MAYBE_NUMBER,
}

FCT_SCORE: Contract = {
    "assessment_key": _KEY,
    "indicator_code": _KEY,
    "domain_code": _KEY,
    "score": _MAYBE_NUMBER,  # on the common scale of the instrument
    "score_status": Column("text", allowed=("scored", "not_applicable", "missing", "quarantined")),
}

CURVE: Contract = {
    "curve_name": _KEY,
    "stratum": _KEY,
    "stratum_value": _KEY,
    "day": Column("int"),
    "state": Column("text", allowed=("restored", "in_care", "lost", "other_exit")),
    "estimate": Column("number"),
    "lower": Column("number"),
    "upper": Column("number"),
    "n_at_risk": Column("int"),
    "method": Column("text", allowed=("panel", "npmle", "detection_date")),
}

OPTIMAL_TIME: Contract = {
    "question": Column("text", allowed=("plateau", "marginal_gain", "cure", "restricted_mean", "policy_value")),
    "stratum": _KEY,
    "stratum_value": _KEY,
    "estimate_months": _MAYBE_NUMBER,
    "lower_months": _MAYBE_NUMBER,
    "upper_months": _MAYBE_NUMBER,
    "set_months": _MAYBE_TEXT,
    "n": Column("int"),
    "status": Column("text", allowed=("estimated", "not_identifiable", "refused")),
    "reason": _MAYBE_TEXT,
    "definition_version": Column("int"),
}

IN_CARE: Contract = {
    "episode_key": Column("text", unique=True),
    "office_id": _MAYBE_TEXT,
    "unrestored_day": _MAYBE_DAY,
    "day": Column("int"),
}

FORECAST: Contract = {
    "episode_key": _KEY,
    "day": Column("int"),
    "state": Column("text", allowed=("restored", "in_care", "lost", "other_exit")),
    "estimate": Column("number"),
    "lower": Column("number"),
    "upper": Column("number"),
}

FIGURE: Contract = {
    "measure": _KEY,
    "stratum": _KEY,
    "stratum_value": _KEY,
    "estimate": Column("number"),
    "lower": _MAYBE_NUMBER,
    "upper": _MAYBE_NUMBER,
    "n": Column("int"),
    "definition_version": Column("int"),
}

RISK_INDICATOR: Contract = {
    "outcome": _KEY,
    "unit": Column("text", allowed=("indicator", "domain")),
    "code": _KEY,
    "importance": Column("number"),
    "lower": Column("number"),
    "upper": Column("number"),
    "rank_low": Column("int"),
    "rank_high": Column("int"),
    "direction": Column("text", allowed=("higher_score_less_need", "higher_score_more_need", "unclear")),
    "selection_frequency": Column("number"),
}

METRIC: Contract = {
    "model_name": _KEY,
    "model_id": _KEY,
    "metric": _KEY,
    "split": _KEY,
    "estimate": _MAYBE_NUMBER,
    "lower": _MAYBE_NUMBER,
    "upper": _MAYBE_NUMBER,
    "n": Column("int"),
}

CARD: Contract = {
    "model_name": _KEY,
    "model_id": _KEY,
    "trained_as_of": _KEY,
    "is_champion": Column("bool"),
    "reason": _KEY,
}

FAIRNESS: Contract = {
    "model_name": _KEY,
    "model_id": _KEY,
    "group_kind": Column("text", allowed=("sex", "age_band", "casework_type", "office_id", "language_group")),
    "group_value": _KEY,
    "metric": _KEY,
    "estimate": _MAYBE_NUMBER,
    "lower": _MAYBE_NUMBER,
    "upper": _MAYBE_NUMBER,
    "n": Column("int"),
    "n_positive": Column("int"),
    "status": Column("text", allowed=("pass", "fail", "insufficient")),
}

_DTYPES = {"text": "object", "int": "int64", "number": "float64", "bool": "bool"}


def require(frame: pd.DataFrame, contract: Contract) -> None:
    """Nothing, when every column of `contract` is in `frame` and holds what it promises; else raises InputError."""
    for name, column in contract.items():
        if name not in frame.columns:
            raise InputError(f"column {name} is missing")
        for count, what in _faults(frame[name], column):
            if count:
                raise InputError(f"column {name}: {count:,} of {len(frame):,} rows {what}")


def shaped(frame: pd.DataFrame, contract: Contract) -> pd.DataFrame:
    """The frame with exactly the contract's columns, in its order and dtypes; raises InputError if it does not hold."""
    require(frame, contract)
    return frame[list(contract)].astype({name: _dtype(column) for name, column in contract.items()})


def empty(contract: Contract) -> pd.DataFrame:
    """A frame of no rows that keeps the contract."""
    return pd.DataFrame({name: pd.Series(dtype=_dtype(column)) for name, column in contract.items()})


def _dtype(column: Column) -> str:
    """A bool that may be null is an object; an int that may be null is not among the frames that go out."""
    return "object" if column.kind == "bool" and column.nullable else _DTYPES[column.kind]


def _faults(values: pd.Series, column: Column) -> list[tuple[int, str]]:
    known = values[values.notna()]
    faults = [] if column.nullable else [(len(values) - len(known), "are null")]
    faults.append((_wrong_kind(known, column.kind), f"are not of kind {column.kind}"))
    if column.allowed and not faults[-1][0]:
        faults.append((int((~known.isin(column.allowed)).sum()), "hold a value that is not allowed"))
    if column.unique:
        faults.append((int(known.duplicated().sum()), "repeat a key"))
    return faults


def _wrong_kind(known: pd.Series, kind: Kind) -> int:
    """How many non-null values are of another kind; whole floats count as int, since a null makes a column float."""
    if isinstance(known.dtype, pd.CategoricalDtype):
        known = known.astype(known.cat.categories.dtype)
    if kind == "text":
        texts = pd.api.types.infer_dtype(known, skipna=True) in ("string", "empty")
        return 0 if texts else sum(not isinstance(value, str) for value in known)
    if kind == "bool":
        return sum(not isinstance(value, bool) for value in known.tolist())
    if pd.api.types.is_bool_dtype(known):
        return len(known)
    numbers = pd.to_numeric(known, errors="coerce").astype("float64")
    wrong = numbers.isna() | numbers.abs().eq(float("inf"))
    return int((wrong | (numbers != numbers.round())).sum() if kind == "int" else wrong.sum())
