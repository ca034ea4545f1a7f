"""P10: an erased person is in no byte and no table of a home, comes back with no delivery and no rollback, and a certificate says so."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import duckdb
import pytest

from flows import access
from flows.erase import suppression
from flows.erase.erase import erase, finish, holds, is_under_way, sift
from flows.erase.generation import exchange
from flows.erase.withdraw import withdraw
from flows.errors import LeaseLostError, VerifyError
from flows.extract.contract import jds
from flows.extract.folder import open_folder
from flows.extract.land import extracts, land
from flows.extract.pseudonymise import pseudonym
from flows.publish import audit, manifest, steps
from flows.publish.files import sha256
from flows.publish.release import open_release, release_folder, verify
from flows.warehouse import Home
from tests.conftest import WholeNight, aftercare_here
from tests.deliveries import rows_of
from tests.nights import KEY, landed
from tests.privacy.scan import contents, files

pytestmark = pytest.mark.xdist_group("clean")
AT = datetime(2026, 11, 3, 9, 0, tzinfo=UTC)
Copy = Callable[[WholeNight], WholeNight]


def person_of(night: WholeNight) -> tuple[str, set[str]]:
    """The id of somebody whose episode is in the marts, and the pseudonyms of her, her episodes and her forms."""
    with duckdb.connect(str(night.home / "current" / "marts.duckdb"), read_only=True) as marts:
        there = {key for (key,) in marts.execute("select survivor_key from core.fct_episode").fetchall()}
    episodes = rows_of(night.delivery, "aftercare_episodes")
    one = next(row["survivor_id"] for row in episodes if pseudonym(KEY, "survivor", row["survivor_id"]) in there)
    own = {row["episode_id"] for row in episodes if row["survivor_id"] == one}
    forms = {row["assessment_id"] for row in rows_of(night.delivery, "aso_assessments") if row["episode_id"] in own}
    kinds = {"survivor": {one}, "episode": own, "assessment": forms}
    return one, {pseudonym(KEY, kind, name) for kind, names in kinds.items() for name in names}


def holding(home: Path, keys: set[str]) -> list[str]:
    """The files of a home in whose bytes or cells one of these keys stands."""
    wanted = [key.encode() for key in keys]
    return [
        path.relative_to(home).as_posix()
        for path in files(home)
        if any(one in content for content in contents(path) for one in wanted)
    ]


@pytest.fixture(scope="module")
def erased(clean_night: WholeNight, tmp_path_factory: pytest.TempPathFactory) -> tuple[WholeNight, str, set[str], str]:
    """A home from which one person was erased by the command; her id, her keys, and what the command said."""
    home = tmp_path_factory.mktemp("erased") / "home"
    shutil.copytree(clean_night.home, home, symlinks=True)
    night = WholeNight(home, clean_night.delivery, clean_night.key_file, 0, "")
    one, keys = person_of(night)
    done = aftercare_here("erase", "--survivor", one, "--reference", "DSR-7", home=home, key_file=night.key_file)
    assert done.returncode == 0, done.stderr
    return night, one, keys, done.stdout + done.stderr


def test_P10_the_scan_finds_a_person_who_was_not_erased(clean_night: WholeNight) -> None:
    _, keys = person_of(clean_night)
    found = holding(clean_night.home, keys)
    assert {path.split("/")[0] for path in found} >= {"raw", "releases", "history"}
    assert any(path.endswith("marts.duckdb") for path in found)


def test_P10_no_byte_and_no_cell_holds_an_erased_person(erased: tuple[WholeNight, str, set[str], str]) -> None:
    night, one, keys, said = erased
    assert len(keys) >= 3
    assert holding(night.home, keys | {one}) == []
    assert not [key for key in keys | {one} if key in said]


def test_P10_the_release_is_a_new_generation_that_verifies_and_everybody_else_is_in_it(
    erased: tuple[WholeNight, str, set[str], str], clean_night: WholeNight
) -> None:
    night, _, keys, _ = erased
    home = Home(night.home)
    folder = release_folder(home)
    verify(folder)
    audit.verify_log(home)
    now, before = manifest.read(folder), manifest.read(release_folder(Home(clean_night.home)))
    assert now["generation"] == 2
    assert now["release_id"] == before["release_id"]
    lost = {table: before["tables"][table]["rows"] - now["tables"][table]["rows"] for table in before["tables"]}
    assert lost["core.dim_survivor"] == 1
    assert lost["core.fct_episode"] == len(keys & episodes_in(clean_night.home))
    assert {table for table, count in lost.items() if count} <= {
        "core.dim_survivor", "core.fct_episode", "aso.fct_assessment", "aso.fct_score", "aso.snapshot", "aso.change",
        "services.timeline", "services.episode_month",
    }  # fmt: skip
    share = {name: facts for name, facts in now["files"].items() if name.startswith(("share/", "report/"))}
    assert share == {name: before["files"][name] for name in share}, "a total that moved would tell who was erased"
    assert (folder.stat().st_mode & 0o777, (folder / "marts.duckdb").stat().st_mode & 0o777) == (0o550, 0o440)


def episodes_in(home: Path) -> set[str]:
    """The keys of all episodes of the live release."""
    with open_release(Home(home)) as marts:
        return {key for (key,) in marts.execute("select episode_key from core.fct_episode").fetchall()}


def test_P10_the_certificate_counts_and_names_nobody(erased: tuple[WholeNight, str, set[str], str]) -> None:
    night, one, keys, _ = erased
    home = Home(night.home)
    (path,) = (night.home / "erasure" / "certificates").glob("*.json")
    text = path.read_text(encoding="utf-8")
    content = json.loads(text)
    assert not [key for key in keys | {one} if key in text]
    assert content["n_people"] == 1
    assert content["reference"] == "DSR-7"
    assert content["proof"]["found"] == 0
    assert {item["path"].split("/")[0] for item in content["files"]} >= {"raw", "history"}
    assert all(item["before"] != item["after"] for item in content["files"])
    last = audit.lines(home)[-1]
    assert (last.what, last.facts["n_people"], last.facts["certificate"]) == ("erase", 1, path.name)
    assert path.stat().st_mode & 0o777 == 0o400
    assert suppression.path(home).stat().st_mode & 0o777 == 0o600
    assert [line["what"] for line in access.lines(home)][-1] == "erase"


def test_P10_the_next_delivery_does_not_bring_her_back(
    erased: tuple[WholeNight, str, set[str], str], a_copy: Copy
) -> None:
    """The same rows delivered again: hers do not land, everybody else's do; new records of hers join the list."""
    night, _, keys, _ = erased
    copy = a_copy(night)
    home = Home(copy.home)
    land(home.raw, open_folder(copy.delivery, jds()), jds(), KEY, sift=partial(sift, home, KEY))
    assert holding(home.raw, keys) == []
    first, second = (
        duckdb.sql(f"select count(*) from read_parquet('{extract.file('aso_scores')}')").fetchall()
        for extract in extracts(home.raw)
    )
    assert first == second
    landed(copy.delivery, home.raw)
    assert holding(home.raw, keys), "without the list she would be back"


