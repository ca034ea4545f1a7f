"""What is said of a delivery: where, which rule, how many, what the night does with it and how to mend it. Never what stands there."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from flows.errors import Exit

NAMELESS = "a file of the delivery"


class Level(StrEnum):
    """What becomes of the rows, worst first."""

    REFUSED = "refused"
    HELD = "held"
    LEFT_OUT = "left out"
    CHANGED = "read otherwise"
    NOTE = "note"


@dataclass(frozen=True)
class Place:
    """Some rows of one file, counted as a spreadsheet does: the header is row 1."""

    file: str
    rows: tuple[int, ...]


@dataclass(frozen=True)
class Finding:
    """One problem of one table. `table` is empty where it is the delivery's; `likely` counts rows by our code that they resemble."""

    level: Level
    table: str
    columns: tuple[str, ...]
    rule: str
    what: str
    night: str
    mend: str
    n_rows: int | None = None
    n_checked: int = 0
    places: tuple[Place, ...] = ()
    likely: tuple[tuple[str, int], ...] = ()
    exit: Exit = Exit.OK

    @property
    def hold_check(self) -> str:
        """The id of the night's check that holds the run where this is too much."""
        column = f".{self.columns[0]}" if self.rule == "unknown_code" else ""
        return f"{self.table}{column}.{self.rule}.hold"


def file_name(tables: frozenset[str], name: str) -> str:
    """The name of a file where it says nothing but one of these tables and a number, else words that stand for it."""
    stem = re.sub(r"([/_.-](part)?[_-]?\d{1,9})?\.(csv|parquet)$", "", name)
    return name if stem in tables else NAMELESS


def places(tables: frozenset[str], first: Iterable[dict[str, object]] | None) -> tuple[Place, ...]:
    """Rows found, as (file, row) of each, put together by file."""
    rows: dict[str, list[int]] = {}
    for one in first or ():
        rows.setdefault(file_name(tables, str(one["file"])), []).append(int(str(one["row"])))
    return tuple(Place(name, tuple(found)) for name, found in rows.items())


def exit_of(findings: Iterable[Finding]) -> Exit:
    """The exit code that the night would have: that of the first refusal, else HELD where it would hold, else OK."""
    by_level = sorted(findings, key=lambda one: list(Level).index(one.level))
    worst = by_level[0] if by_level else None
    if worst is None or worst.level not in {Level.REFUSED, Level.HELD}:
        return Exit.OK
    return worst.exit if worst.level is Level.REFUSED else Exit.HELD
