"""One run at a time in a home, held by the operating system: a dead process never keeps the lock."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from flows.errors import HomeError, LockedError
from flows.warehouse import FORMAT_VERSION, Home

STAGE = "home"


@contextmanager
def hold_home(home: Home) -> Iterator[None]:
    """Make the home if it is new, check that it can be used, and hold it for this run.

    Raises HomeError where it cannot be written or has another format, LockedError where another run holds it.
    """
    try:
        home.root.mkdir(parents=True, exist_ok=True, mode=0o750)
        descriptor = os.open(home.lock, os.O_RDWR | os.O_CREAT, 0o640)
    except OSError as error:
        raise HomeError(
            "the home cannot be written", stage=STAGE, next_step="check --home, its owner and its permissions"
        ) from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LockedError(
                "another run holds this home", stage=STAGE, next_step="wait until it has ended, then run again"
            ) from None
        _check_format(home)
        yield
    finally:
        os.close(descriptor)


def _check_format(home: Home) -> None:
    path = home.root / "format"
    try:
        if not path.exists():
            path.write_text(f"{FORMAT_VERSION}\n", encoding="ascii")
        found = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise HomeError(
            "the home cannot be written", stage=STAGE, next_step="check the permissions of the home and the space left"
        ) from error
    if found != str(FORMAT_VERSION):
        raise HomeError(
            f"the home has another format than this version's ({FORMAT_VERSION})",
            stage=STAGE,
            next_step="use the version of the pipeline that made it",
        )