def test_P10_the_list_alone_tells_nothing(erased: tuple[WholeNight, str, set[str], str]) -> None:
    night, one, keys, _ = erased
    listed = duckdb.sql(f"from read_parquet('{suppression.path(Home(night.home))}')").fetchall()
    assert len(listed) >= len(keys)
    assert not {token for token, _ in listed} & keys
    assert suppression.n_people(Home(night.home)) == 1
    done = aftercare_here("erase", "--survivor", one, home=night.home, key_file=night.key_file)
    assert done.returncode == 2
    assert "nothing is held here" in done.stderr


@pytest.mark.parametrize(("people", "told"), [(0, 0), (1, 0), (2, 0), (3, 5), (7, 5), (8, 10), (12, 10), (13, 15)])
def test_P24_the_erased_are_counted_rounded(people: int, told: int) -> None:
    assert suppression.rounded(people) == told
    assert duckdb.sql(f"select (5 * round({people} / 5.0))::integer").fetchall() == [(told,)]


KILLED_AT = ("erase: pending", "write suppression list", "wrote suppression list", "erase: listed", "replaced aso_scores.parquet",
             "exchange release", "exchanged release", "erase: releases", "write audit.log")  # fmt: skip


class Killed(BaseException):
    """The process ends here."""


def test_P10_broken_off_anywhere_the_release_can_be_read_and_the_next_run_finishes(
    clean_night: WholeNight, a_copy: Copy
) -> None:
    night = a_copy(clean_night)
    home = Home(night.home)
    one, keys = person_of(night)
    n_episodes = len(episodes_in(night.home))
    for place in KILLED_AT:

        def hook(name: str, place: str = place) -> None:
            if name == place:
                raise Killed

        asked = partial(erase, keys=[pseudonym(KEY, "survivor", one)], reference="")
        with steps.hooked(hook), pytest.raises(Killed):
            (finish if is_under_way(home) else asked)(home, KEY, at=AT)
        assert len(episodes_in(night.home)) in {n_episodes, n_episodes - len(keys & episodes_in(clean_night.home))}
        assert is_under_way(home)
        verify(release_folder(home))
    assert finish(home, KEY, at=AT)
    assert not is_under_way(home)
    assert holding(night.home, keys) == []
    assert suppression.n_people(home) == 1
    assert sum(line.what == "erase" for line in audit.lines(home)) == 1


