"""What a night leaves as it was: share/ moves with the month, or where a number moves by the threshold or more."""

import shutil
from datetime import date
from pathlib import Path

import duckdb
import pytest

from flows.publish.share import write_share
from flows.publish.sharing.cells import STATE, Row, State, read_state
from flows.publish.sharing.rest import at_rest
from flows.warehouse import Home
from tests.unit.publish.builds import make_facts, publish_one
from tests.unit.publish.share_builds import make_full_build

NOVEMBER = "2026-11"


def rows(**counts: int) -> dict[str, list[Row]]:
    return {"offices": [Row((name,), {"n": n}, {"said": n}) for name, n in counts.items()]}


def state(tables: dict[str, list[Row]], *, month: str = NOVEMBER, threshold: int = 11, definitions: str = "d") -> State:
    return State(month, threshold, definitions, {t: {r.key: r for r in found} for t, found in tables.items()}, {})


def shown(past: State | None, *, month: str = NOVEMBER, threshold: int = 11, definitions: str = "d", **counts: int):
    found = at_rest(rows(**counts), past, month=month, threshold=threshold, definitions=definitions)
    return {row.key[0]: row.n for row in found["offices"]}


def test_9_3_a_cell_stays_until_it_moves_by_the_threshold():
    past = state(rows(a=100, b=50, c=50))
    assert shown(past, a=110, b=61, c=39) == {"a": 100, "b": 61, "c": 39}


def test_9_3_what_a_row_says_moves_with_its_number_only():
    found = at_rest(rows(a=110, b=61), state(rows(a=100, b=50)), month=NOVEMBER, threshold=11, definitions="d")
    assert [row.values["said"] for row in found["offices"]] == [100, 61]


def test_9_3_a_row_that_is_gone_stays_and_a_new_one_waits():
    past = state(rows(a=100, gone=10, left=30))
    assert shown(past, a=101, new=10, large=11) == {"a": 100, "large": 11, "gone": 10}


@pytest.mark.parametrize("change", [{"month": "2026-12"}, {"threshold": 20}, {"definitions": "e"}])
def test_9_3_a_new_month_a_raised_threshold_or_a_definition_publishes_anew(change: dict[str, object]):
    assert shown(state(rows(a=100, b=50)), a=101, **change) == {"a": 101}  # type: ignore[arg-type]


def test_9_3_the_first_release_publishes():
    assert shown(None, a=100) == {"a": 100}


def test_9_3_many_small_moves_add_up_against_what_was_published():
    past = state(rows(a=100))
    for n in (105, 110):
        found = at_rest(rows(a=n), past, month=NOVEMBER, threshold=11, definitions="d")
        past = state(found)
    assert shown(past, a=111) == {"a": 111}


@pytest.fixture(scope="module")
def builds(workshop: Path) -> dict[int, Path]:
    """Builds of a home that grows by four episodes."""
    return {n: make_full_build(workshop / f"rest-{n}.duckdb", n=n) for n in (300, 304)}


def csvs(share: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in share.glob("*.csv")}


class Nights:
    """Nights of one home, as far as share/ goes."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.states = folder, [None]

    def run(self, build: Path, as_of: date, *, after: int | None = None, threshold: int = 11) -> dict[str, bytes]:
        """The CSVs of a night that goes on from the one before, or the one of that number."""
        past = self.states[len(self.states) - 1 if after is None else after]
        share = self.folder / f"night-{len(self.states)}"
        facts = make_facts(Home(self.folder), as_of=as_of, sequence=len(self.states))
        self.states.append(write_share(build, share, facts, threshold=threshold, past=past))  # type: ignore[arg-type]
        return csvs(share)


def test_9_3_nights_of_a_home(tmp_path: Path, builds: dict[int, Path]):
    nights = Nights(tmp_path)
    first = nights.run(builds[300], date(2026, 11, 1))
    assert nights.run(builds[300], date(2026, 11, 1)) == first  # the same night again: the same bytes
    assert nights.run(builds[304], date(2026, 11, 2)) == first
    december = nights.run(builds[304], date(2026, 12, 1))
    assert december["episodes_by_office.csv"] != first["episodes_by_office.csv"]
    told = december["changes.csv"].decode().splitlines()
    assert "episodes_by_office,n_episodes: all,300,305,time,shown" in told
    # After a rollback, or where a past date is made again, what counts is the release that the night goes on from.
    assert nights.run(builds[304], date(2026, 12, 1), after=3) == december
    raised = nights.run(builds[304], date(2026, 12, 2), threshold=40)
    assert raised["episodes_by_office.csv"] != december["episodes_by_office.csv"]


def test_9_3_erased_people_leave_with_the_month(tmp_path: Path, builds: dict[int, Path]):
    nights = Nights(tmp_path)
    before = nights.run(builds[300], date(2026, 11, 1))["episodes_by_office.csv"]
    erased = Path(shutil.copy(builds[300], tmp_path / "erased.duckdb"))
    with duckdb.connect(str(erased)) as connection:
        connection.execute(
            "delete from core.fct_episode where episode_key in "
            "(select episode_key from core.fct_episode where office_id = 'O0' order by 1 limit 4)"
        )
    assert nights.run(erased, date(2026, 11, 2))["episodes_by_office.csv"] == before
    assert "all,all,295,,shown" in nights.run(erased, date(2026, 12, 1))["episodes_by_office.csv"].decode()


def test_9_3_a_release_goes_on_from_what_another_remembers_in_the_home_alone(home: Home, builds: dict[int, Path]):
    name = publish_one(home, builds[300])
    kept = home.history / name / STATE
    assert kept.stat().st_mode & 0o077 == 0
    assert not list(home.releases.rglob(STATE))
    publish_one(home, builds[304], goes_on_from=name)
    assert csvs(home.current / "share") == csvs(home.releases / name / "share")
    assert read_state(home, "2020-01-01-0001") is None
    kept.write_text('{"format": 1}')
    assert read_state(home, name) is None  # an older form is gone on from as from none
