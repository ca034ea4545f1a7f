"""Which landed deliveries count, and how a new one stands to them. F8, F9."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from flows.errors import KeyProblemError, OlderDeliveryError
from flows.extract.contract import jds
from flows.extract.land import LANDING_VERSION, Extract, extracts
from flows.extract.scope import in_scope, show_known_keys, show_raw, standing, usable
from flows.extract.source import DeliveryFacts, Mode
from tests.nights import KEY, landed, stamp
from tests.unit.oracle.small import Delivery


def at(day: int) -> datetime:
    return datetime(2026, 11, day, 1, 30, tzinfo=UTC)


def extract(sequence: int, mode: str = "full", *, day: int = 0, key: str = "k1", **facts: Any) -> Extract:
    """A landed delivery that stands in no folder."""
    known = {"mode": mode, "extracted_at": at(day or sequence).isoformat(), "key_id": key, "hash": f"h{sequence}"}
    return Extract(Path("raw") / str(sequence), sequence, {**known, "landing_version": LANDING_VERSION, **facts})


def facts(day: int, mode: Mode = "full", *, since: int | None = None, name: str = "new") -> DeliveryFacts:
    """A delivery at the door."""
    return DeliveryFacts(name, at(day), mode, at(since) if since else None, {"cases": 1}, {"cases": ("0",)}, {})


@pytest.mark.parametrize(
    ("modes", "expected"),
    [
        ("", []),
        ("f", [1]),
        ("i", [1]),
        ("ii", [1, 2]),
        ("fi", [1, 2]),
        ("ff", [2]),
        ("fifii", [3, 4, 5]),
        ("iif", [3]),
        ("if", [2]),
    ],
)
def test_scope_is_the_last_full_delivery_and_what_came_after(modes: str, expected: list[int]) -> None:
    landed = [extract(number, {"f": "full", "i": "incremental"}[mode]) for number, mode in enumerate(modes, start=1)]
    assert [one.sequence for one in in_scope(landed)] == expected


def test_only_the_present_form_and_key_are_usable() -> None:
    landed = [extract(1, key="old"), extract(2, landing_version=LANDING_VERSION - 1), extract(3)]
    assert [one.sequence for one in usable(landed, "k1")] == [3]


def test_the_first_delivery_is_new() -> None:
    how = standing(facts(1), [], "k1")
    assert (how.landed, how.is_gap, how.is_without_base, how.is_key_rotated) == (None, False, False, False)


def test_F8_the_same_delivery_is_known() -> None:
    same = facts(2)
    how = standing(same, [extract(1), extract(2, hash=same.hash)], "k1")
    assert how.landed is not None
    assert how.landed.sequence == 2


def test_a_delivery_known_from_before_the_last_is_older() -> None:
    same = facts(1)
    with pytest.raises(OlderDeliveryError):
        standing(same, [extract(1, hash=same.hash), extract(2)], "k1")


def test_F9_an_older_delivery_is_refused_whatever_its_key() -> None:
    for key in ("k1", "another"):
        with pytest.raises(OlderDeliveryError):
            standing(facts(1), [extract(5, key=key)], "k1")


def test_one_of_the_same_moment_is_not_older() -> None:
    assert standing(facts(1, name="b"), [extract(1)], "k1").landed is None


@pytest.mark.parametrize(("since", "is_gap"), [(1, False), (2, False), (3, True), (None, False)])
def test_a_gap_is_seen(since: int | None, is_gap: bool) -> None:
    assert (
        standing(facts(4, "incremental", since=since), [extract(1), extract(2, "incremental")], "k1").is_gap is is_gap
    )


@pytest.mark.parametrize(("since", "without"), [(1, True), (None, False)])
def test_changes_without_a_base_are_seen(since: int | None, without: bool) -> None:
    assert standing(facts(4, "incremental", since=since), [], "k1").is_without_base is without


def test_another_key_needs_a_full_delivery() -> None:
    assert standing(facts(4), [extract(1, key="old")], "k1").is_key_rotated
    with pytest.raises(KeyProblemError) as error:
        standing(facts(4, "incremental", since=1), [extract(1, key="old")], "k1")
    assert "rotate it with a full delivery" in error.value.text()


def test_raw_views_show_what_is_in_scope_and_known_keys_what_was_before(tmp_path: Path) -> None:
    for number in range(3):
        delivery = Delivery().form(f"a{number}", 0)
        mode = "full" if number < 2 else "incremental"
        landed(
            stamp(delivery.write(tmp_path / str(number), mode), extracted_at=at(number + 1).isoformat()),
            tmp_path / "raw",
        )
    found = extracts(tmp_path / "raw")
    assert [one.sequence for one in found] == [1, 2, 3]
    with duckdb.connect() as build:
        show_raw(build, in_scope(usable(found, KEY.id)), jds())
        assert build.execute("select count(distinct assessment_key) from raw.aso_assessments").fetchall() == [(2,)]
        show_known_keys(build, found[:1], jds(), None)
        query = "select count(*) from raw.known_keys where table_name = 'aso_assessments' and not was_gone"
        assert build.execute(query).fetchall() == [(1,)]
        show_known_keys(build, [], jds(), None)
        assert build.execute("select count(*) from raw.known_keys").fetchall() == [(0,)]
