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

# By which column a mart's rows are an example's own, and what its first column shows, where it is not the episode.
SCOPE = {"core.dim_survivor": "survivor_key", "core.caseload": "office_id"}
FIRST = SCOPE | {"aso.fct_assessment": "assessment_key", "services.timeline": "service_key"}
GOES_TO = "goes to"
# Another name of the same rule in the second reading.
RULES = {
    "merge_missing": "merged_into_missing",
    "null_key": "missing_key",
    "equal_stamps": "duplicate_conflict",
    "no_intake_date": "missing_intake",
    "no_assessed_on": "missing_date",
    "assessed_after_as_of": "after_as_of",
    "assessed_too_early": "before_window",
    "delivered_after_as_of": "after_as_of",
}
FATES = {
    "survivors": ("int_survivor_row", "survivor_key"), "cases": ("int_case_row", "case_key"),
    "aftercare_episodes": ("int_episode_row", "episode_key"), "aso_assessments": ("int_assessment_row", "assessment_key"),
    "community_events": ("int_community_row", "attendance_key"), "health_services": ("int_health_row", "health_service_key"),
    "support_services": ("int_support_row", "support_service_key"), "legal_proceedings": ("int_legal_row", "proceeding_key"),
    "aso_scores": ("int_score_row", "assessment_key || '.' || indicator_code"), "offices": ("int_office_row", "office_id"),
}  # fmt: skip
Reader = Callable[[str], pd.DataFrame]
Line = tuple[str, ...]


def of_sql(connection: duckdb.DuckDBPyConnection) -> Reader:
    """Reads a mart, or where the rows went, out of a build file."""

    def read(table: str) -> pd.DataFrame:
        if table != GOES_TO:
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
        if table != GOES_TO:
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


def shown(table: Table, read: Reader, told: Recorded) -> tuple[list[Line], list[Line]]:
    """What the table expects and what is there, as sorted lines of text; where others may be, only those it names."""
    names = all_names(told)
    found = _fates(read(GOES_TO), names) if table.what == GOES_TO else _own(table, read(table.what), names)
    expected = sorted(tuple(map(_cell, row)) for row in table.rows)
    if table.more or table.what == GOES_TO:
        n_named = 1 if table.what == GOES_TO else 2
        named = {line[:n_named] for line in expected}
        found = [line for line in found if line[:n_named] in named]
    return expected, sorted(line[: len(table.headings)] for line in found)


def _own(table: Table, mart: pd.DataFrame, names: dict[Hashable, str]) -> list[Line]:
    """The example's own rows of a mart, in the columns of the table, with names for keys."""
    first, scope = FIRST.get(table.what, "episode_key"), SCOPE.get(table.what, "episode_key")
    own = mart[mart[scope].isin(list(names))][[first, *table.headings[1:]]]
    return [tuple(_cell(names.get(value, value)) for value in row) for row in own.itertuples(index=False, name=None)]


def _fates(fates: pd.DataFrame, names: dict[Hashable, str]) -> list[Line]:
    """Name, bucket and rule of the example's own rows; an item of an assessment is named after it."""
    found = []
    for key, bucket, rule in fates.itertuples(index=False, name=None):
        record, dot, item = (key, "", "") if key in names else str(key).partition(".")
        if record in names:
            found.append((f"{names[record]}{dot}{item}", _cell(bucket), _cell(rule)))
    return found


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
