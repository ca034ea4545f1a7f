"""One run at a time in a home, held by the operating system: a dead process never keeps the lock."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from flows.errors import HomeError, LockedError
from flows.warehouse import FORMAT_VERSION, Home

STAGE = "home"


@contextmanager
def hold_home(home: Home, *, any_format: bool = False) -> Iterator[None]:
    """Make the home if it is new, check that it can be used, and hold it for this run.

    Raises HomeError where it cannot be written or has another format (unless `any_format`), LockedError where another run holds it.
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
        found = home_format(home)
        if not any_format:
            refuse_other_format(found)
        yield
    finally:
        os.close(descriptor)


def home_format(home: Home) -> int | None:
    """The format of a home, which a new one is given; None where the file says nothing that can be read."""
    path = home.root / "format"
    try:
        if not path.exists():
            path.write_text(f"{FORMAT_VERSION}\n", encoding="ascii")
        return int(path.read_text(encoding="ascii"))
    except OSError as error:
        raise HomeError(
            "the home cannot be written", stage=STAGE, next_step="check the permissions of the home and the space left"
        ) from error
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
