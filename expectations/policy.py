"""What is decided about checks and is not code: limits (thresholds.yml), and who acts and how (guidance.yml)."""

from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

FOLDER = Path(__file__).parent
OWNERS = ("source", "office", "data", "analysis")


class Policy(NamedTuple):
    """The most a check allows (at least one of the two is set), since when (YYYY-MM-DD), who acts on it and how."""

    max_failed: int | None
    max_percent: float | None
    since: str
    owner: str
    guidance: str


def policy(check_id: str) -> Policy:
    """What is decided about a check; LookupError when no entry of a file fits its id."""
    limits, advice = _first("thresholds.yml", check_id), _first("guidance.yml", check_id)
    if advice["owner"] not in OWNERS:
        raise LookupError(f"the owner of {check_id} is none of {', '.join(OWNERS)}")
    return Policy(
        limits.get("max_failed"),
        limits.get("max_percent"),
        str(limits["since"]),
        advice["owner"],
        " ".join(advice["guidance"].split()),
    )


@cache
def entries(name: str) -> list[dict[str, Any]]:
    """The entries of a file in order: patterns of check ids under `checks`, and what holds for them."""
    found: list[dict[str, Any]] = yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))
    return found


def _first(name: str, check_id: str) -> dict[str, Any]:
    for entry in entries(name):
        if any(fnmatchcase(check_id, pattern) for pattern in entry["checks"]):
            return entry
    raise LookupError(f"no entry of {name} fits {check_id}")
