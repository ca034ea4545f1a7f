"""P7: a home that changes the setting: releases in clear and encrypted ones beside each other, and every way to open them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from flows import keyring
from flows.errors import Exit, KeyProblemError
from flows.forms import form_rows
from flows.publish import manifest
from flows.publish.diff import difference
from flows.publish.hold import lift
from flows.publish.release import open_release, rollback, verify
from flows.publish.sharing.cells import read_state
from flows.unlock import keys_of
from flows.warehouse import MARTS, Home, is_sealed
from tests.nights import KEY
from tests.unit.publish.builds import AT, publish_one


def seal(*, encrypts: bool = True) -> None:
    keyring.use(lambda: keys_of(KEY), encrypts=encrypts)


@dataclass(frozen=True)
class Mixed:
    """A home with the same build published in clear, then encrypted: the names of the two."""

    home: Home
    clear: str
    sealed: str

    @property
    def folders(self) -> tuple[Path, Path]:
        return self.home.releases / self.clear, self.home.releases / self.sealed


@pytest.fixture(scope="module")
def made(workshop: Path, build: Path) -> Iterator[Mixed]:
    home = Home(workshop / "mixed")
    home.root.mkdir()
    seal(encrypts=False)
    first = publish_one(home, build)
    seal()
    yield Mixed(home, first, publish_one(home, build, goes_on_from=first))
    keyring.use(dict, encrypts=False)


@pytest.fixture
def mixed(made: Mixed) -> Mixed:
    """That home, with its keys at hand."""
    seal()
    return made


def test_P7_a_release_says_the_same_in_clear_and_encrypted(mixed: Mixed) -> None:
    clear, sealed = mixed.folders
    assert (is_sealed(clear / MARTS), is_sealed(sealed / MARTS)) == (False, True)
    assert ((clear / "parquet").is_dir(), (sealed / "parquet").exists()) == (True, False)
    one, other = (manifest.read(folder)["tables"] for folder in (clear, sealed))
    assert one == other
    told = difference(clear, sealed)
    assert (told.tables, told.definitions) == ([], [])
    for folder in (clear, sealed):
        verify(folder)
    states = [read_state(mixed.home, folder.name) for folder in mixed.folders]
    assert states[0]
    assert states[1]
    assert states[0].tables == states[1].tables
    assert is_sealed(mixed.home.history / sealed.name / "share.json")
    assert not is_sealed(mixed.home.history / clear.name / "share.json")


def test_P7_it_is_told_which_is_which(mixed: Mixed) -> None:
    told = {(row["layer"], row["what"]): (row["encrypted"], row["in clear"]) for row in form_rows(mixed.home)}
    assert told["releases", mixed.sealed] == (1, 0)
    assert told["releases", mixed.clear][0] == 0
    assert told["history", mixed.sealed] == (1, 0)


@pytest.mark.parametrize("encrypts", [True, False])
def test_P7_both_are_read_and_rolled_back_to_whatever_the_setting(mixed: Mixed, build: Path, *, encrypts: bool) -> None:
    seal(encrypts=encrypts)
    for name in (mixed.clear, mixed.sealed):
        with open_release(mixed.home, name) as connection:
            assert connection.execute("select release_id from meta.release").fetchall() == [(name,)]
    assert rollback(mixed.home, mixed.clear, at=AT, why="") == mixed.clear
    lift(mixed.home)
    after = publish_one(mixed.home, build, goes_on_from=mixed.clear)
    assert is_sealed(mixed.home.releases / after / MARTS) == encrypts


def test_P7_an_encrypted_release_is_closed_to_sql_and_its_key_is_not_shown(mixed: Mixed) -> None:
    key = keyring.text_of(keys_of(KEY)[keyring.RELEASES])
    with open_release(mixed.home, mixed.sealed) as connection:
        shown = [
            connection.execute(f"from {name}()").fetchall()
            for name in ("duckdb_databases", "duckdb_settings", "duckdb_variables", "duckdb_logs")
        ]
        assert key not in repr(shown)
        for path in (mixed.folders[0] / MARTS, mixed.home.history / mixed.sealed / "share.json"):
            with pytest.raises(duckdb.Error, match="disabled"):
                connection.execute(f"attach '{path}' as other (read_only, encryption_key '{key}')")
    keyring.use(dict, encrypts=False)
    with pytest.raises(KeyProblemError, match="not at hand") as refused:
        open_release(mixed.home, mixed.sealed)
    assert refused.value.code == Exit.KEY
