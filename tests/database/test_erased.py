"""P10: who was erased stays away, though the database still holds her and each night reads what changed in it."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from flows.erase import suppression
from flows.erase.erase import erase, sift
from flows.extract.contract import jds
from flows.extract.land import Extract, extracts, land
from flows.extract.pseudonymise import pseudonym
from flows.extract.url import DatabaseUrl
from flows.warehouse import Home, connect, parquet
from tests.database.readings import begin, differences, nights, play
from tests.nights import KEY, landed
from tests.privacy.scan import contents, files

AT = datetime(2026, 11, 3, 9, 0, tzinfo=UTC)


def keys_of_one(first: Path, second: Path) -> tuple[str, set[str]]:
    """The key of somebody who is in both nights' deliveries, and those of her episodes and forms in either."""
    with connect() as connection:
        ((one,),) = connection.execute(
            f"select min(survivor_id) from '{first}/survivors.parquet' where merged_into is null "
            f"and survivor_id in (select survivor_id from '{second}/survivors.parquet') "
            f"and survivor_id in (select survivor_id from '{first}/aftercare_episodes.parquet')"
        ).fetchall()
        found = {pseudonym(KEY, "survivor", one)}
        for night in (first, second):
            episodes = [
                name
                for (name,) in connection.execute(
                    f"select episode_id from '{night}/aftercare_episodes.parquet' where survivor_id = ?", [one]
                ).fetchall()
            ]
            forms = connection.execute(
                f"select assessment_id from '{night}/aso_assessments.parquet' where list_contains(?, episode_id)",
                [episodes],
            ).fetchall()
            found |= {pseudonym(KEY, "episode", name) for name in episodes}
            found |= {pseudonym(KEY, "assessment", name) for (name,) in forms}
    return pseudonym(KEY, "survivor", one), found


def holding(folder: Path, keys: set[str]) -> list[str]:
    wanted = [key.encode() for key in keys]
    return [path.name for path in files(folder) if any(one in text for text in contents(path) for one in wanted)]


@pytest.mark.parametrize("is_full", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["incremental", "full"])
def test_P10_an_erased_person_stays_away_from_later_readings(
    tmp_path: Path, database: DatabaseUrl, *, is_full: bool
) -> None:
    first, second, third = nights(tmp_path, 3, survivors=60)
    home = Home(tmp_path / "home")
    home.root.mkdir()
    one, keys = keys_of_one(first, second)

    def read() -> Extract:
        reading = begin(database, home.raw, full=is_full)
        return land(home.raw, reading, jds(), KEY, sift=partial(sift, home, KEY))

    play(database, first)
    read()
    assert holding(home.raw, keys)
    erase(home, KEY, [one], reference="", at=AT)
    assert holding(home.root, keys) == []
    for delivery in (second, third):
        play(database, delivery)
        extract = read()
        assert extract.is_full == is_full, "she is not taken for a row that was missed"
        assert holding(home.root, keys) == []
    assert suppression.n_people(home) == 1, "she is counted as erased, once"
    whole = landed(third, tmp_path / "whole")
    n_before, there = n_episodes(whole), holding(tmp_path / "whole", keys)
    assert there, "the source still holds her"
    sift(home, KEY, whole.folder)
    assert 0 < n_before - n_episodes(whole) <= 5
    assert differences(extracts(home.raw), [whole]) == {}, "and everybody else is read as if nothing had been"


def n_episodes(extract: Extract) -> int:
    with connect() as connection:
        ((count,),) = connection.execute(
            f"select count(*) from {parquet(extract.file('aftercare_episodes'))}"
        ).fetchall()
    return int(count)
