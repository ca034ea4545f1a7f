"""What a stage of a night is: a plain function that takes the night, works on the run's build file, and says what it did."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from flows.dbt_build import NodeEvent
    from flows.night import Night

Row = dict[str, object]


@dataclass(frozen=True)
class Done:
    """What a stage did: one line for people, and rows of counts (never values) for a table."""

    line: str
    rows: list[Row] = field(default_factory=list)


@dataclass(frozen=True)
class Watch:
    """Where a stage tells how far it is."""

    step: Callable[[str], None] = lambda _: None
    node: Callable[[NodeEvent], None] = lambda _: None


@dataclass(frozen=True)
class Stage:
    """A stage by the name people see."""

    name: str
    run: Callable[[Night, Watch], Done]


def as_rows(frame: pd.DataFrame) -> list[Row]:
    """The frame as a list of rows by column name."""
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]
