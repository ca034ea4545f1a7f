import json
import os
from datetime import date

import pytest

from flows.errors import LeaseLostError, LockedError, NothingPublishedError, OnHoldError, StageError
from flows.publish import files
from flows.publish.audit import lines
from flows.publish.release import (
    assemble,
    current_release,
    flip,
    hold_state,
    next_release_id,
    open_release,
    publish,
    releases,
    resume,
    rollback,
)
from flows.warehouse import Home
from tests.unit.publish.builds import AT, make_facts, publish_one, query, tree

ONE, TWO, THREE = "2026-11-01-0001", "2026-11-01-0002", "2026-11-01-0003"


def test_the_link_is_relative_so_a_home_can_move(kept: Home):
    assert os.readlink(kept.current) == f"releases/{THREE}"


def test_a_flip_from_the_expected_release_goes_through_and_is_logged(kept: Home):
    flip(kept, TWO, expected_current=THREE, at=AT)
    assert current_release(kept) == TWO
    last = lines(kept)[-1]
    assert (last.what, last.release_id, last.facts["previous"]) == ("publish", TWO, THREE)
    assert last.facts["manifest_sha256"] == files.sha256(kept.releases / TWO / "manifest.json")
    assert not list(kept.root.glob(".current-*"))


@pytest.mark.parametrize("expected", [None, TWO])
def test_f49_a_stale_run_cannot_flip(kept: Home, expected):
    with pytest.raises(LockedError, match="went live while"):
        flip(kept, TWO, expected_current=expected, at=AT)
    assert current_release(kept) == THREE


def test_f49_a_run_that_lost_its_lease_is_stopped_under_the_lock_and_its_release_is_never_listed(kept: Home, build):
    def fence() -> None:
        if (kept.releases / "2026-11-01-0004").exists():
            raise LeaseLostError("lease lost", stage="publish", next_step="none")

    before = [release.release_id for release in releases(kept)]
    with pytest.raises(LeaseLostError, match="lease lost"):
        publish_one(kept, build, fence=fence)
    assert (kept.releases / "2026-11-01-0004").exists(), "it was stopped at the very last look"
    assert current_release(kept) == THREE
    assert [release.release_id for release in releases(kept)] == before
    assert publish_one(kept, build) == current_release(kept) == "2026-11-01-0005"
    assert not (kept.releases / "2026-11-01-0004").exists()


def test_a_flip_to_what_is_not_there_is_refused(kept: Home):
    with pytest.raises(StageError):
        flip(kept, "2026-11-01-0009", expected_current=THREE, at=AT)
    assert current_release(kept) == THREE


def test_a_flip_waits_for_its_turn_and_then_refuses(kept: Home, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(files, "LOCK_SECONDS", 0.1)
    with files.exclusive(kept.root), pytest.raises(LockedError, match="another process"):
        flip(kept, TWO, expected_current=THREE, at=AT)
    flip(kept, TWO, expected_current=THREE, at=AT)


def test_f59_a_rollback_takes_data_models_report_and_manifest_back_together(kept: Home):
    before = tree(kept.releases)
    assert rollback(kept, at=AT, why="wrong counts") == TWO
    assert tree(kept.releases) == before
    live = kept.current
    assert query(live.resolve() / "marts.duckdb", "select release_id from meta.release") == [(TWO,)]
    assert query(live.resolve() / "marts.duckdb", "select distinct region from core.dim_office") == [("stamp 2",)]
    assert json.loads((live / "models" / "model.json").read_text()) == {"number": 2}
    assert TWO in (live / "report" / "index.html").read_text()
    assert json.loads((live / "manifest.json").read_text())["release_id"] == TWO
    assert json.loads((live / "share" / "manifest.json").read_text())["release_id"] == TWO


def test_a_rollback_holds_publishing_until_a_person_resumes(kept: Home, build):
    rollback(kept, at=AT, why="wrong counts")
    held = hold_state(kept)
    assert held is not None
    assert (held.why, held.release_id) == ("wrong counts", TWO)
    with pytest.raises(OnHoldError, match="on hold since"):
        publish_one(kept, build)
    with pytest.raises(OnHoldError):
        flip(kept, THREE, expected_current=TWO, at=AT)
    assert current_release(kept) == TWO
    assert resume(kept, at=AT) is True
    assert resume(kept, at=AT) is False
    assert hold_state(kept) is None
    assert publish_one(kept, build) == "2026-11-01-0004"
    assert [line.what for line in lines(kept)][-4:] == ["rollback", "resume", "assemble", "publish"]


def test_a_hold_put_while_a_run_works_stops_it_at_the_flip(kept: Home, build):
    facts = make_facts(kept)
    folder = assemble(kept, build, facts, models_folder=None)
    folder.rename(kept.releases / facts.release_id)
    rollback(kept, at=AT)
    with pytest.raises(OnHoldError):
        flip(kept, facts.release_id, expected_current=THREE, at=AT)


def test_rollbacks_go_one_further_each_time_or_to_a_named_release(kept: Home):
    assert [rollback(kept, at=AT), rollback(kept, at=AT)] == [TWO, ONE]
    with pytest.raises(NothingPublishedError, match="no older release"):
        rollback(kept, at=AT)
    assert rollback(kept, THREE, at=AT) == THREE
    assert [release.release_id for release in releases(kept) if release.is_current] == [THREE]
    assert rollback(kept, THREE, at=AT) == THREE


@pytest.mark.parametrize("name", ["2026-11-01-0009", "../three", ".building-2026-11-01-0004", ""])
def test_a_rollback_to_what_is_not_kept_is_refused_and_holds_nothing(kept: Home, name: str):
    with pytest.raises(NothingPublishedError):
        rollback(kept, name, at=AT)
    assert hold_state(kept) is None
    assert current_release(kept) == THREE


def test_a_hold_file_that_cannot_be_read_still_holds(kept: Home, build):
    kept.hold.write_text("{")
    with pytest.raises(OnHoldError, match="cannot be read"):
        publish_one(kept, build)


def test_f54_a_clock_that_jumps_back_does_not_change_the_order(kept: Home, build):
    early = make_facts(kept, as_of=date(2025, 1, 1), created_at=AT.replace(year=2025))
    assert early.release_id == "2025-01-01-0004"
    publish(kept, build, early, models_folder=None, expected_current=THREE, at=AT.replace(year=2025))
    assert [release.sequence for release in releases(kept)] == [4, 3, 2, 1]
    assert rollback(kept, at=AT.replace(year=2024)) == THREE


def test_a_number_is_never_used_twice_even_when_its_release_is_gone(kept: Home):
    files.remove_tree(kept.releases / THREE)
    assert next_release_id(kept, date(2026, 11, 2)) == ("2026-11-02-0004", 4)


def test_f57_a_reader_keeps_its_release_while_others_go_live(kept: Home, build):
    with open_release(kept) as reader:
        publish_one(kept, build)
        rollback(kept, ONE, at=AT)
        assert reader.execute("select release_id from meta.release").fetchall() == [(THREE,)]
        assert reader.execute("select count(*) from core.fct_episode").fetchall() == [(900,)]
        with open_release(kept) as other:
            assert other.execute("select release_id from meta.release").fetchall() == [(ONE,)]