@pytest.mark.parametrize("asked_before", [*(pytest.param(n, marks=pytest.mark.slow) for n in (0, 1)), 4])
def test_P10_a_run_that_was_overtaken_puts_nothing_in_place(
    clean_night: WholeNight, a_copy: Copy, asked_before: int
) -> None:
    """The fence is asked before each file and each release: at whichever of these it says no, the release stays what it was."""
    night = a_copy(clean_night)
    home = Home(night.home)
    one, keys = person_of(night)
    before = sha256(release_folder(home) / "manifest.json")
    left = iter([None] * asked_before)

    def fence() -> None:
        if next(left, "gone") == "gone":
            raise LeaseLostError("overtaken", stage="home", next_step="none")

    with pytest.raises(LeaseLostError):
        erase(home, KEY, [pseudonym(KEY, "survivor", one)], reference="", at=AT, fence=fence)
    assert sha256(release_folder(home) / "manifest.json") == before
    assert holding(night.home, keys) != []
    assert is_under_way(home)
    assert finish(home, KEY, at=AT)
    assert holding(night.home, keys) == []


def test_P10_a_file_that_still_holds_a_key_is_not_certified(clean_night: WholeNight, a_copy: Copy) -> None:
    night = a_copy(clean_night)
    home = Home(night.home)
    one, _ = person_of(night)
    key = pseudonym(KEY, "survivor", one)
    (home.root / "a note.txt").write_text(f"looked at {key} today", encoding="utf-8")
    with pytest.raises(VerifyError) as refused:
        erase(home, KEY, [key], reference="", at=AT)
    assert key not in refused.value.text()
    assert is_under_way(home)
    assert not list((home.root / "erasure").glob("certificates/*"))
    (home.root / "a note.txt").unlink()
    assert finish(home, KEY, at=AT)


def test_bytes_are_found_across_the_edge_of_a_chunk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flows.erase.erase.CHUNK", 7)
    (tmp_path / "a").write_bytes(b"abcdefghijklmnop")
    assert holds(tmp_path / "a", [b"fghij"])
    assert not holds(tmp_path / "a", [b"fghik"])
    assert not holds(tmp_path / "a", [])


def test_two_folders_change_places_in_one_step(tmp_path: Path) -> None:
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "what").write_text(name)
    exchange(tmp_path / "one", tmp_path / "other")
    assert (tmp_path / "one" / "what").read_text() == "other"
    with pytest.raises(OSError, match="No such file"):
        exchange(tmp_path / "one", tmp_path / "absent")


def test_P24_who_withdraws_consent_leaves_every_kept_release(clean_night: WholeNight, a_copy: Copy) -> None:
    night = a_copy(clean_night)
    home = Home(night.home)
    one, keys = person_of(night)
    key = pseudonym(KEY, "survivor", one)
    with duckdb.connect(str(night.home / "build.duckdb")) as build:
        build.execute("create schema intermediate")
        build.execute(
            "create table intermediate.int_survivor_row as select ? as survivor_key, ? as person_key, 'excluded' as bucket",
            [key, key],
        )
    name = release_folder(home).name
    assert withdraw(home, KEY, night.home / "build.duckdb", at=AT) == [name]
    verify(release_folder(home))
    assert not [path for path in holding(night.home, keys) if path.startswith("releases/")]
    assert withdraw(home, KEY, night.home / "build.duckdb", at=AT) == [], "the second time there is nothing to do"
    assert audit.lines(home)[-1].facts == {"releases": [name]}


@pytest.mark.slow
def test_P10_the_night_after_is_made_without_her_and_a_rollback_does_not_bring_her_back(
    clean_night: WholeNight, a_copy: Copy
) -> None:
    """The same delivery again: there is something to do, since the list changed; she is counted as erased, rounded."""
    night = a_copy(clean_night)
    home = Home(night.home)
    episodes = rows_of(night.delivery, "aftercare_episodes")
    people = sorted({row["survivor_id"] for row in episodes})[:4]
    keys = {pseudonym(KEY, "survivor", one) for one in people}
    keys |= {pseudonym(KEY, "episode", row["episode_id"]) for row in episodes if row["survivor_id"] in people}
    where = {"home": night.home, "key_file": night.key_file}
    named = [part for one in people for part in ("--survivor", one)]
    assert aftercare_here("erase", *named, **where).returncode == 0
    first = release_folder(home).name
    done = aftercare_here("nightly", "--source", night.delivery, **where)
    assert done.returncode == 0, done.stderr
    assert release_folder(home).name != first
    with open_release(home) as marts:
        counted = dict(marts.execute("select reason, n_survivors_rounded from meta.exclusion").fetchall())
    assert counted["erased"] == 5
    assert holding(night.home, keys) == []
    assert aftercare_here("rollback", **where).returncode == 0
    assert release_folder(home).name == first
    assert holding(night.home, keys) == []
