"""Failpoints: places where a crash test may stop a publication. They do nothing unless a test has hung a hook there."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

Hook = Callable[[str], None]

_hook: Hook | None = None


def step(name: str) -> None:
    """Marks a point between two writes; calls the installed hook with the point's name, if there is one."""
    if _hook is not None:
        _hook(name)


@contextmanager
def hooked(hook: Hook) -> Iterator[None]:
    """Hangs a hook on every step inside the block, and takes it down again."""
    global _hook
    before, _hook = _hook, hook
    try:
        yield
    finally:
        _hook = before
