"""Aftercare episodes as the marts show them: days since intake, outcome, and the event."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass
from datetime import date, timedelta

from tests.oracle.absorb import exit_of
from tests.oracle.buckets import House
from tests.oracle.delivery import Row
from tests.oracle.dims import Survivor, age_band
from tests.oracle.rules import rules

CLOSURES = {
    "deceased": "deceas|death|died",
    "transferred": "transfer",
    "relocated": "relocat|moved|repatri",
    "withdrew": "withdr|declin",
    "lost_contact": "lost|unable to locate",
    "aged_out": "aged|turned 18",
    "restored": "restor",
    "program_end": "program|project|closed",
}


@dataclass(eq=False)
class Episode:
    """One episode, with the episodes it absorbed."""

    key: Hashable
    survivor: Survivor
    first: Row
    last: Row
    case: Row
    intake: date
    exit_date: date | None
    as_of: date
    entry_day: int
    age_band: str
    number: int = 0

    def day(self, on: date) -> int:
        """Days since intake."""
        return (on - self.intake).days

    @property
    def exit_day(self) -> int | None:
        """The first day out; null while open."""
        return None if self.exit_date is None else self.day(self.exit_date)

    @property
    def last_day_of_forms(self) -> int | None:
        """The last day on which a form still speaks for this episode: exit + 60, unless told otherwise; null while open."""
        return None if self.exit_day is None else self.exit_day + rules().end_window_days

    @property
    def rescue_day(self) -> int | None:
        """Day of rescue, mostly negative."""
        rescue = self.first["rescue_date"]
        return None if rescue is None else self.day(rescue)

    @property
    def outcome(self) -> str:
        """The code of the closure reason, `open` while there is no exit."""
        return "open" if self.exit_date is None else closure_code(self.last["closure_reason"])


def closure_code(reason: str | None) -> str:
    """The code of a typed closure reason."""
    # READING: no reason at all on a closed episode is `other`, as an unknown one is.
    return next(
        (name for name, pattern in CLOSURES.items() if re.search(pattern, reason or "", re.IGNORECASE)), "other"
    )


def kept_episodes(house: House, people: dict[Hashable, Survivor]) -> list[Episode]:
    """The episodes that are out, numbered per survivor."""
    # READING: of an absorbing episode key, office, partner, intake and rescue are the first row's; exit, closure
    # reason and status the last absorbed row's.
    cases, offices = house.out("cases"), house.out("offices")
    episodes = []
    for key, row in house.out("aftercare_episodes").items():
        survivor = people[house.survivor_of.get(row["survivor_id"], row["survivor_id"])]
        last, intake = house.last_of.get(key, row), row["intake_date"]
        episodes.append(
            Episode(
                key,
                survivor,
                row,
                last,
                cases[row["case_id"]],
                intake,
                exit_of(last, house.as_of),
                house.as_of,
                _entry_day(offices.get(row["office_id"]), intake),
                age_band(survivor.birth_year, intake.year),
            )
        )
    episodes.sort(key=lambda episode: (episode.intake, episode.key))
    seen: Counter[Hashable] = Counter()
    for episode in episodes:
        seen[episode.survivor.key] += 1
        episode.number = seen[episode.survivor.key]
    return episodes


def _entry_day(office: Row | None, intake: date) -> int:
    # READING: an entry_day past the exit is left as it is.
    recording = office["recording_started_on"] if office else None
    return max(timedelta(0), recording - intake).days if recording else 0
