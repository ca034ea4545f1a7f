"""What check-delivery says beforehand is what the night then counts, rule by rule."""

from __future__ import annotations

import json

import duckdb
import pytest

from tests.conftest import WholeNight, aftercare

pytestmark = pytest.mark.xdist_group("dirty")


@pytest.fixture(scope="module")
def told(dirty_night: WholeNight) -> list[dict[str, object]]:
    """The findings on the delivery that the dirty night was made from."""
    done = aftercare(
        *("check-delivery", dirty_night.delivery, "--format", "json"),
        home=dirty_night.home / "not there",
        key_file=dirty_night.home / "no key",
    )
    assert done.returncode == 0, done.stderr
    return list(json.loads(done.stdout)["findings"])


def of_night(night: WholeNight, query: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(night.home / "current" / "marts.duckdb"), read_only=True) as marts:
        return marts.execute(query).fetchall()


def test_every_rule_of_the_quarantine_is_told_with_the_same_count(
    dirty_night: WholeNight, told: list[dict[str, object]]
) -> None:
    counted = {(table, rule): n for table, rule, n in of_night(dirty_night, "from quality.quarantine")}
    left_out = {(one["table"], one["rule"]): one["n_rows"] for one in told if one["level"] == "left out"}
    assert {place: n for place, n in left_out.items() if place[1] != "consent_missing"} == counted
    assert len(counted) > 25


def test_codes_duplicates_consent_and_dates_are_told_with_the_same_count(
    dirty_night: WholeNight, told: list[dict[str, object]]
) -> None:
    named = {}
    for one in told:
        columns, rule = list(one["columns"]), one["rule"]  # type: ignore[call-overload]
        name = f"{one['table']}.{columns[0]}.unknown_code" if rule == "unknown_code" else f"{one['table']}.{rule}"
        named[name] = one["n_rows"]
    named["unmapped_closure"] = named.pop("aftercare_episodes.closure_reason.unknown_code")
    failed = dict(of_night(dirty_night, 'select check_id, n_failed from quality."check" where n_failed > 0'))
    wanted = {
        name: n
        for name, n in failed.items()
        if name.endswith((".unknown_code", "duplicate_exact", "duplicate_superseded", "consent_missing"))
        or name in {"unmapped_closure", "aftercare_episodes.open_with_reason", "aftercare_episodes.exit_after_as_of"}
    }
    assert len(wanted) >= 30
    assert {name: named.get(name) for name in wanted} == wanted


def test_the_rows_told_are_the_rows_planted(dirty_night: WholeNight, told: list[dict[str, object]]) -> None:
    """Row numbers as a spreadsheet shows them: the header is row 1."""
    (one,) = (one for one in told if one["rule"] == "exit_before_intake")
    (place,) = one["places"]  # type: ignore[misc]
    assert place["file"] == "aftercare_episodes.csv"
    file = dirty_night.delivery / place["file"]
    wrong = duckdb.sql(
        "select n + 1 from (select row_number() over () as n, exit_date, intake_date from "
        f"read_csv('{file}', all_varchar=true, header=true)) where exit_date < intake_date"
    ).fetchall()
    assert place["rows"] == [row for (row,) in wrong][:5]
