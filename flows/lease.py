"""The lease of the run at work: which process, on which machine, its last sign of life, and a number that only grows.

It stands in the lock file itself, in one small write at its start, so a run that was overtaken writes into a file that has no name any
more. Signs of life are told by a clock that runs since the machine started; only between machines by the time of day.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from flows.errors import LeaseLostError

LEASE_SECONDS, BEAT_SECONDS = 300.0, 15.0
SIZE = 512
BOOT = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True)
class Held:
    """What a lease says: the fencing token; who holds it (pid 0: nobody), since when (UTC); its last sign of life."""

    token: int
    pid: int
    host: str
    boot: str
    since: str
    beat: float
    beat_at: float

    @property
    def is_held(self) -> bool:
        return self.pid != 0

    @property
    def is_same_boot(self) -> bool:
        """Whether it was taken on this machine since it started: locks and the monotonic clock then hold for both."""
        return self.boot == boot_id()

    @property
    def seconds_silent(self) -> float:
        """Since the last sign of life."""
        return time.monotonic() - self.beat if self.is_same_boot else time.time() - self.beat_at

    @property
    def is_expired(self) -> bool:
        """Whether the holder may be overtaken: it gave no sign of life for longer than a lease lasts."""
        rebooted = not self.is_same_boot and self.host == socket.gethostname()
        return rebooted or self.seconds_silent > LEASE_SECONDS


def boot_id() -> str:
    """What tells one start of this machine from another."""
    try:
        return BOOT.read_text(encoding="ascii").strip()
    except OSError:
        return socket.gethostname()


def nobody(token: int) -> Held:
    """That nobody holds the home; the next token is one higher."""
    return Held(token, 0, "", "", "", 0.0, 0.0)


def read(lock: Path) -> Held | None:
    """What the lease in a lock file says; None where there is none that can be read."""
    try:
        return Held(**json.loads(lock.read_bytes().split(b"\n")[0]))
    except (OSError, ValueError, TypeError):
        return None


class Lease:
    """A lease that this process has taken; `descriptor` is of the lock file, which it holds locked."""

    def __init__(self, lock: Path, descriptor: int, token: int) -> None:
        self.lock, self.descriptor, self.token = lock, descriptor, token
        self._since = datetime.now(UTC).isoformat(timespec="seconds")

    @classmethod
    def take(cls, lock: Path, descriptor: int) -> Lease:
        """The lease after the last one, written down."""
        last = read(lock)
        lease = cls(lock, descriptor, last.token + 1 if last else 1)
        lease.beat()
        return lease

    @staticmethod
    def replace(lock: Path, token: int) -> None:
        """Put a lock file that nobody holds in the place of another one, in one step; the next token is higher than this."""
        fresh = lock.with_name(f".{lock.name}")
        descriptor = os.open(fresh, os.O_RDWR | os.O_CREAT, 0o640)
        try:
            _write(descriptor, nobody(token))
        finally:
            os.close(descriptor)
        os.replace(fresh, lock)

    def beat(self) -> None:
        """Give a sign of life."""
        now = (time.monotonic(), time.time())
        _write(self.descriptor, Held(self.token, os.getpid(), socket.gethostname(), boot_id(), self._since, *now))

    def give_back(self) -> None:
        """Say that nobody holds the home; the token stays."""
        with contextlib.suppress(OSError):
            _write(self.descriptor, nobody(self.token))

    def check(self) -> None:
        """Nothing while the home is this run's; LeaseLostError once another run has taken it over."""
        try:
            is_ours = os.fstat(self.descriptor).st_ino == os.stat(self.lock).st_ino
        except OSError:
            is_ours = False
        held = read(self.lock) if is_ours else None
        if held is None or held.token != self.token:
            raise LeaseLostError(
                "another run took this home over while this one stood still",
                stage="home",
                next_step="aftercare status; the run that took over goes on, this one has published nothing",
            )


def _write(descriptor: int, held: Held) -> None:
    os.pwrite(descriptor, json.dumps(asdict(held)).encode().ljust(SIZE - 1) + b"\n", 0)


@contextmanager
def beating(lease: Lease) -> Iterator[None]:
    """Signs of life all along the block, from a thread of their own. A full disk or the like does not end the run."""
    ended = threading.Event()

    def beats() -> None:
        while not ended.wait(BEAT_SECONDS):
            with contextlib.suppress(OSError):
                lease.beat()

    thread = threading.Thread(target=beats, name="lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
