"""P7: a home that changes the setting: releases in clear and encrypted ones beside each other, and every way to open them."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from flows import keyring
from flows.errors import Exit, KeyProblemError
from flows.forms import form_rows
from flows.publish import manifest
from flows.publish.diff import difference
from flows.publish.hold import lift
from flows.publish.release import open_release, releases, rollback, verify
from flows.publish.sharing.cells import read_state
from flows.unlock import keys_of
from flows.warehouse import MARTS, Home, is_sealed
from tests.nights import KEY
from tests.unit.publish.builds import AT, publish_one


def seal(*, encrypts: bool = True) -> None:
    keyring.use(lambda: keys_of(KEY), encrypts=encrypts)


@pytest.fixture
def mixed(home: Home, build: Path) -> Home:
    """The same build published in clear, then encrypted."""
    seal(encrypts=False)
    first = publish_one(home, build)
    seal()
    publish_one(home, build, goes_on_from=first)
    return home


def names(home: Home) -> tuple[str, str]:
    newest, oldest = (one.release_id for one in releases(home))
    return oldest, newest


def test_P7_a_release_says_the_same_in_clear_and_encrypted(mixed: Home) -> None:
    clear, sealed = (mixed.releases / name for name in names(mixed))
    assert (is_sealed(clear / MARTS), is_sealed(sealed / MARTS)) == (False, True)
    assert ((clear / "parquet").is_dir(), (sealed / "parquet").exists()) == (True, False)
    one, other = (manifest.read(folder)["tables"] for folder in (clear, sealed))
    assert one == other
    told = difference(clear, sealed)
    assert (told.tables, told.definitions) == ([], [])
    for folder in (clear, sealed):
        verify(folder)
    states = [read_state(mixed, name) for name in names(mixed)]
    assert states[0]
    assert states[1]
    assert states[0].tables == states[1].tables
    assert is_sealed(mixed.history / sealed.name / "share.json")
    assert not is_sealed(mixed.history / clear.name / "share.json")


def test_P7_it_is_told_which_is_which(mixed: Home) -> None:
    told = {(row["layer"], row["what"]): (row["encrypted"], row["in clear"]) for row in form_rows(mixed)}
    clear, sealed = names(mixed)
    assert told["releases", sealed] == (1, 0)
    assert told["releases", clear][0] == 0
    assert told["history", sealed] == (1, 0)


@pytest.mark.parametrize("encrypts", [True, False])
def test_P7_both_are_read_and_rolled_back_to_whatever_the_setting(mixed: Home, build: Path, *, encrypts: bool) -> None:
    seal(encrypts=encrypts)
    for name in names(mixed):
        with open_release(mixed, name) as connection:
            assert connection.execute("select release_id from meta.release").fetchall() == [(name,)]
    clear, _ = names(mixed)
    assert rollback(mixed, clear, at=AT, why="") == clear
    lift(mixed)
    after = publish_one(mixed, build, goes_on_from=clear)
    assert is_sealed(mixed.releases / after / MARTS) == encrypts


def test_P7_an_encrypted_release_is_closed_to_sql_and_its_key_is_not_shown(mixed: Home) -> None:
    clear, sealed = names(mixed)
    key = keyring.text_of(keys_of(KEY)[keyring.RELEASES])
    with open_release(mixed, sealed) as connection:
        shown = [
            connection.execute(f"from {name}()").fetchall()
            for name in ("duckdb_databases", "duckdb_settings", "duckdb_variables", "duckdb_logs")
        ]
        assert key not in repr(shown)
        for path in (mixed.releases / clear / MARTS, mixed.history / sealed / "share.json"):
            with pytest.raises(duckdb.Error, match="disabled"):
                connection.execute(f"attach '{path}' as other (read_only, encryption_key '{key}')")
    keyring.use(dict, encrypts=False)
    with pytest.raises(KeyProblemError, match="not at hand") as refused:
        open_release(mixed, sealed)
    assert refused.value.code == Exit.KEY
