"""Several nights in order: deliveries that have piled up, or past dates made again."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from flows.console import ConsoleReporter
from flows.errors import DeliveryError
from flows.extract.contract import jds
from flows.extract.land import extracts
from flows.extract.manifest import read_manifest
from flows.history import past_line
from flows.night import OptionError, Unchanged
from flows.run import run_night
from flows.settings import Settings
from flows.stage import Done
from flows.warehouse import Home

STAGE = "backfill"
Say = Callable[[str], None]


@dataclass(frozen=True)
class Planned:
    """One night to come: its date, and the delivery to hand over; None where the date is made from what has landed."""

    as_of: date
    source: Path | None
    extract_id: str = ""
    extracted_at: datetime | None = None


class _Steps(ConsoleReporter):
    """Shows what a night is at, and leaves no line of it."""

    def end(self, stage: str, done: Done, seconds: float) -> None:
        self.stop()


def backfill(settings: Settings, folder: Path | None, *, first: date | None, last: date | None, say: Say) -> None:
    """Run the nights from `first` to `last` in order, and say of each what it made; a night that was made before is left.

    With a folder of deliveries, each is handed over for its own date; without one, each date is made from what had landed by then.
    Raises the StageError of the first night that is refused; those before it stay made, and running again goes on there.
    """
    home = Home(settings.home.resolve())
    planned = _deliveries(folder, first, last) if folder else _dates(first, last)
    if not planned:
        raise DeliveryError(
            "no delivery lies in the folder for these dates",
            stage=STAGE,
            next_step="name a folder that holds delivery folders, each with its manifest.json",
        )
    for night in planned:
        if _is_overtaken(home, night):
            say(f"{night.as_of}  landed before, and a later delivery of that day after it")
            continue
        reporter = _Steps()
        try:
            made = run_night(settings, night.source, reporter, as_of=night.as_of, once=True)
        finally:
            reporter.stop()
        name = made.release_id if isinstance(made, Unchanged) else made.name
        say(f"{night.as_of}  {'was made before' if isinstance(made, Unchanged) else 'made'}: release {name}")
    live = home.current.resolve().name
    past = past_line(home, live)
    say(f"Release {live} is live{f', {past}' if past else ''}.")


def _dates(first: date | None, last: date | None) -> list[Planned]:
    if first is None or last is None or last < first:
        raise OptionError(
            "without --source, --from and --to name the first and the last date",
            stage=STAGE,
            next_step="give both, the earlier one first; or --source with a folder of deliveries",
        )
    return [Planned(first + timedelta(days=day), None) for day in range((last - first).days + 1)]


def _deliveries(folder: Path, first: date | None, last: date | None) -> list[Planned]:
    found = sorted(_read(folder), key=lambda night: (night.extracted_at, night.extract_id))
    return [
        night for night in found if (first is None or night.as_of >= first) and (last is None or night.as_of <= last)
    ]


def _read(folder: Path) -> Iterator[Planned]:
    for path in sorted(folder.glob("*/manifest.json")):
        manifest = read_manifest(path.parent, jds())
        yield Planned(manifest.extracted_at.date(), path.parent, manifest.extract_id, manifest.extracted_at)


def _is_overtaken(home: Home, night: Planned) -> bool:
    """Whether the delivery landed before another one for the same date: the night of that date is the later one's."""
    landed = [extract for extract in extracts(home.raw) if extract.landed_for == night.as_of]
    ids = [(extract.facts["extract_id"], extract.extracted_at) for extract in landed]
    return (night.extract_id, night.extracted_at) in ids[:-1]
