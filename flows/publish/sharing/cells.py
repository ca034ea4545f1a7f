"""One row of a shared table before disclosure control, and what a release remembers of its rows: exact, and never in a release."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from flows.publish import files
from flows.publish.steps import step
from flows.warehouse import Home, read_text, write_text

FORMAT = 2
STATE = "share.json"

Key = tuple[str, ...]
Line = Sequence[object]


@dataclass(frozen=True)
class Row:
    """A row: what it is about, the exact numbers of people behind it, and everything else it says, unrounded."""

    key: Key
    counts: Mapping[str, int]
    values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def n(self) -> int:
        """The number of people (or stays) that the row is about."""
        return self.counts["n"]


Tables = dict[str, list[Row]]


@dataclass(frozen=True)
class State:
    """What was published: the month and rule it stands for, its exact rows, and the keys that were hidden, by table.

    `families`: what was decided of each family of rows (see protect). `month_before` holds
    the lines of the last release of the month before, as they were published.
    """

    month: str
    threshold: int
    definitions: str
    tables: Mapping[str, Mapping[Key, Row]]
    hidden: Mapping[str, frozenset[Key]]
    lines: Mapping[str, list[list[str]]] = field(default_factory=dict)
    month_before: Mapping[str, list[list[str]]] = field(default_factory=dict)
    definitions_before: str = ""
    families: Mapping[str, Mapping[str, list[Any]]] = field(default_factory=dict)

    def as_json(self) -> str:
        """The state as the text that is written."""
        tables = {
            table: [[list(row.key), dict(row.counts), dict(row.values)] for row in rows.values()]
            for table, rows in self.tables.items()
        }
        hidden = {table: sorted(map(list, keys)) for table, keys in self.hidden.items()}
        content = {
            "format": FORMAT, "month": self.month, "threshold": self.threshold, "definitions": self.definitions,
            "tables": tables, "hidden": hidden, "lines": self.lines, "month_before": self.month_before,
            "definitions_before": self.definitions_before, "families": self.families,
        }  # fmt: skip
        return files.canonical_json(content) + "\n"


def month_of(day: date) -> str:
    """The month of a date, as in 2026-11."""
    return f"{day:%Y-%m}"


def digest(lines: Iterable[object]) -> str:
    """One hash of what is defined; another hash means that the figures may mean something else."""
    return hashlib.sha256(json.dumps([str(line) for line in lines]).encode()).hexdigest()


def read_state(home: Home, release_id: str | None) -> State | None:
    """What a release remembers of its shared tables; None where it remembers nothing, or in another format."""
    path = home.history / (release_id or "none") / STATE
    if not path.exists():
        return None
    known = json.loads(read_text(path))
    if known.pop("format", None) != FORMAT:
        return None
    tables = {
        table: {tuple(key): Row(tuple(key), counts, values) for key, counts, values in rows}
        for table, rows in known.pop("tables").items()
    }
    hidden = {table: frozenset(map(tuple, keys)) for table, keys in known.pop("hidden").items()}
    return State(tables=tables, hidden=hidden, **known)


def write_state(home: Home, release_id: str, state: State) -> None:
    """Keeps a state with what else the release remembers, for the pipeline's user alone."""
    folder: Path = home.history / release_id
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / STATE
    step(f"write {STATE}")
    write_text(path, state.as_json())
    step(f"wrote {STATE}")
