"""A verdict and a registry as lines for people: counts and reasons, never values."""

from typing import Any

from expectations.run import Verdict
from expectations.suites import registry

_WORDS = {
    "error": "ERROR",
    "fail": "FAIL",
    "warn": "warn",
    "pass_with_violations": "seen",
    "pass": "pass",
    "not_applicable": "n/a",
}
_QUIET = {"pass", "not_applicable"}


def lines(verdict: Verdict, *, everything: bool = False) -> list[str]:
    """A summary line, then a line a check that has something to say, the worst first; or all of them."""
    statuses = verdict.rows["status"].value_counts()
    parts = ", ".join(f"{statuses[status]:,} {status.replace('_', ' ')}" for status in _WORDS if status in statuses)
    rank = {status: place for place, status in enumerate(_WORDS)}
    held = set(verdict.held)
    rows = verdict.rows.to_dict("records")
    rows.sort(key=lambda row: (rank[row["status"]], row["check_id"] in held))
    told = [_line(row, held=row["check_id"] in held) for row in rows if everything or row["status"] not in _QUIET]
    return [f"{verdict.door}: {len(rows):,} checks: {parts}", *told]


def catalogue(door: str) -> list[str]:
    """A line a registered check: id, severity, limits, since when and why."""
    return [
        f"{check.check_id} | {'hold' if check.hold else check.severity} | {check.threshold} | {check.since} | "
        f"{check.because}"
        for check in registry(door)
    ]


def _line(row: dict[Any, Any], *, held: bool) -> str:
    """What was found, what is allowed and why."""
    word = "HELD" if held else _WORDS[row["status"]]
    return f"{word:5} {row['check_id']}: {_found(row)}, limit {row['threshold']}. {row['because']}"


def _found(row: dict[Any, Any]) -> str:
    """The counts in words, or that there are none."""
    try:
        n_failed, n_checked = int(row["n_failed"]), int(row["n_checked"])
    except (TypeError, ValueError):
        return "no count"
    share = f" ({_percent(n_failed, n_checked)})" if n_checked else ""
    return f"found {n_failed:,} of {n_checked:,}{share}"


def _percent(n_failed: int, n_checked: int) -> str:
    """A share that is never rounded to nothing nor to all."""
    percent = 100 * n_failed / n_checked
    if 0 < percent < 0.1:
        return "under 0.1 %"
    if 99.9 < percent < 100:
        return "over 99.9 %"
    return f"{percent:.1f} %"
