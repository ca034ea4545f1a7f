"""A reporter that says nothing and remembers which stages began and ended."""

from __future__ import annotations

from flows.dbt_build import NodeEvent
from flows.stage import Done


class Quiet:
    """Remembers which stages began and ended."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.ended: list[str] = []

    def begin(self, stage: str, number: int, of: int) -> None:
        self.begun.append(stage)

    def step(self, text: str) -> None: ...

    def node(self, event: NodeEvent) -> None: ...

    def end(self, stage: str, done: Done, seconds: float) -> None:
        self.ended.append(stage)
