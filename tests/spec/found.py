"""What came out for an example: the rows of a mart that are its own, in the words of the example's table."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable
from fractions import Fraction

import duckdb
import pandas as pd

from tests.oracle.buckets import House
from tests.spec.given import Recorded
from tests.spec.page import Example, Table

# Whose rows of a mart are an example's own, and the columns that hold keys.
SCOPE = {"core.dim_survivor": "survivor_key", "core.caseload": "office_id"}
KEYS = (
    "episode_key",
    "survivor_key",
    "assessment_key",
    "service_key",
    "case_key",
    "office_id",
    "partner_id",
    "household_key",
    "assessor_key",
)
# Another name of the same rule in the second reading.
RULES = {
    "merge_missing": "merged_into_missing", "null_key": "missing_key", "equal_stamps": "duplicate_conflict", "no_intake_date": "missing_intake", "no_assessed_on": "missing_date",
    "assessed_after_as_of": "after_as_of", "assessed_too_early": "before_window", "delivered_after_as_of": "after_as_of",
}  # fmt: skip
FATES = {
    "survivors": ("int_survivor_row", "survivor_key"), "cases": ("int_case_row", "case_key"),
    "aftercare_episodes": ("int_episode_row", "episode_key"), "aso_assessments": ("int_assessment_row", "assessment_key"),
    "community_events": ("int_community_row", "attendance_key"), "health_services": ("int_health_row", "health_service_key"),
    "support_services": ("int_support_row", "support_service_key"), "legal_proceedings": ("int_legal_row", "proceeding_key"),
    "aso_scores": ("int_score_row", "assessment_key || '.' || indicator_code"), "offices": ("int_office_row", "office_id"),
}  # fmt: skip
Reader = Callable[[str], pd.DataFrame]


def of_sql(connection: duckdb.DuckDBPyConnection) -> Reader:
    """Reads a mart, or where the rows went, out of a build file."""

    def read(table: str) -> pd.DataFrame:
        if table != "goes to":
            return connection.execute(f"select * from {table}").df()
        fates = [
            f"select {key} as key, bucket, case when bucket = 'quarantined' then rule end as rule from intermediate.{model}"
            for model, key in FATES.values()
        ]
        return connection.execute(" union all ".join(fates)).df()

    return read


def of_python(marts: dict[str, pd.DataFrame], house: House) -> Reader:
    """Reads a mart, or where the rows went, out of the second reading."""

    def read(table: str) -> pd.DataFrame:
        if table != "goes to":
            return marts[table]
        lines = [
            (
                ".".join(map(str, row.key)) if isinstance(row.key, tuple) else row.key,
                row.bucket,
                RULES.get(row.rule, row.rule) or None,
            )
            for name in FATES
            for row in house.scope.rows[name]
        ]
        return pd.DataFrame(lines, columns=["key", "bucket", "rule"])

    return read


def all_names(told: Recorded) -> dict[Hashable, str]:
    """The name behind each key, those made of two keys as well: a whole case's event of one survivor, an item of a form."""
    names = told.names()
    kinds = {name: told.key_of(kind, name) for kind, name in told.ids if kind in ("proceeding", "survivor")}
    for kind, event in list(told.ids):
        if kind == "proceeding":
            for other, survivor in list(told.ids):
                if other == "survivor":
                    pair = f"{kinds[event]}:{kinds[survivor]}"
                    names[hashlib.sha256(pair.encode()).hexdigest()[:32]] = f"{event} of {survivor}"
    return names


def shown(table: Table, read: Reader, told: Recorded) -> tuple[list[tuple[str, ...]], list[tuple[str, ...]]]:
    """What the table expects and what is there, both as sorted lines of text; where others may be, only those it names."""
    frame, names = read(table.what), all_names(told)
    columns = ["key" if table.what == "goes to" else _first_column(table.what, frame), *table.headings[1:]]
    scope = "key" if table.what == "goes to" else SCOPE.get(table.what, "episode_key")
    if table.what == "goes to":
        own = frame[[_base(key) in names for key in frame["key"]]]
    else:
        own = frame[frame[scope].isin(list(names))]
    lines = sorted(
        tuple(_cell(names.get(value, value)) for value in row)
        for row in own[columns].itertuples(index=False, name=None)
    )
    if table.what == "goes to":
        lines = sorted((_item(line[0], names), *line[1:]) for line in lines)
    expected = sorted(tuple(_cell(cell) for cell in row) for row in table.rows)
    if table.more or table.what == "goes to":
        told_of = {line[:1] if table.what == "goes to" else line[:2] for line in expected}
        lines = [line for line in lines if line[: len(next(iter(told_of)))] in told_of]
    return expected, lines


def _base(key: object) -> object:
    return str(key).partition(".")[0] if key is not None and len(str(key)) > 32 and "." in str(key) else key


def _item(text: str, names: dict[Hashable, str]) -> str:
    key, dot, item = text.partition(".")
    return f"{names[key]}.{item}" if dot and key in names else text


def _first_column(mart: str, frame: pd.DataFrame) -> str:
    preferred = {"aso.fct_assessment": "assessment_key", "services.timeline": "service_key", **SCOPE}
    return preferred.get(mart, "episode_key")


def _cell(value: object) -> str:
    """A value as a table shows it: nothing for null, true and false, numbers to nine digits."""
    if value is None or value is pd.NA or (isinstance(value, float) and value != value):
        return ""
    if isinstance(value, bool) or str(value) in ("True", "False"):
        return str(value).lower()
    try:
        return f"{float(Fraction(str(value))):.9g}"
    except (ValueError, ZeroDivisionError):
        return str(value)


def wrong(example: Example, read: Reader, told: Recorded) -> list[str]:
    """What differs, a line a table; empty when the example holds."""
    faults = []
    for table in example.expected:
        expected, found = shown(table, read, told)
        if expected != found:
            faults.append(f"{table.what} {' | '.join(table.headings[1:])}: expected {expected}, found {found}")
    return faults
