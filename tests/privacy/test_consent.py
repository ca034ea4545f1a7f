"""P24: who did not agree to analytics is in no mart, nor is anything of hers; she is counted, rounded."""

from __future__ import annotations

import csv
from pathlib import Path

import duckdb
import pytest

from flows.extract.pseudonymise import load_key, pseudonym
from tests.conftest import WholeNight

pytestmark = pytest.mark.xdist_group("dirty")


def rows(delivery: Path, table: str) -> list[dict[str, str]]:
    """The rows of one table of a delivery."""
    with (delivery / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def withheld(dirty_night: WholeNight) -> set[str]:
    """Ids of records whose person did not agree: on that record, one merged into it, or the one it was merged into."""
    people = rows(dirty_night.delivery, "survivors")
    into = {row["survivor_id"]: row["merged_into"] for row in people if row["merged_into"]}
    found = {row["survivor_id"] for row in people if row["consent_analytics"] != "true"}
    for _ in range(10):
        found |= {into[one] for one in found if one in into} | {one for one, other in into.items() if other in found}
    return found


@pytest.fixture(scope="module")
def keys(dirty_night: WholeNight) -> set[str]:
    """Every key that stands anywhere in the marts."""
    found: set[str] = set()
    with duckdb.connect(str(dirty_night.home / "current" / "marts.duckdb"), read_only=True) as marts:
        columns = marts.execute(
            "select table_schema, table_name, column_name from information_schema.columns where column_name like '%\\_key' escape '\\'"
        ).fetchall()
        for schema, table, column in columns:
            found |= {
                key for (key,) in marts.execute(f'select distinct "{column}" from "{schema}"."{table}"').fetchall()
            }
    return found


CHILDREN = {
    "aso_assessments": ("assessment_id", "assessment"),
    "community_events": ("attendance_id", "attendance"),
    "health_services": ("health_service_id", "health_service"),
    "support_services": ("support_service_id", "support_service"),
}


def test_P24_nobody_without_consent_is_in_a_mart_nor_any_child_of_hers(
    dirty_night: WholeNight, withheld: set[str], keys: set[str]
) -> None:
    key = load_key(value=None, file=dirty_night.key_file)
    episodes = {
        row["episode_id"] for row in rows(dirty_night.delivery, "aftercare_episodes") if row["survivor_id"] in withheld
    }
    assert len(withheld) > 10
    assert len(episodes) > 10
    assert not keys & {pseudonym(key, "survivor", one) for one in withheld}
    assert not keys & {pseudonym(key, "episode", one) for one in episodes}
    for table, (column, kind) in CHILDREN.items():
        children = {row[column] for row in rows(dirty_night.delivery, table) if row["episode_id"] in episodes}
        assert children
        assert not keys & {pseudonym(key, kind, one) for one in children}


def test_P24_the_marts_hold_those_who_agreed(dirty_night: WholeNight, withheld: set[str], keys: set[str]) -> None:
    key = load_key(value=None, file=dirty_night.key_file)
    agreed = {row["survivor_id"] for row in rows(dirty_night.delivery, "survivors")} - withheld
    assert len(keys & {pseudonym(key, "survivor", one) for one in agreed}) > 150


def test_P24_they_are_counted_and_rounded(dirty_night: WholeNight, withheld: set[str]) -> None:
    with duckdb.connect(str(dirty_night.home / "current" / "marts.duckdb"), read_only=True) as marts:
        counted = dict(marts.execute("select reason, n_survivors_rounded from meta.exclusion").fetchall())
    assert counted["no_consent"] % 5 == 0
    assert abs(counted["no_consent"] - len(withheld)) <= 10
