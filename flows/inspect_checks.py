"""Looking at checks: those of the live release or of a run that did not publish, chosen, told, and judged again."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from flows.errors import NothingPublishedError
from flows.publish.release import open_release
from flows.warehouse import Home, connect

Row = dict[str, object]

EXCEEDED = ("warn", "fail", "error")
STATUSES = ("pass", "pass_with_violations", *EXCEEDED, "not_applicable")
SHOWN = ["check_id", "family", "sub_family", "severity", "table_name", "status", "n_checked", "n_failed", "threshold"]
SHOWN += ["because", "owner", "guidance", "door", "since"]


def check_rows(home: Home, *, of_run: bool, failed: bool, chosen: Mapping[str, str | None] | None = None) -> list[Row]:
    """Rows of quality.check of the live release, or of the newest run that did not publish, by status and name.

    `chosen` keeps the rows that have these values: family (the family or the kind within it), severity, table, status, owner.
    A column that an older release lacks is null.
    """
    if of_run:
        builds = sorted(home.runs.glob("[0-9]*T*/build.duckdb"))
        if not builds:
            raise NothingPublishedError(
                "no run is kept that did not publish", stage="checks", next_step="aftercare checks"
            )
        connection = connect(builds[-1], read_only=True)
    else:
        connection = open_release(home)
    with connection:
        frame = (
            connection.execute('select * from quality."check" order by status, check_id').df().reindex(columns=SHOWN)
        )
    rows: list[Row] = json.loads(frame.to_json(orient="records"))
    wanted = {name: value for name, value in (chosen or {}).items() if value is not None}
    return [row for row in rows if (not failed or row["status"] in EXCEEDED) and _is_chosen(row, wanted)]


def _is_chosen(row: Row, wanted: Mapping[str, str]) -> bool:
    columns = {"family": ("family", "sub_family"), "table": ("table_name",)}
    return all(value in [row[column] for column in columns.get(name, (name,))] for name, value in wanted.items())


def check_lines(rows: list[Row], *, guidance: bool = False) -> list[str]:
    """The rows as lines: status, check, counts and limit; the reason where the limit is exceeded. Ends with the counts by status.

    `guidance` adds who acts and what remedies it, to every row that has failures.
    """
    lines = []
    for row in rows:
        lines.append(f"{row['status']:<20} {row['check_id']:<58} {_found(row):>22}  ({row['threshold']})")
        if row["status"] in EXCEEDED:
            lines.append(f"{'':<20} {row['because']}")
        if guidance and row["n_failed"] != 0:
            lines.append(f"{'':<20} {row['owner']}: {row['guidance']}")
    return [*lines, _counted([str(row["status"]) for row in rows]) or "no check is in that state"]


def _found(row: Row) -> str:
    return "not counted" if row["n_checked"] is None else f"{row['n_failed']:,} of {row['n_checked']:,}"


def _counted(statuses: list[str]) -> str:
    return ", ".join(f"{statuses.count(status)} {status}" for status in sorted(set(statuses)))


@dataclass(frozen=True)
class Rejudged:
    """What the present limits make of stored counts: lines for people, and whether a check fails or errs."""

    lines: list[str]
    is_refused: bool


def rejudged(rows: list[Row]) -> Rejudged:
    """The stored counts judged by the present limits; nothing is counted again and nothing is written.

    Failures that an operator had accepted stay accepted. Checks that were registered later have no count and are only named.
    """
    from expectations.run import ACCEPTED, rejudge

    before = {str(row["check_id"]): row for row in rows}
    accepted = frozenset(name for name, row in before.items() if str(row["because"]).endswith(ACCEPTED))
    verdict = rejudge(pd.DataFrame(rows, columns=SHOWN), accepted).rows
    later = sorted(set(verdict["check_id"]) - set(before))
    lines, statuses = [], []
    for row in json.loads(verdict.to_json(orient="records")):
        old = before.get(row["check_id"])
        if old is None:
            continue
        statuses.append(str(row["status"]))
        if row["status"] != old["status"]:
            lines.append(f"{row['check_id']}: {old['status']} -> {row['status']}, {_found(old)}")
            lines.append(f"    limit {old['threshold']} -> {row['threshold']}")
    lines += [f"{len(later)} checks were registered later and have no count: {', '.join(later)}"] if later else []
    told = [f"stored  {_counted([str(row['status']) for row in rows])}", f"now     {_counted(statuses)}"]
    return Rejudged([*(lines or ["no check would end otherwise"]), *told], bool({"fail", "error"} & set(statuses)))
