"""Counts as they are delivered become counts that can be judged, or a reason why not."""

import math
from dataclasses import dataclass, field

import pandas as pd

from expectations.checks import ID_SHAPE, Check, Count

COLUMNS = ["check_id", "n_checked", "n_failed"]
UNNAMED = "registry.unknown_count"

MISSING = "No count was delivered for this check."
TWICE = "More than one count was delivered for this check."
NO_NUMBER = "The delivered count is missing or not a whole number of zero or more."


@dataclass(frozen=True)
class Delivered:
    """Counts by check id, problems by check id, and how many counts belong to no registered check."""

    good: dict[str, Count] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    unknown: dict[str, int] = field(default_factory=dict)


def match(checks: list[Check], frame: pd.DataFrame) -> Delivered:
    """Each registered check with its count, or with what is wrong; every count of no registered check by its name.

    Registry and counts must be the same set: what is missing and what is too much are both found.
    """
    rows = _rows(frame)
    delivered = Delivered()
    for check in checks:
        found = rows.get(check.check_id) or rows.get(check.same_count_as or "") or []
        if len(found) != 1:
            delivered.problems[check.check_id] = TWICE if found else MISSING
        elif found[0] is None:
            delivered.problems[check.check_id] = NO_NUMBER
        else:
            delivered.good[check.check_id] = found[0]
    registered = {check.check_id for check in checks}
    first_words = {check_id.partition(".")[0] for check_id in registered}
    for check_id in rows.keys() - registered:
        name = _printable(check_id, first_words)
        delivered.unknown[name] = delivered.unknown.get(name, 0) + len(rows[check_id])
    return delivered


def _rows(frame: pd.DataFrame) -> dict[object, list[Count | None]]:
    """The counts under each delivered id; None stands for one that is not a pair of whole numbers."""
    frame = frame.reindex(columns=COLUMNS)
    numbers = zip(frame["n_checked"].map(_whole), frame["n_failed"].map(_whole), strict=True)
    rows: dict[object, list[Count | None]] = {}
    for check_id, (n_checked, n_failed) in zip(frame["check_id"], numbers, strict=True):
        known = pd.notna(n_checked) and pd.notna(n_failed)
        rows.setdefault(check_id, []).append(Count(int(n_checked), int(n_failed)) if known else None)
    return rows


def _whole(value: object) -> float:
    """The value when it is a whole number of zero or more, else NaN; text is never taken for a number."""
    try:
        number = math.nan if isinstance(value, str | bytes) else float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return math.nan
    return number if math.isfinite(number) and number >= 0 and number == int(number) else math.nan


def _printable(check_id: object, first_words: set[str]) -> str:
    """An unknown id when it looks like one of ours, else one fixed name: a value must never pass as an id."""
    looks_right = isinstance(check_id, str) and len(check_id) <= 80 and ID_SHAPE.fullmatch(check_id)
    return str(check_id) if looks_right and str(check_id).partition(".")[0] in first_words else UNNAMED
