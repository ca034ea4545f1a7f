"""`<home>/access.log`: who read what kind of thing and when; never a value, an id or the text of a query.

One JSON line each: at (UTC), who (the name that the operating system has for the user), what (sql, worklist, key, subject-access, erase,
reader-key) and the facts that go with it. A read that cannot be written down does not happen.
"""

import fcntl
import hashlib
import json
import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from flows.errors import HomeError
from flows.publish.files import canonical_json
from flows.warehouse import Home

NAME = "access.log"
# Those who may read the marts belong to the file's group and must be able to add their line; nobody else sees it.
MODE = 0o660


def record(home: Home, what: str, *, at: datetime, **facts: object) -> None:
    """Add one durable line. Raises HomeError where it cannot be written."""
    line = canonical_json({"at": at.isoformat(), "who": _who(), "what": what, "facts": facts}) + "\n"
    try:
        with held(home) as descriptor:
            if os.fstat(descriptor).st_uid == os.getuid():
                os.fchmod(descriptor, MODE)
            os.write(descriptor, line.encode())
            os.fsync(descriptor)
    except OSError as error:
        raise HomeError(
            "the access log cannot be written, so nothing is read",
            stage="access log",
            next_step="let the group of those who may read add to access.log in the home, then try again",
        ) from error


@contextmanager
def held(home: Home) -> Iterator[int]:
    """The open log, which nobody else writes or replaces inside the block."""
    path = home.root / NAME
    while True:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, MODE)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if path.exists() and path.stat().st_ino == os.fstat(descriptor).st_ino:
                yield descriptor
                return
        finally:
            os.close(descriptor)


def lines(home: Home) -> list[dict[str, Any]]:
    """Every line of the log in order; an absent log has none."""
    path = home.root / NAME
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def statement_hash(statement: str) -> str:
    """What the log says of a query: a hash that tells whether two were the same."""
    return hashlib.sha256(statement.strip().encode()).hexdigest()


def _who() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"
