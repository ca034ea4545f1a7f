"""Offices, partners and survivors, and the count of those left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import pandas as pd

from tests.oracle.buckets import House
from tests.oracle.contract import code
from tests.oracle.rules import rules

if TYPE_CHECKING:
    from tests.oracle.episodes import Episode

AGE_BANDS = ((11, "0-11"), (17, "12-17"), (24, "18-24"), (34, "25-34"), (49, "35-49"), (110, "50+"))


@dataclass
class Survivor:
    """A person who is in the marts."""

    key: Hashable
    gender: str
    birth_year: int | None
    household: str | None
    language: str | None


def survivors(house: House) -> dict[Hashable, Survivor]:
    """The survivors who are out, by id; of a merged pair the surviving record."""
    # READING: household and language too are the surviving record's.
    return {
        key: Survivor(
            key,
            code("gender", row["gender"], unknown="unknown") or "unknown",
            _birth_year(row["date_of_birth"]),
            row["household_id"],
            row["primary_language"],
        )
        for key, row in house.out("survivors").items()
    }


def _birth_year(text: str | None) -> int | None:
    # READING: a birth date that cannot be (2001-02-30) says nothing of the year either.
    try:
        return date.fromisoformat(text or "").year
    except ValueError:
        return None


def age_band(birth_year: int | None, intake_year: int) -> str:
    """The band of intake year minus birth year."""
    age = -1 if birth_year is None else intake_year - birth_year
    return "unknown" if age < 0 else next((band for last, band in AGE_BANDS if age <= last), "unknown")


def dim_survivor(people: dict[Hashable, Survivor], episodes: list[Episode]) -> pd.DataFrame:
    """One row per survivor."""
    # READING: age_band is that at the survivor's first intake; a survivor without any episode is there too, with age
    # `unknown`.
    # READING: languages are counted over the survivors of this very table.
    first = {episode.survivor.key: episode.age_band for episode in episodes if episode.number == 1}
    speakers = Counter(person.language for person in people.values())

    def group(language: str | None) -> str:
        if language is None:
            return "unknown"
        return language if speakers[language] >= rules().language_pool else "other"

    lines = [
        (person.key, person.gender, first.get(person.key, "unknown"), person.household, group(person.language))
        for person in people.values()
    ]
    return pd.DataFrame(lines, columns=["survivor_key", "gender", "age_band", "household_key", "language_group"])


def dim_office(house: House) -> pd.DataFrame:
    """One row per office."""
    columns = ["office_id", "name", "country_code", "region"]
    return pd.DataFrame([[row[column] for column in columns] for row in house.out("offices").values()], columns=columns)


def dim_partner(house: House) -> pd.DataFrame:
    """One row per partner."""
    lines = [
        (row["partner_id"], row["office_id"], row["name"], code("partner_type", row["partner_type"]))
        for row in house.out("partners").values()
    ]
    return pd.DataFrame(lines, columns=["partner_id", "office_id", "name", "partner_type"])


def exclusion(house: House) -> pd.DataFrame:
    """How many survivors are excluded for want of consent, rounded to 5."""
    # READING: persons, so one for a merged pair. `erased` is not said by any delivery (deleted rows are tombstoned,
    # not excluded), so it has no row here; `no_consent` has one even at zero.
    n_survivors = len({row.key for row in house.scope.rows["survivors"] if row.bucket == "excluded"})
    return pd.DataFrame([("no_consent", round(n_survivors / 5) * 5)], columns=["reason", "n_survivors_rounded"])
