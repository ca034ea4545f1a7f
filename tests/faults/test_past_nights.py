"""Nights played in order from a folder, a date in the past made again, and the way back: equal content hashes."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from flows import history
from flows.errors import Exit
from flows.extract.land import extracts
from flows.extract.simulate import write_next
from flows.publish import manifest
from flows.publish.catalogue import current_release, releases
from flows.publish.files import remove_tree
from flows.run import run_night
from flows.stages import NIGHTLY
from flows.training import release_to_train_on
from flows.warehouse import Home
from tests.conftest import WholeNight, aftercare_here

pytestmark = pytest.mark.xdist_group("past")

# What is estimated and checked is beside the point here, and two fifths of a night.
STAGES = tuple(stage for stage in NIGHTLY if stage.name in {"land delivery", "build marts", "publish"})


@dataclass
class Played:
    """What the command said at each step, and the release that was live after it."""

    home: Home
    said: dict[str, tuple[int, str, str]]
    live: dict[str, str | None]
    hashes: dict[str, dict[str, str]]
    trains_on: str = ""


@pytest.fixture(scope="module")
def played(clean_night: WholeNight, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(run_night.__kwdefaults__, "stages", STAGES)
        made = _played(clean_night, tmp_path_factory.mktemp("past"))
    yield made
    remove_tree(made.home.root)


def _played(clean_night: WholeNight, folder: Path) -> Played:
    home = Home(folder / "home")
    shutil.copytree(clean_night.home, home.root, symlinks=True)
    deliveries = folder / "deliveries"
    shutil.copytree(clean_night.delivery, deliveries / "c")  # names do not tell the order
    shutil.copytree(clean_night.truth, deliveries / "c.truth")
    write_next(deliveries / "b", deliveries / "c", mode="incremental")
    write_next(deliveries / "a", deliveries / "b")
    made = Played(home, {}, {}, {})

    def step(name: str, *arguments: object) -> None:
        done = aftercare_here(*arguments, home=home.root, key_file=clean_night.key_file)
        made.said[name] = (done.returncode, done.stdout, done.stderr)
        live = made.live[name] = current_release(home)
        tables = manifest.read(home.releases / str(live))["tables"]
        made.hashes[name] = {table: facts["content_hash"] for table, facts in tables.items()}

    whole = (deliveries / "a" / "survivors.csv").read_bytes()
    (deliveries / "a" / "survivors.csv").write_bytes(whole[:-5])
    step("stopped", "backfill", "--source", deliveries)
    (deliveries / "a" / "survivors.csv").write_bytes(whole)
    step("gone on", "backfill", "--source", deliveries)
    step("past", "nightly", "--source", deliveries / "a", "--as-of", "2026-11-02")
    made.trains_on = release_to_train_on(home).name
    step("status", "status")
    step("again", "nightly", "--source", deliveries / "b", "--as-of", "2026-11-02")
    step("no database", "nightly", "--source", "postgresql://reader@127.0.0.1:1/jds", "--as-of", "2026-11-02")
    step("too early", "nightly", "--source", deliveries / "a", "--as-of", "2026-10-31")
    step("older", "nightly", "--source", deliveries / "b")
    step("all made", "backfill", "--source", deliveries)
    step("dates", "backfill", "--from", "2026-11-01", "--to", "2026-11-03")
    step("back", "nightly", "--source", deliveries / "a")
    step("status at the end", "status")
    return made


def test_nights_are_played_in_order_until_one_is_refused(played: Played) -> None:
    code, out, err = played.said["stopped"]
    assert code == Exit.DELIVERY
    lines = out.splitlines()
    assert lines == [
        "2026-11-01  was made before: release 2026-11-01-0001",
        "2026-11-02  made: release 2026-11-02-0002",
    ]
    assert "refused (exit 10)" in err


def test_running_again_goes_on_where_it_stopped(played: Played) -> None:
    code, out, _ = played.said["gone on"]
    assert code == Exit.OK
    assert [line[12:].split(":")[0] for line in out.splitlines()[:3]] == ["was made before", "was made before", "made"]
    assert played.live["gone on"] == "2026-11-03-0003"
    assert [extract.landed_for.day for extract in extracts(played.home.raw)] == [1, 2, 3]


def test_a_past_date_is_made_again_as_it_was(played: Played) -> None:
    assert played.said["past"][0] == Exit.OK
    assert played.live["past"] == "2026-11-02-0004"
    assert played.hashes["past"] == played.hashes["stopped"]
    assert played.hashes["past"] != played.hashes["gone on"]


def test_it_says_plainly_that_an_earlier_date_is_live_and_how_to_return(played: Played) -> None:
    for name in ("past", "status"):
        last = next(line for line in played.said[name][1].splitlines() if line.strip().startswith("past"))
        assert "2026-11-02, an earlier date than that of 2026-11-03-0003" in last
        assert "`aftercare nightly` without --as-of" in last
    assert "past" not in played.said["status at the end"][1]


def test_retraining_takes_the_newest_release_and_not_a_past_one(played: Played) -> None:
    assert played.trains_on == "2026-11-03-0003"
    assert release_to_train_on(played.home).name == "2026-11-03-0005"


def test_what_is_there_already_is_not_made_again(played: Played) -> None:
    assert played.said["again"][1].startswith("Nothing to do: release 2026-11-02-0004")
    for name in ("all made", "dates"):
        code, out, _ = played.said[name]
        assert (code, out.count("was made before"), played.live[name]) == (Exit.OK, 3, "2026-11-02-0004"), name
        assert "an earlier date" in out.splitlines()[-1]


def test_a_past_date_does_not_need_the_database(played: Played) -> None:
    code, out, err = played.said["no database"]
    assert (code, err) == (Exit.OK, "")
    assert out.startswith("Nothing to do: release 2026-11-02-0004")


def test_before_the_first_night_nothing_is_known(played: Played) -> None:
    code, _, err = played.said["too early"]
    assert code == Exit.DELIVERY
    assert "nothing had landed by that date" in err
    assert "from 2026-11-01 on" in err


def test_an_older_delivery_without_a_date_is_still_refused(played: Played) -> None:
    assert played.said["older"][0] == Exit.OLDER
    assert played.live["older"] == "2026-11-02-0004"


def test_the_way_back_gives_what_was_live_before(played: Played) -> None:
    assert played.said["back"][0] == Exit.OK
    assert played.live["back"] == "2026-11-03-0005"
    assert played.hashes["back"] == played.hashes["gone on"]
    remembered = history.memory(played.home, played.live["back"])
    assert remembered
    assert (remembered.as_of, remembered.before) == (date(2026, 11, 3), "2026-11-02-0002")
    assert len(releases(played.home)) == 5


def test_nothing_landed_but_what_was_delivered(played: Played) -> None:
    assert len(extracts(played.home.raw)) == 3
    assert not list(Path(played.home.raw).glob(".*"))
