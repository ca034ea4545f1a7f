"""A home of format 1 becomes one of the present format, wherever the upgrade dies on the way; one that is damaged stays as it is."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from flows import history
from flows.errors import Exit, HomeError, VerifyError
from flows.publish import audit
from flows.publish.catalogue import current_release
from flows.publish.files import make_read_only, remove_tree, sha256
from flows.publish.release import content_hashes
from flows.publish.steps import hooked
from flows.upgrade import upgrade
from flows.warehouse import FORMAT_VERSION, Home
from tests.conftest import WholeNight, aftercare
from tests.nights import tree_hash

AT = datetime(2026, 11, 22, tzinfo=UTC)


class Killed(BaseException):
    """Stands for kill -9: nothing in the code may handle it."""


def aged(home: Home) -> Home:
    """The home as version 1 would have left it: no memory of nights, no date that a delivery landed for."""
    for path in home.history.glob(f"*/{history.MEMORY}"):
        path.unlink()
    for path in home.raw.glob("*/extract.json"):
        document = json.loads(path.read_text(encoding="utf-8"))
        del document["landed_for"]
        path.write_text(json.dumps(document, indent=1), encoding="utf-8")
    (home.root / "format").write_text("1\n", encoding="ascii")
    return home


def facts(home: Home) -> dict[str, str]:
    """Every file of the home but its lock and its log, whose lines hold times."""
    found = tree_hash(home.root)
    return {name: text for name, text in found.items() if not name.endswith(("run.lock", "audit.log"))}


@pytest.fixture
def old(clean_night: WholeNight, a_copy: Callable[[WholeNight], WholeNight]) -> Home:
    return aged(Home(a_copy(clean_night).home))


def test_what_the_nights_knew_is_written_down(old: Home, clean_night: WholeNight) -> None:
    then = history.memory(Home(clean_night.home), current_release(old))
    assert "from format 1 to 2" in upgrade(old, at=AT)
    assert history.memory(old, current_release(old)) == then
    landed = [json.loads(path.read_text())["landed_for"] for path in old.raw.glob("*/extract.json")]
    assert landed == ["2026-11-01"]
    assert (old.root / "format").read_text() == f"{FORMAT_VERSION}\n"
    assert audit.lines(old)[-1].what == "upgrade"
    assert not (old.root / ".before-upgrade").exists()
    before = facts(old)
    assert "nothing to do" in upgrade(old, at=AT)
    assert facts(old) == before


@pytest.fixture
def hashed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tables of marts of the same bytes are hashed once, however often a home is verified."""
    known: dict[str, dict[str, str]] = {}

    def once(path: Path) -> dict[str, str]:
        content = sha256(path)
        if content not in known:
            known[content] = content_hashes(path)
        return known[content]

    monkeypatch.setattr("flows.upgrade.content_hashes", once)


@pytest.mark.usefixtures("hashed_once")
def test_it_can_die_anywhere_and_be_run_again(old: Home, tmp_path: Path) -> None:
    points: list[str] = []
    whole = Home(tmp_path / "whole")
    shutil.copytree(old.root, whole.root, symlinks=True)
    with hooked(points.append):
        upgrade(whole, at=AT)
    expected = {name.removeprefix(str(whole.root)): text for name, text in facts(whole).items()}
    assert len(points) > 8
    for dies_at in range(len(points)):
        home = Home(tmp_path / f"dies at {dies_at}")
        shutil.copytree(old.root, home.root, symlinks=True)
        left = iter(range(len(points)))

        def die(_: str, left: object = left, dies_at: int = dies_at) -> None:
            if next(left) == dies_at:  # type: ignore[call-overload]
                raise Killed

        with hooked(die), pytest.raises(Killed):
            upgrade(home, at=AT)
        is_old = (home.root / "format").read_text() == "1\n"
        assert is_old or points[dies_at] == "upgraded", points[dies_at]
        upgrade(home, at=AT)
        found = {name.removeprefix(str(home.root)): text for name, text in facts(home).items()}
        assert found == expected, points[dies_at]
        audit.verify_log(home)
        remove_tree(home.root)
    remove_tree(whole.root)


@pytest.mark.parametrize("what", ["raw", "marts"])
def test_a_home_that_does_not_verify_is_put_back(old: Home, what: str) -> None:
    if what == "raw":
        path = next(old.raw.glob("*/survivors.parquet"))
        path.write_bytes(path.read_bytes()[:-40])
    else:
        folder = old.current.resolve()
        path = folder / "marts.duckdb"
        path.chmod(0o600)
        path.write_bytes(path.read_bytes() + b"\0" * 4096)
        make_read_only(folder)
    before = facts(old)
    with pytest.raises(VerifyError) as error:
        upgrade(old, at=AT)
    assert error.value.code == Exit.VERIFY
    assert facts(old) == before


@pytest.mark.parametrize("text", ["3\n", "0\n", "x"])
def test_a_home_of_a_newer_or_unknown_format_is_left_alone(old: Home, text: str) -> None:
    (old.root / "format").write_text(text, encoding="ascii")
    before = facts(old)
    with pytest.raises(HomeError, match="use the version of the pipeline that made it"):
        upgrade(old, at=AT)
    assert facts(old) == before


def test_a_night_in_an_older_home_names_the_next_step(old: Home, clean_night: WholeNight) -> None:
    done = aftercare("nightly", "--source", clean_night.delivery, home=old.root, key_file=clean_night.key_file)
    assert done.returncode == Exit.HOME
    assert "run aftercare upgrade" in done.stderr
    done = aftercare("upgrade", home=old.root, key_file=clean_night.key_file)
    assert done.returncode == Exit.OK, done.stderr
    done = aftercare("nightly", "--source", clean_night.delivery, home=old.root, key_file=clean_night.key_file)
    assert done.stdout.startswith("Nothing to do")


def test_without_a_home_there_is_nothing_to_upgrade(tmp_path: Path) -> None:
    assert "no home yet" in upgrade(Home(tmp_path / "none"), at=AT)
    assert not (tmp_path / "none").exists()
