"""What `aftercare status` tells an operator: what is live, how old, who works, what failed, what to do. R24."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from flows import failure, lease
from flows.errors import DeliveryError, Exit, LeaseLostError, NothingPublishedError, OlderDeliveryError
from flows.inspect import status_lines
from flows.lease import Held
from flows.lock import hold_home
from flows.night import open_night
from flows.publish.files import remove_tree
from flows.publish.release import rollback
from flows.run import run_night
from flows.stages import NIGHTLY
from flows.warehouse import Home
from tests.faults.quiet import Quiet
from tests.faults.test_delivery_refused import a_delivery
from tests.nights import settings_for, stamp
from tests.unit.publish.builds import AT, make_build, publish_one

NOW = AT + timedelta(hours=3)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    """A home with one release."""
    monkeypatch.setattr("flows.publish.report.draw.drawings", lambda requests: [None] * len(requests))
    home = Home(tmp_path / "home")
    home.root.mkdir()
    publish_one(home, make_build(tmp_path / "build.duckdb"))
    yield home
    remove_tree(home.root)


def told(home: Home, name: str, *, now: datetime = NOW) -> list[str]:
    """The lines of status that begin with a word."""
    return [line[10:] for line in status_lines(home, now=now) if line.startswith(name)]


def test_a_home_that_is_well_says_what_is_live_and_how_old_and_no_more(home: Home) -> None:
    lines = status_lines(home, now=NOW)
    assert [line.split()[0] for line in lines] == ["live", "data", "rows", "checks", "hold"]
    assert told(home, "live")[0].startswith("2026-11-01-0001, as of 2026-11-01")
    assert told(home, "data") == ["extracted 2026-11-01T02:00:00 UTC, 0 days ago"]


def test_F1_without_new_deliveries_the_data_are_said_to_grow_old(home: Home) -> None:
    (line,) = told(home, "stale", now=NOW + timedelta(days=5))
    assert line == "no newer data for 5 days; next: see that a night runs, then aftercare nightly"


def test_what_stopped_the_last_night_is_told_until_one_ends_well(home: Home, tmp_path: Path) -> None:
    with pytest.raises(DeliveryError):
        run_night(settings_for(home.root), tmp_path / "nothing here", Quiet())
    (line,) = told(home, "failed")
    assert "delivery check refused (exit 10): the delivery folder does not exist. Next: check --source" in line
    assert str(tmp_path) not in line
    failure.clear(home)
    assert told(home, "failed") == []


def test_a_first_night_that_was_refused_is_told_where_nothing_is_live(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    with pytest.raises(NothingPublishedError) as nothing:
        status_lines(home, now=NOW)
    assert nothing.value.text() == "status refused (exit 22): nothing is published yet. Next: aftercare nightly"
    with pytest.raises(DeliveryError) as refused:
        run_night(settings_for(home.root), tmp_path / "nothing here", Quiet())
    assert "stays live" not in refused.value.text(), "no release is live here"
    with pytest.raises(NothingPublishedError, match=r"mend what stopped the last night.*does not exist"):
        status_lines(home, now=NOW)


def test_a_run_that_lost_its_home_is_not_told_as_what_failed(home: Home) -> None:
    failure.note(home, LeaseLostError("lost", stage="home", next_step="none"), at=NOW)
    assert failure.last(home) is None
    (home.runs).mkdir(exist_ok=True)
    (home.runs / failure.NAME).write_text("{", encoding="utf-8")
    assert failure.last(home) is None


def test_who_works_is_told_and_who_stands_still(home: Home) -> None:
    with hold_home(home):
        (line,) = told(home, "run")
        assert line.startswith("at work: process ")
    assert told(home, "run") == []
    silent = Held(1, 7, "elsewhere", lease.boot_id(), "2026-11-01T02:00:00+00:00", -1e6, 0.0)
    home.lock.write_text(json.dumps(silent.__dict__) + "\n", encoding="ascii")
    (line,) = told(home, "run")
    assert line == (
        "ended without a word or stands still: process 7 on elsewhere, since 2026-11-01T02:00:00 UTC; the next night takes over"
    )


def test_F59_a_hold_is_told_with_the_way_on(home: Home, tmp_path: Path) -> None:
    publish_one(home, make_build(tmp_path / "again.duckdb"))
    rollback(home, at=AT)
    (line,) = told(home, "hold")
    assert line.endswith("lift it with aftercare rollback --resume")


def test_F9_what_is_older_than_what_has_landed_is_refused_though_nothing_is_live(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    new = stamp(a_delivery().write(tmp_path / "new"), extracted_at="2026-11-03T01:30:00Z")
    old = stamp(a_delivery().write(tmp_path / "old"), extracted_at="2026-11-02T01:30:00Z")
    with pytest.raises(NothingPublishedError):
        run_night(settings_for(home.root), new, Quiet(), stages=NIGHTLY[:1])
    with pytest.raises(OlderDeliveryError, match="extracted before one that has already landed") as refused:
        open_night(settings_for(home.root), old, as_of=None, at=NOW)
    assert refused.value.code == Exit.OLDER
