"""A home has one run at a time, whatever becomes of it: dead, stopped, overtaken, on another machine. F47, F48, F49, R3, R4."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from flows import lease as leases
from flows import lock
from flows.errors import HomeError, LeaseLostError, LockedError, NothingPublishedError
from flows.extract.land import extracts
from flows.lease import Held, read
from flows.lock import hold_home
from flows.publish import files
from flows.publish.audit import verify_log
from flows.publish.files import remove_tree
from flows.publish.release import current_release, releases, verify
from flows.publish.steps import hooked
from flows.run import run_night
from flows.stages import NIGHTLY
from flows.warehouse import Home
from tests.faults.quiet import Quiet
from tests.faults.test_delivery_refused import a_delivery
from tests.nights import settings_for, stamp
from tests.unit.publish.builds import make_build, publish_one, query, tree

ONE = "2026-11-01-0001"
LOST = 7


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leases that last two seconds, and reports without drawings."""
    monkeypatch.setattr(leases, "LEASE_SECONDS", 2.0)
    monkeypatch.setattr(leases, "BEAT_SECONDS", 0.05)
    monkeypatch.setattr("flows.publish.report.draw.drawings", lambda requests: [None] * len(requests))


@pytest.fixture(scope="module")
def builds(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("builds")
    return make_build(folder / "1.duckdb", stamp="stale"), make_build(folder / "2.duckdb", stamp="fresh")


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    home = Home(tmp_path / "home")
    home.root.mkdir()
    yield home
    remove_tree(home.root)


def child_of(work: Callable[[], object]) -> int:
    """A forked process that works; its exit code is 0, LOST where its lease was lost, or 1."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            work()
            code = 0
        except LeaseLostError:
            code = LOST
        finally:
            os._exit(code)
    return child


def stops_at(point: str) -> Callable[[str], None]:
    """A hook that stops its process, as SIGSTOP from outside would, when it comes to a point."""

    def hook(name: str) -> None:
        if name == point:
            os.kill(os.getpid(), signal.SIGSTOP)

    return hook


def stopped(child: int) -> None:
    """Wait until the child stands still, and then until its lease has run out."""
    _, status = os.waitpid(child, os.WUNTRACED)
    assert os.WIFSTOPPED(status), "the child must have come to the point"
    time.sleep(2.1)


def woken(child: int) -> int:
    """Let the child go on, and give its exit code."""
    os.kill(child, signal.SIGCONT)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_F48_a_dead_run_leaves_no_lock_and_its_lease_is_taken_over_at_once(home: Home) -> None:
    def dies() -> None:
        with hold_home(home):
            os._exit(9)

    assert os.waitstatus_to_exitcode(os.waitpid(child_of(dies), 0)[1]) == 9, "it must have died while it held the home"
    left = read(home.lock)
    assert left is not None
    assert left.is_held
    with hold_home(home) as lease:
        assert lease.token == left.token + 1


def test_F48_a_lease_names_who_holds_it_and_shows_that_he_is_alive(home: Home) -> None:
    with hold_home(home):
        first = read(home.lock)
        time.sleep(0.3)
        held = read(home.lock)
        assert first is not None
        assert held is not None
        assert (held.token, held.pid, held.host, held.boot) == (1, os.getpid(), os.uname().nodename, leases.boot_id())
        assert held.beat > first.beat
        assert not held.is_expired
    after = read(home.lock)
    assert after is not None
    assert (after.token, after.is_held) == (1, False)


def test_F47_a_run_that_gives_signs_of_life_is_never_overtaken(home: Home) -> None:
    with hold_home(home) as lease:
        time.sleep(2.2)  # longer than a lease lasts without a sign of life
        with pytest.raises(LockedError, match="another run holds this home"), hold_home(home):
            pass
        lease.check()


@pytest.mark.parametrize("point", ["copy core.fct_episode", "renamed release"])
def test_F49_a_run_that_stood_still_and_wakes_up_late_cannot_publish(
    home: Home, builds: tuple[Path, Path], point: str
) -> None:
    publish_one(home, builds[1])

    def stale() -> None:
        with hold_home(home) as lease, hooked(stops_at(point)):
            publish_one(home, builds[0], fence=lease.check)

    child = child_of(stale)
    stopped(child)
    with hold_home(home) as lease:
        live = publish_one(home, builds[1], fence=lease.check)
        before = tree(home.releases / live)
        assert woken(child) == LOST
        lease.check()
    assert current_release(home) == live
    assert tree(home.releases / live) == before
    verify(home.releases / live)
    assert query(home.current / "marts.duckdb", "select distinct region from core.dim_office") == [("fresh",)]
    assert [release.release_id for release in releases(home)] == [live, ONE]
    verify_log(home)


def test_F49_while_a_run_stands_still_in_the_middle_of_its_flip_nobody_overtakes_it(
    home: Home, builds: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The flip is one short critical section: refused, not torn. Who ends the stopped process, or wakes it, frees the home."""
    monkeypatch.setattr(files, "LOCK_SECONDS", 0.1)
    publish_one(home, builds[0])

    def stale() -> None:
        with hold_home(home) as lease, hooked(stops_at("flip")):
            publish_one(home, builds[0], fence=lease.check)

    child = child_of(stale)
    stopped(child)
    with pytest.raises(LockedError, match="another process is moving the current release"), hold_home(home):
        pass
    assert current_release(home) == ONE
    assert woken(child) == 0
    with hold_home(home) as lease:
        live = publish_one(home, builds[1], fence=lease.check)
    assert [release.release_id for release in releases(home)] == [live, "2026-11-01-0002", ONE]
    assert current_release(home) == live


def test_F49_a_run_that_stood_still_while_it_landed_lands_nothing_late(home: Home, tmp_path: Path) -> None:
    one = stamp(a_delivery().write(tmp_path / "one"))
    two = stamp(a_delivery().write(tmp_path / "two"), extracted_at="2026-11-02T01:30:00Z")
    settings = settings_for(home.root)

    class Stops(Quiet):
        def step(self, text: str) -> None:
            if text == "legal_proceedings":
                os.kill(os.getpid(), signal.SIGSTOP)

    child = child_of(lambda: run_stages_of_landing(settings, one, Stops()))
    stopped(child)
    run_stages_of_landing(settings, two, Quiet())
    before = tree(home.raw)
    assert woken(child) == LOST
    assert tree(home.raw) == before
    assert [extract.sequence for extract in extracts(home.raw)] == [1]


def run_stages_of_landing(settings: object, source: Path, reporter: Quiet) -> None:
    """Land a delivery as a night does, and no more: there is no release to return yet."""
    with contextlib.suppress(NothingPublishedError):
        run_night(settings, source, reporter, stages=NIGHTLY[:1])  # type: ignore[arg-type]


def another_host(home: Home, *, silent: float) -> None:
    """A lease in the home that a machine with locks of its own holds."""
    held = Held(41, 99, "elsewhere", "another boot", "", 0.0, time.time() - silent)
    home.lock.write_text(json.dumps(held.__dict__) + "\n", encoding="ascii")


def test_F48_a_run_on_another_machine_is_waited_for_until_its_lease_has_run_out(home: Home) -> None:
    another_host(home, silent=0.1)
    with pytest.raises(LockedError), hold_home(home):
        pass
    another_host(home, silent=2.1)
    with hold_home(home) as lease:
        assert lease.token == 42


def test_F48_a_machine_that_started_anew_does_not_wait_for_itself(home: Home) -> None:
    held = Held(41, 99, os.uname().nodename, "the boot before", "", 0.0, time.time())
    home.lock.write_text(json.dumps(held.__dict__) + "\n", encoding="ascii")
    with hold_home(home) as lease:
        assert lease.token == 42


def test_F54_a_clock_that_jumps_overtakes_nobody(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    with hold_home(home):
        real = time.time
        for jump in (86400.0, -86400.0):
            monkeypatch.setattr(time, "time", lambda jump=jump: real() + jump)
            with pytest.raises(LockedError), hold_home(home):
                pass


def test_F47_a_lock_file_of_an_older_version_that_is_held_is_respected(home: Home) -> None:
    home.lock.write_bytes(b"")
    descriptor = os.open(home.lock, os.O_RDWR)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    with pytest.raises(LockedError), hold_home(home):
        pass
    os.close(descriptor)
    with hold_home(home) as lease:
        assert lease.token == 1


def test_F51_a_lease_that_cannot_be_written_is_a_home_that_cannot(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(leases, "_write", full)
    with pytest.raises(HomeError, match="the home cannot be written"), hold_home(home):
        pass
    assert lock.LOOK_AGAIN_SECONDS < 1
