"""Counts that are clean, on the limit, or just beyond it, for any registered check."""

import math
from collections.abc import Callable
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from expectations.checks import Check, Count
from expectations.suites import DOORS, registry

N = 1000

QUALITY_CHECK = """
    create schema quality;
    create schema intermediate;
    create table quality.check (
        check_id varchar, family varchar, severity varchar, table_name varchar, status varchar,
        n_checked bigint, n_failed bigint, threshold varchar, because varchar
    );
    create table intermediate.check_count (check_id varchar, n_checked bigint, n_failed bigint)
"""


def on_the_limit(check: Check) -> Count:
    """The most failures out of 1,000 that the check allows."""
    allowed = [check.max_failed or 0, math.floor(N * (check.max_percent or 0) / 100)]
    return Count(N, max(allowed))


def beyond_the_limit(check: Check) -> Count:
    """One failure more than the check allows."""
    return Count(N, on_the_limit(check).n_failed + 1)


def frame_of(checks: list[Check], count_of: Callable[[Check], Count]) -> pd.DataFrame:
    """Counts as a door receives them."""
    rows = [(check.check_id, count_of(check).n_checked, count_of(check).n_failed) for check in checks]
    return pd.DataFrame(rows, columns=["check_id", "n_checked", "n_failed"])


@pytest.fixture
def clean() -> Callable[[str], pd.DataFrame]:
    """A function from a door to counts without any failure."""
    return lambda door: frame_of(registry(door), lambda _: Count(N, 0))


@pytest.fixture
def build_file(tmp_path: Path) -> Path:
    """A build file with the empty tables that dbt makes."""
    path = tmp_path / "build.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(QUALITY_CHECK)
    return path


def every_check() -> list[tuple[str, Check]]:
    """Each registered check with its door."""
    return [(door, check) for door, checks in DOORS.items() for check in checks]
