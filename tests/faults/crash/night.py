"""A night of landing and publication on a tiny home, run in a process of its own, and what must hold whatever becomes of it."""

from __future__ import annotations

import hashlib
import os
import pickle
import random
import shutil
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from flows.errors import StageError
from flows.extract.contract import jds
from flows.extract.folder import open_folder
from flows.extract.land import extracts, land
from flows.lock import hold_home
from flows.publish.audit import verify_log
from flows.publish.files import remove_tree
from flows.publish.release import current_release, prune, releases, verify
from flows.warehouse import Home
from tests.faults.crash.points import Counter, install
from tests.nights import KEY
from tests.unit.publish.builds import AT, publish_one, query, tree

UNFORESEEN = 99


@dataclass(frozen=True)
class Stand:
    """A home with one release, the delivery and the build file of the next night, and the release as it was."""

    home: Home
    delivery: Path
    build: Path
    live: str
    before: dict[str, bytes]

    def night(self) -> None:
        """Land the delivery unless it has landed, publish the build file, keep one release: under the lease, as a night does."""
        with hold_home(self.home) as lease:
            opened = open_folder(self.delivery, jds())
            if opened.facts.hash not in {extract.facts["hash"] for extract in extracts(self.home.raw)}:
                land(self.home.raw, opened, jds(), KEY, sift=lambda _: lease.check())
            publish_one(self.home, self.build, fence=lease.check)
            prune(self.home, 1, at=AT)

    def check(self) -> bool:
        """What holds after any accident; whether the new release is live. Nothing is repaired by looking."""
        live = current_release(self.home)
        assert live is not None, "something is live at any moment"
        if (self.home.releases / self.live).exists():
            assert tree(self.home.releases / self.live) == self.before, "the last release is byte for byte what it was"
        if live != self.live:
            verify(self.home.releases / live)
            assert query(self.home.current / "marts.duckdb", "select distinct region from core.dim_office") == [
                ("new",)
            ]
        assert live in {release.release_id for release in releases(self.home)}
        landed = extracts(self.home.raw)
        assert len(landed) <= 1, "nothing is landed twice"
        for extract in landed:
            assert all(extract.file(table).exists() for table in jds().tables), "what has landed is whole"
        verify_log(self.home)
        with hold_home(self.home):
            pass  # no orphan lock
        return live != self.live

    def check_after_next(self) -> None:
        """The next night succeeds, and clears away what the accident left."""
        self.night()
        assert self.check()
        left = [
            path.name
            for path in (*self.home.releases.glob(".*"), *self.home.raw.glob(".*"), *self.home.root.glob(".*"))
        ]
        assert left == [], left
        kept = {release.release_id for release in releases(self.home)}
        assert {path.name for path in self.home.releases.iterdir()} == kept
        assert len(extracts(self.home.raw)) == 1


def in_child(stand: Stand, number: int | None, how: str, told: Path | None = None) -> int:
    """Run the night in a forked process with an accident at a point: its exit code, or minus the signal that ended it."""
    child = os.fork()
    if child == 0:
        code = UNFORESEEN
        try:
            counter = Counter(number, how)
            install(stand.home.root, counter)
            stand.night()
            code = 0
        except StageError as error:
            code = int(error.code)
        finally:
            if told and number is None:
                names, counter.number = counter.names, None
                told.write_bytes(pickle.dumps(names))
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def killed_after(work: Callable[[], None], seconds: float) -> int:
    """Run work in a forked process and send it SIGKILL after a time: 0 where it was done by then."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def random_kills(stand: Stand, times: int, *, seed: int) -> tuple[int, int]:
    """Kill night after night at a random moment, each starting from what the one before left: how many died, how many were done."""
    whole = replace(stand, home=Home(stand.home.root.with_name("measured")))
    shutil.copytree(stand.home.root, whole.home.root, symlinks=True)
    started = time.monotonic()
    whole.night()
    lasts = time.monotonic() - started
    remove_tree(whole.home.root)
    chance, died, done = random.Random(seed), 0, 0
    for _ in range(times):
        code = killed_after(stand.night, chance.uniform(0, lasts))
        assert code in (0, -signal.SIGKILL), code
        died, done = died + (code != 0), done + (code == 0)
        stand.check()
    stand.check_after_next()
    return died, done


def digest(folder: Path) -> str:
    """One hash of all that lies in a folder."""
    return hashlib.sha256(repr(sorted(tree(folder).items())).encode()).hexdigest()
