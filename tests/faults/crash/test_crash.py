"""Landing and publication die, or find the disk full or read-only, at points spread over all of them. F46, F51, F53, R2, R5.

`make crash` takes every point and 200 kills (tests/faults/crash/every.py); here a sample of each.
"""

from __future__ import annotations

import pickle
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.errors import Exit
from flows.publish.files import remove_tree
from tests.faults.crash.night import Stand, digest, in_child, random_kills
from tests.faults.crash.stand import a_copy, make_stand

SAMPLE = 6


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("flows.publish.report.draw.drawings", lambda requests: [None] * len(requests))
        made = make_stand(tmp_path_factory.mktemp("crash"))
        yield made
        remove_tree(made.home.root)


@pytest.fixture
def stand(original: Stand, tmp_path: Path) -> Iterator[Stand]:
    copy = a_copy(original, tmp_path / "home")
    yield copy
    remove_tree(copy.home.root)


@pytest.fixture(scope="module")
def points(original: Stand, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("points")
    whole = a_copy(original, folder / "home")
    assert in_child(whole, None, "kill", folder / "names") == 0
    remove_tree(whole.home.root)
    return list(pickle.loads((folder / "names").read_bytes()))


def spread(points: list[str]) -> list[int]:
    """Numbers of points spread evenly from the first to the last."""
    return [1 + round(place * (len(points) - 1) / (SAMPLE - 1)) for place in range(SAMPLE)]


def test_F46_every_kind_of_write_is_a_point(points: list[str]) -> None:
    kinds = {name.split(" ")[0] + (f" {name.split(' ')[1]}" if name.startswith("duckdb") else "") for name in points}
    assert {"open", "os.rename", "os.mkdir", "os.symlink", "os.fsync", "os.pwrite", "os.chmod", "os.remove"} <= kinds
    assert {"duckdb copy", "duckdb create", "duckdb commit", "duckdb checkpoint"} <= kinds
    assert len(points) > 300


def test_F46_dead_at_a_point_the_last_release_stays_and_the_next_night_succeeds(
    stand: Stand, points: list[str]
) -> None:
    """Each night starts from what the one before left, and comes further."""
    for number in spread(points)[:-1]:
        assert in_child(stand, number, "kill") == -signal.SIGKILL, points[number - 1]
        stand.check()
    stand.check_after_next()


@pytest.mark.parametrize("how", ["full", "read-only"])
def test_F51_F53_a_disk_that_is_full_or_read_only_from_a_point_on_is_a_clean_refusal(
    stand: Stand, points: list[str], how: str
) -> None:
    before = digest(stand.home.releases)
    first = [
        points.index(name) + 1 for name in ("os.mkdir raw", "duckdb create", "duckdb copy")
    ]  # where landing begins
    for number in [*first, *spread(points)[1:-2]]:
        assert in_child(stand, number, how) == Exit.HOME, points[number - 1]
        assert not stand.check()
    if how == "full":
        assert digest(stand.home.releases) == before, "what could be removed is removed"
    stand.check_after_next()


def test_F46_20_kills_at_random_moments(stand: Stand) -> None:
    died, done = random_kills(stand, 20, seed=46)
    assert died + done == 20
    assert died >= 5
