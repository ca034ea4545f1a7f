"""What code ran: the version, and a hash of every file that can change a figure."""

import hashlib
from functools import cache
from importlib.metadata import PackageNotFoundError, version

from flows.settings import PROJECT

ROOMS = ("flows", "ml", "expectations", "dbt_project")
KINDS = frozenset({".py", ".sql", ".yml", ".csv", ".j2"})
NOT_SOURCE = frozenset({"target", "logs", "__pycache__"})


@cache
def code_version() -> str:
    """Version and source hash, such as 0.1.0+3f9a01c2: equal texts mean equal code."""
    digest = hashlib.sha256()
    for room in ROOMS:
        for path in sorted((PROJECT / room).rglob("*")):
            relative = path.relative_to(PROJECT)
            if path.suffix in KINDS and path.is_file() and not NOT_SOURCE & set(relative.parts):
                digest.update(f"{relative.as_posix()}\0".encode() + path.read_bytes())
    try:
        number = version("aftercare")
    except PackageNotFoundError:
        number = "0"
    return f"{number}+{digest.hexdigest()[:8]}"


@cache
def lock_hash() -> str:
    """SHA-256 of requirements.lock, empty where it is not there."""
    path = PROJECT / "requirements.lock"
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else ""
