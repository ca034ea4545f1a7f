"""What a run looks like in a terminal: each stage, how far it is, and how long it took."""

import sys

from rich.console import Console
from rich.status import Status
from rich.table import Table

from flows.dbt_build import NodeEvent
from flows.stage import Done


class ConsoleReporter:
    """Tells a person at a terminal; in a log file the same lines, without motion."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(file=sys.stderr, highlight=False)
        self._status: Status | None = None
        self._title = ""
        self._nodes = 0

    def begin(self, stage: str, number: int, of: int) -> None:
        """Show that a stage is at work."""
        self._title, self._nodes = f"[{number}/{of}] {stage}", 0
        self._status = self.console.status(self._title)
        self._status.start()

    def step(self, text: str) -> None:
        """Show what the stage is at."""
        if self._status:
            self._status.update(f"{self._title}: {text}")

    def node(self, event: NodeEvent) -> None:
        """Show which dbt node is being built."""
        self._nodes += event.what == "end"
        self.step(f"{self._nodes} done, {event.name}")

    def end(self, stage: str, done: Done, seconds: float) -> None:
        """Say what the stage did."""
        if self._status:
            self._status.stop()
        self.console.print(f"{self._title:<22} {seconds:6.1f} s  {done.line}", soft_wrap=True, markup=False)

    def stop(self) -> None:
        """Stop the motion after an error."""
        if self._status:
            self._status.stop()


def table(rows: list[dict[str, object]], *, title: str | None = None) -> Table:
    """Rows as a table for the terminal."""
    shown = Table(title=title, show_edge=False, pad_edge=False)
    for name in rows[0] if rows else ["nothing"]:
        numeric = all(isinstance(row[name], (int, float)) for row in rows)
        shown.add_column(str(name), justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        shown.add_row(
            *("" if value is None else f"{value:,}" if isinstance(value, int) else str(value) for value in row.values())
        )
    return shown
