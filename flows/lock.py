"""One run at a time in a home: held by the operating system, and told to others by a lease with a fencing token.

A process that dies gives the lock back at once. One that stands still (stopped, or on a machine that hangs) gives no sign of life, and
after `LEASE_SECONDS` another run takes the home over; should it wake up, `Lease.check` stops it before it writes.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from flows.errors import HomeError, LockedError, at_stake
from flows.lease import Lease, beating, read
from flows.publish.files import exclusive
from flows.warehouse import FORMAT_VERSION, Home

STAGE = "home"
LOOK_AGAIN_SECONDS = 0.2


@contextmanager
def hold_home(home: Home, *, any_format: bool = False) -> Iterator[Lease]:
    """Make the home if it is new, check that it can be used, and hold it for this run, which gets its lease.

    Raises HomeError where it cannot be written or has another format (unless `any_format`), LockedError where another run holds it.
    """
    with at_stake(home.current):
        descriptor = _acquire(home)
        try:
            lease = _lease(home, descriptor)
            try:
                found = home_format(home)
                if not any_format:
                    refuse_other_format(found)
                with beating(lease):
                    yield lease
            finally:
                lease.give_back()
        finally:
            os.close(descriptor)


def _lease(home: Home, descriptor: int) -> Lease:
    try:
        return Lease.take(home.lock, descriptor)
    except OSError as error:
        raise _unusable("check the permissions of the home and the space left") from error


def _acquire(home: Home) -> int:
    """A descriptor of the home's lock file, locked by this process."""
    while True:
        descriptor = _open(home)
        locked = _is_locked(descriptor)
        if locked and _is_the_file(home, descriptor):
            if not _is_of_another_host(home):
                return descriptor
            os.close(descriptor)
            raise _held()
        os.close(descriptor)
        if not locked:
            _set_aside(home)


def _open(home: Home) -> int:
    try:
        home.root.mkdir(parents=True, exist_ok=True, mode=0o750)
        return os.open(home.lock, os.O_RDWR | os.O_CREAT, 0o640)
    except OSError as error:
        raise _unusable("check --home, its owner and its permissions") from error


def _is_locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_the_file(home: Home, descriptor: int) -> bool:
    """Whether the descriptor is of the file that the name stands for now, not of one that was set aside."""
    try:
        return os.fstat(descriptor).st_ino == os.stat(home.lock).st_ino
    except FileNotFoundError:
        return False


def _is_of_another_host(home: Home) -> bool:
    """Whether a machine that this one's locks do not reach holds the home, and still gives signs of life."""
    held = read(home.lock)
    return held is not None and held.is_held and not held.is_same_boot and not held.is_expired


def _set_aside(home: Home) -> None:
    """Put a new lock file in place of one whose holder gives no sign of life, for the next run to lock; else LockedError.

    Under the lock of whoever moves `current`: a publication never changes hands halfway. Looked at twice: who has only just locked the
    file of a dead run is about to write his own lease.
    """
    if not _is_silent(home):
        raise _held()
    time.sleep(LOOK_AGAIN_SECONDS)
    with exclusive(home.root):
        held = read(home.lock)
        if held is None or not _is_silent(home):
            raise _held()
        try:
            Lease.replace(home.lock, held.token)
        except OSError as error:
            raise _unusable("check the permissions of the home and the space left") from error


def _is_silent(home: Home) -> bool:
    held = read(home.lock)
    return held is not None and held.is_held and held.is_expired


def _held() -> LockedError:
    return LockedError("another run holds this home", stage=STAGE, next_step="wait until it has ended, then run again")


def _unusable(next_step: str) -> HomeError:
    return HomeError("the home cannot be written", stage=STAGE, next_step=next_step)


def home_format(home: Home) -> int | None:
    """The format of a home, which a new one is given; None where the file says nothing that can be read."""
    path = home.root / "format"
    try:
        if not path.exists():
            path.write_text(f"{FORMAT_VERSION}\n", encoding="ascii")
        return int(path.read_text(encoding="ascii"))
    except OSError as error:
        raise _unusable("check the permissions of the home and the space left") from error
    except ValueError:
        return None


def refuse_other_format(found: int | None) -> None:
    """Nothing where a home of this format can be used; else HomeError that says what to do."""
    if found == FORMAT_VERSION:
        return
    is_older = found is not None and 0 < found < FORMAT_VERSION
    raise HomeError(
        f"the home has {'an older' if is_older else 'another'} format than this version's ({FORMAT_VERSION})",
        stage=STAGE,
        next_step="run aftercare upgrade on it" if is_older else "use the version of the pipeline that made it",
    )
