"""One door: counts in, verdict out, rows in `quality.check`."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from expectations import gx
from expectations.checks import Check
from expectations.counts import COLUMNS, Delivered, match
from expectations.suites import door_of, estimates, registry

log = logging.getLogger(__name__)

PROMISED = ["check_id", "family", "severity", "table_name", "status", "n_checked", "n_failed", "threshold", "because"]
ADDED = ["sub_family", "since", "door", "owner", "guidance"]

UNREGISTERED = "A count was delivered for a check that is not registered."
UNEVALUATED = "The check engine could not evaluate this check."
ACCEPTED = "An operator accepted this failure."


@dataclass(frozen=True)
class Verdict:
    """What one door says: a row a check, and the ids that stop the run, hold it, or were let through by an operator."""

    door: str
    rows: pd.DataFrame
    blocking: list[str]
    held: list[str]
    accepted: list[str]


def run_door(
    door: str,
    build_file: Path | duckdb.DuckDBPyConnection | None,
    counts: pd.DataFrame | None = None,
    accept: frozenset[str] = frozenset(),
) -> Verdict:
    """The verdict of one door, stored in `quality.check` of the build file.

    `counts` (check_id, n_checked, n_failed) must be given at the landing door and is read from the build file at the
    others. `build_file` may be an open connection, or None to judge given counts and store nothing (see `store`).
    `accept` holds ids of failing checks that an operator lets through as warnings; an error cannot be let through.
    """
    checks = registry(door)
    if build_file is None:
        if counts is None:
            raise ValueError("without a build file the counts must be given")
        return _verdict(door, checks, counts, accept)
    if isinstance(build_file, Path):
        with _connect(build_file) as connection:
            return run_door(door, connection, counts, accept)
    verdict = _verdict(door, checks, _counts(door, build_file) if counts is None else counts, accept)
    store(verdict, build_file)
    return verdict


def rejudge(rows: pd.DataFrame, accept: frozenset[str] = frozenset()) -> Verdict:
    """The verdict of today's limits on the counts stored in `quality.check`; nothing is counted again.

    Every door that left a row is judged whole, so a check that was registered later shows as one without a count.
    """
    doors = sorted({door for door in rows["check_id"].map(door_of) if door is not None})
    checks = [check for door in doors for check in registry(door)]
    return _verdict(doors[0] if len(doors) == 1 else "all", checks, rows, accept)


def store(verdict: Verdict, build_file: Path | duckdb.DuckDBPyConnection) -> None:
    """Put the rows into `quality.check` by name, instead of those of an earlier attempt at the same checks.

    Columns beyond the published ones are filled when the table has them. Raises LookupError when the table or a
    published column is missing.
    """
    if isinstance(build_file, Path):
        with _connect(build_file) as connection:
            store(verdict, connection)
        return
    there = [row[0] for row in build_file.execute(_CHECK_COLUMNS).fetchall()]
    if missing := [column for column in PROMISED if column not in there]:
        raise LookupError(f"quality.check lacks {', '.join(missing)}")
    columns = ", ".join(column for column in PROMISED + ADDED if column in there)
    build_file.register("verdict_rows", verdict.rows)
    build_file.execute("begin")
    try:
        build_file.execute("delete from quality.check where check_id in (select check_id from verdict_rows)")
        build_file.execute(f"insert into quality.check by name select {columns} from verdict_rows")
        build_file.execute("commit")
    except duckdb.Error:
        build_file.execute("rollback")
        raise
    finally:
        build_file.unregister("verdict_rows")


_CHECK_COLUMNS = (
    "select column_name from information_schema.columns where table_schema = 'quality' and table_name = 'check'"
)


def _verdict(door: str, checks: list[Check], counts: pd.DataFrame, accept: frozenset[str]) -> Verdict:
    """Match, judge and describe; the only place where statuses become decisions."""
    delivered = match(checks, counts)
    rulings = gx.exceeded(checks, delivered.good)
    rows = [_row(check, delivered, rulings.get(check.check_id), accept) for check in checks]
    rows += [_unknown_row(name, n, door) for name, n in sorted(delivered.unknown.items())]
    frame = pd.DataFrame(rows, columns=PROMISED + ADDED).astype({"n_checked": "Int64", "n_failed": "Int64"})
    holds = {check.check_id for check in checks if check.hold}
    status = dict(zip(frame["check_id"], frame["status"], strict=True))
    return Verdict(
        door=door,
        rows=frame,
        blocking=[i for i, s in status.items() if s == "error" or (s == "fail" and i not in holds)],
        held=[i for i, s in status.items() if s == "fail" and i in holds],
        accepted=[row["check_id"] for row in rows if row["because"].endswith(ACCEPTED)],
    )


def _row(check: Check, delivered: Delivered, exceeded: bool | None, accept: frozenset[str]) -> dict[str, Any]:
    """The row of one registered check."""
    count = delivered.good.get(check.check_id)
    status, because = "error", check.because
    if count is None:
        because = f"{delivered.problems[check.check_id]} {because}"
    elif exceeded is None:
        because = f"{UNEVALUATED} {because}"
    else:
        status = check.status(count, exceeded=exceeded)
    if status == "fail" and check.check_id in accept:
        status, because = "warn", f"{because} {ACCEPTED}"
    return {
        "check_id": check.check_id,
        "family": check.family,
        "severity": check.severity,
        "table_name": check.table_name,
        "status": status,
        "n_checked": count.n_checked if count else pd.NA,
        "n_failed": count.n_failed if count else pd.NA,
        "threshold": check.threshold,
        "because": because,
        "sub_family": check.sub_family,
        "since": check.since,
        "door": door_of(check.check_id),
        "owner": check.owner,
        "guidance": check.guidance,
    }


def _unknown_row(name: str, n_counts: int, door: str) -> dict[str, Any]:
    """The row of counts that no registered check asked for."""
    row: dict[str, Any] = dict.fromkeys(PROMISED + ADDED, None)
    row |= {"check_id": name, "family": "conformance", "severity": "block", "table_name": "registry"}
    row |= {"status": "error", "n_checked": n_counts, "n_failed": n_counts, "threshold": "at most 0"}
    row |= {"because": UNREGISTERED, "sub_family": "registry", "door": door}
    return row | {"owner": "data", "guidance": "Register the check, or stop counting it."}


def _counts(door: str, connection: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """The counts of a door as the build file holds them; none at all when they cannot be read."""
    if door == "landing":
        raise ValueError("the counts of the landing door must be given")
    if door == "estimates":
        return estimates.count(connection)
    try:
        return connection.execute("select check_id, n_checked, n_failed from intermediate.check_count").df()
    except duckdb.Error as problem:
        log.error("intermediate.check_count could not be read: %s", type(problem).__name__)
        return pd.DataFrame(columns=COLUMNS)


def _connect(build_file: Path) -> duckdb.DuckDBPyConnection:
    """A connection to a build file that is already there; it never fetches an extension."""
    if not build_file.is_file():
        raise FileNotFoundError("the build file is missing")
    settings: dict[str, Any] = {"autoinstall_known_extensions": False, "autoload_known_extensions": False}
    connection = duckdb.connect(str(build_file), config=settings)
    connection.execute("set enable_progress_bar = false")
    return connection
