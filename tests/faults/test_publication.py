"""Publication under fire: killed at every step, no space at every step, readers all along, an owner who is not root.

F46, F51, F53, F60, R1: at any moment `current` is the old release or the new one, whole, and the next publication goes
through.
"""

import errno
import os
import re
import signal
import statistics
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from flows.errors import HomeError, StageError
from flows.lock import hold_home
from flows.publish import steps
from flows.publish.audit import verify_log
from flows.publish.files import remove_tree
from flows.publish.release import (
    content_hashes,
    current_release,
    hold_state,
    prune,
    releases,
    resume,
    rollback,
    verify,
)
from flows.warehouse import Home
from tests.faults.pollers import light, watched
from tests.unit.publish.builds import AT, make_build, publish_one, query, tree

ONE = "2026-11-01-0001"


@pytest.fixture(scope="module")
def builds(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("builds")
    return make_build(folder / "1.duckdb", stamp="old"), make_build(folder / "2.duckdb", stamp="new", n_episodes=330)


@pytest.fixture
def home(tmp_path: Path, builds: tuple[Path, Path]) -> Iterator[Home]:
    """A home with one release, made from the first build file."""
    home = Home(tmp_path / "home")
    home.root.mkdir()
    publish_one(home, builds[0])
    yield home
    remove_tree(home.root)


def in_child(work: Callable[[], object]) -> int:
    """Runs work in a forked process and gives its wait status: 0 is good, 9 is killed. No DuckDB may be open here."""
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException:
            os._exit(1)
        os._exit(0)
    return os.waitpid(child, 0)[1]


def is_one_of_many(name: str) -> bool:
    """Whether a step copies or writes one table like all others; those of the schema `core` stand for them."""
    return re.match(r"copy (?!core|model)|write (?!core)\w+/|wrote .*csv", name) is not None


def killed_at(number: int) -> steps.Hook:
    """A hook that kills its process at the given step, counted from one; of many steps alike some are counted."""
    seen = iter(range(1, 10_000))

    def hook(name: str) -> None:
        if not is_one_of_many(name) and next(seen) == number:
            os.kill(os.getpid(), signal.SIGKILL)

    return hook


def attempt(home: Home, build: Path, hook: steps.Hook) -> None:
    with steps.hooked(hook):
        publish_one(home, build)


def steps_of(home: Home, build: Path) -> list[str]:
    names: list[str] = []
    attempt(home, build, names.append)
    return names


def check_whole(home: Home, old: dict[str, bytes]) -> str:
    """What holds after any accident: a current release, whole, of one kind; the old one byte for byte."""
    live = current_release(home)
    assert live is not None
    assert tree(home.releases / ONE) == old
    if live != ONE:
        verify(home.releases / live)
        assert query(home.current / "marts.duckdb", "select distinct region from core.dim_office") == [("new",)]
        assert query(home.current / "marts.duckdb", "select release_id from meta.release") == [(live,)]
    assert all(not release.release_id.startswith(".") for release in releases(home))
    verify_log(home)
    return live


@pytest.mark.slow
def test_f46_killed_at_step_one_two_three_until_a_publication_completes(home: Home, builds: tuple[Path, Path]):
    """Each attempt clears away what the last one left, and comes one step further: each is the next publication."""
    old = tree(home.releases / ONE)
    for number in range(1, 400):
        status = in_child(lambda number=number: attempt(home, builds[1], killed_at(number)))
        live = check_whole(home, old)
        if status == 0 or live != ONE:
            break
        assert os.WTERMSIG(status) == signal.SIGKILL
    assert number > 50
    assert live != ONE
    assert publish_one(home, builds[1]) == current_release(home)
    assert {path.name for path in home.releases.iterdir()} == {release.release_id for release in releases(home)}
    assert len(releases(home)) == 3


@pytest.mark.parametrize(
    "step",
    [
        "rename release",
        "flip",
        "flipped",
    ],
)
def test_f46_after_a_kill_the_very_next_publication_goes_through(home: Home, builds: tuple[Path, Path], step: str):
    def hook(name: str) -> None:
        if name == step:
            os.kill(os.getpid(), signal.SIGKILL)

    old = tree(home.releases / ONE)
    assert os.WTERMSIG(in_child(lambda: attempt(home, builds[1], hook))) == signal.SIGKILL
    assert (check_whole(home, old) == ONE) is (step != "flipped")
    name = publish_one(home, builds[1])
    assert check_whole(home, old) == name
    assert not list(home.releases.glob(".*"))
    assert not list(home.root.glob(".current-*"))


def test_f46_f59_a_rollback_killed_at_any_step_leaves_a_whole_release_and_can_be_repeated(
    home: Home, builds: tuple[Path, Path]
):
    publish_one(home, builds[1])
    two = current_release(home)
    names: list[str] = []
    with steps.hooked(names.append):
        rollback(home, at=AT)
    for number in range(1, len(names) + 1):
        rollback(home, two, at=AT)
        resume(home, at=AT)

        def back(number: int = number) -> None:
            with steps.hooked(killed_at(number)):
                rollback(home, at=AT)

        assert os.WTERMSIG(in_child(back)) == signal.SIGKILL
        assert current_release(home) in (ONE, two)
        assert hold_state(home) is not None or current_release(home) == two
        assert [release.release_id for release in releases(home)] == [two, ONE]
        assert rollback(home, ONE, at=AT) == current_release(home) == ONE
        verify_log(home)


@pytest.mark.slow
def test_f51_no_space_at_any_step_is_a_clean_refusal_that_leaves_nothing(home: Home, builds: tuple[Path, Path]):
    names = steps_of(Home(home.root), builds[1])
    prune(home, 1, at=AT)
    publish_one(home, builds[1])
    live, before = current_release(home), tree(home.releases)
    for number, name in enumerate(names, start=1):
        if name == "flipped" or is_one_of_many(name) or name.startswith("wrote"):
            continue  # nothing is written after the flip, and what was written had its space
        seen = iter(range(1, 10_000))

        def full(_: str, number: int = number, seen: Iterator[int] = seen) -> None:
            if next(seen) == number:
                raise OSError(errno.ENOSPC, "No space left on device")

        with pytest.raises(HomeError, match="No space left"):
            attempt(home, builds[1], full)
        assert current_release(home) == live
        assert tree(home.releases) == before
        assert {path.name for path in home.releases.iterdir()} == {release.release_id for release in releases(home)}
    publish_one(home, builds[1])


def test_f51_a_full_disk_is_told_without_a_path(home: Home, builds: tuple[Path, Path]):
    def full(_: str) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(home.root))

    with pytest.raises(HomeError) as caught:
        attempt(home, builds[1], full)
    assert str(home.root) not in str(caught.value)
    assert re.search(r"exit 16.*Next: free space", str(caught.value))


