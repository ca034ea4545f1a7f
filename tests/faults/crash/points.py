"""Every point at which a process touches the disk, numbered as it comes: to die there, or to find the disk full or read-only.

What Python writes is seen by audit events of the interpreter, so the pipeline's code knows nothing of it; what DuckDB writes by the
statements that make it write. Install it in a process of its own: an audit hook cannot be taken down.
"""

from __future__ import annotations

import errno
import os
import re
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb

WRITES = re.compile(
    r"\s*(copy|create|insert|update|delete|alter|drop|commit|checkpoint|comment|attach)\b", re.IGNORECASE
)
EVENTS = {
    *("os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.symlink", "os.link", "os.truncate", "os.chmod"),
    *("os.fsync", "os.pwrite"),
}
# What frees space, or needs none: it goes on working on a full disk.
FREE = {"os.remove", "os.rmdir", "os.chmod", "os.rename", "os.truncate"}
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

At = Callable[[str, bool], None]


class Connection:
    """A DuckDB connection that tells of each statement that writes, before and after it."""

    def __init__(self, inner: duckdb.DuckDBPyConnection, at: At) -> None:
        self._inner, self._at = inner, at

    def execute(self, query: str, *given: Any) -> Any:
        """The statement, told of where it writes."""
        found = WRITES.match(query)
        if found:
            self._at(f"duckdb {found[1].lower()}", False)
        done = self._inner.execute(query, *given)
        if found and found[1].lower() in ("copy", "commit", "checkpoint"):
            self._at(f"duckdb {found[1].lower()} done", False)
        return done

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self._inner.close()


def install(root: Path, at: At) -> None:
    """Call `at(name, is_free)` at every point under `root`, before the disk is touched."""
    inside = str(root)

    def is_inside(given: tuple[Any, ...]) -> bool:
        by_descriptor = any(isinstance(one, int) and one > 2 for one in given)
        return any(str(one).startswith(inside) for one in given if isinstance(one, (str, Path, bytes))) or by_descriptor

    def audit(event: str, given: tuple[Any, ...]) -> None:
        if event == "open":
            path, mode, flags = given
            writes = any(letter in (mode or "") for letter in "wax+") or (mode is None and bool(flags & WRITING))
            if writes and str(path).startswith(inside):
                at(f"open {_short(path)}", False)
        elif event in EVENTS and is_inside(given):
            at(f"{event} {_short(given[0])}", event in FREE)

    sys.addaudithook(audit)
    for name in ("fsync", "pwrite"):
        setattr(os, name, _told(getattr(os, name), f"os.{name}"))
    real = duckdb.connect
    duckdb.connect = lambda *given, **named: Connection(real(*given, **named), at)  # type: ignore[assignment]


def _told(real: Callable[..., Any], event: str) -> Callable[..., Any]:
    def call(*given: Any) -> Any:
        sys.audit(event, *given)
        return real(*given)

    return call


def _short(path: object) -> str:
    """The name without what differs between runs."""
    name = os.path.basename(str(path)) if not isinstance(path, int) else "descriptor"
    return re.sub(r"\d{4}-\d{2}-\d{2}-\d{4}|\d{6}-[0-9a-f]{8}", "N", name)


class Counter:
    """Counts the points, and does what is asked at the given one, or (`lasting`) from there on."""

    def __init__(self, number: int | None = None, how: str = "kill") -> None:
        self.number, self.how, self.names = number, how, list[str]()

    def __call__(self, name: str, is_free: bool) -> None:
        self.names.append(name)
        if self.number is None or len(self.names) < self.number:
            return
        if self.how == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if self.how == "full" and is_free:
            return
        code = errno.ENOSPC if self.how == "full" else errno.EROFS
        if name.startswith("duckdb"):
            raise duckdb.IOException(f"IO Error: {os.strerror(code)}")
        raise OSError(code, os.strerror(code))
