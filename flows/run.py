"""Running a night from start to end, and telling people how far it is. No Prefect here: the flow wraps the same stages."""

import time
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Protocol

from flows import dbt_build, failure
from flows.dbt_build import NodeEvent
from flows.extract.open import Source
from flows.lock import hold_home
from flows.night import Night, Unchanged, open_night
from flows.publish.release import release_folder
from flows.settings import Settings
from flows.stage import Done, Stage, Watch
from flows.stages import BUILD, NIGHTLY, clear_runs
from flows.warehouse import Home


class Reporter(Protocol):
    """Who is told what a run does."""

    def begin(self, stage: str, number: int, of: int) -> None:
        """A stage begins."""

    def step(self, text: str) -> None:
        """The stage has come this far."""

    def node(self, event: NodeEvent) -> None:
        """A dbt node started or ended."""

    def end(self, stage: str, done: Done, seconds: float) -> None:
        """A stage ended."""


def run_stages(night: Night, reporter: Reporter, stages: tuple[Stage, ...] = NIGHTLY) -> None:
    """Run the stages in order; the first that refuses ends the run, and its folder is kept for a person to look at."""
    builds = any(stage.name == BUILD for stage in stages)
    with dbt_build.ready(night.home.runs / "dbt", night.settings.memory_limit) if builds else nullcontext():
        for number, stage in enumerate(stages, start=1):
            night.fence()
            reporter.begin(stage.name, number, len(stages))
            started = time.monotonic()
            try:
                done = stage.run(night, Watch(reporter.step, reporter.node))
            except Exception:
                night.fence()  # what the run that took over cleared away under this one is no fault of the delivery
                raise
            reporter.end(stage.name, done, time.monotonic() - started)
    clear_runs(night)


def run_night(
    settings: Settings,
    source: Source | None,
    reporter: Reporter,
    *,
    as_of: date | None = None,
    rebuild: bool = False,
    full: bool = False,
    accept: frozenset[str] = frozenset(),
    once: bool = False,
    stages: tuple[Stage, ...] = NIGHTLY,
) -> Unchanged | Path:
    """One whole night under the home's lock: the folder of the new release, or that nothing would change.

    Without a source it is made from what has landed by `as_of`.
    """
    home, at = Home(settings.home.resolve()), datetime.now(UTC)
    with hold_home(home) as lease:
        try:
            night = open_night(
                settings,
                source,
                as_of=as_of,
                at=at,
                rebuild=rebuild,
                full=full,
                accept=accept,
                once=once,
            )
            if not isinstance(night, Unchanged):
                run_stages(replace(night, fence=lease.check), reporter, stages)
        except Exception as error:
            failure.note(home, error, at=at)
            raise
        failure.clear(home)
        return night if isinstance(night, Unchanged) else release_folder(home)