def test_r1_f57_f59_eight_readers_during_twenty_publications_see_whole_releases_only(tmp_path: Path):
    with light():
        seen, seconds = watched(tmp_path, 20)
    assert len(set(seen) - {"again"}) >= 10
    assert statistics.median(seconds) < 1, "a rollback is one step"


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
def test_f53_an_owner_without_roots_powers_publishes_rolls_back_and_prunes():
    """Root ignores modes: read-only folders must be renamed and removed by a plain owner too."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    build = make_build(folder / "b.duckdb")
    home = Home(folder / "home")
    home.root.mkdir()
    for path in (build, home.root):
        os.chown(path, 65534, 65534)

    def work() -> None:
        os.setgid(65534)
        os.setuid(65534)
        names = [publish_one(home, build) for _ in range(3)]
        assert rollback(home, at=AT) == names[1]
        assert prune(home, 2, at=AT) == [names[0]]
        with pytest.raises(PermissionError):
            (home.current / "marts.duckdb").open("r+b")
        with pytest.raises(PermissionError):
            (home.current / "new").touch()

    try:
        assert in_child(work) == 0
    finally:
        remove_tree(folder)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
def test_f53_a_home_that_cannot_be_written_is_refused_before_work(builds: tuple[Path, Path]):
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    home = Home(folder)

    def work() -> None:
        os.setuid(65534)
        with pytest.raises(HomeError):
            publish_one(home, builds[0])

    try:
        assert in_child(work) == 0
        assert list(folder.iterdir()) == []
    finally:
        remove_tree(folder)


def test_f60_the_same_build_again_gives_the_same_release_but_for_the_stamp(home: Home, builds: tuple[Path, Path]):
    name = publish_one(home, builds[0])
    one, two = home.releases / ONE, home.releases / name
    assert content_hashes(one / "marts.duckdb") == content_hashes(two / "marts.duckdb")
    same = {
        path.name for path in (one / "share").iterdir() if path.read_bytes() == (two / "share" / path.name).read_bytes()
    }
    assert {path.name for path in (one / "share").iterdir()} - same == {"manifest.json"}


def test_every_refusal_tells_what_stays_live_and_what_to_do_next(home: Home, tmp_path: Path):
    with pytest.raises(StageError) as caught, hold_home(home):
        publish_one(home, tmp_path / "absent.duckdb")
    assert "The last release stays live. Next:" in str(caught.value)
    assert current_release(home) == ONE
