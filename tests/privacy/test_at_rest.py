"""Files at rest: which form each has, that the key at hand decides who opens it, and that nothing falls back to clear."""

from __future__ import annotations

import os
from pathlib import Path

import duckdb
import pytest

from flows import keyring
from flows.errors import Exit, KeyProblemError
from flows.extract.pseudonymise import Key
from flows.keyring import EncryptionError
from flows.settings import load
from flows.unlock import keys_of, unlock, write_reader_key
from flows.warehouse import attach, connect, is_sealed, parquet, read_text, readable, write_parquet, write_text
from tests.nights import KEY, settings_for

ROW = "a-row-of-a-person"


def seal(key: Key = KEY) -> None:
    """Write encrypted from now on, under the keys of this one."""
    keyring.use(lambda: keys_of(key), encrypts=True)


def in_clear() -> None:
    """Write in clear from now on; the keys stay at hand."""
    keyring.use(lambda: keys_of(KEY), encrypts=False)


def a_file(path: Path) -> Path:
    with connect(path) as connection:
        connection.execute(f"create table t as select '{ROW}' || i as v from range(100) as r(i)")
    return path


def a_parquet(path: Path, value: str = ROW) -> Path:
    with connect() as connection:
        write_parquet(connection, f"select '{value}' as v, 1 as {value[0]}", path)
    return path


def test_P7_no_byte_of_an_encrypted_file_can_be_read(tmp_path: Path) -> None:
    clear = a_file(tmp_path / "clear.duckdb").read_bytes() + a_parquet(tmp_path / "clear.parquet").read_bytes()
    assert clear.count(ROW.encode()) > 1, "in clear it stands there"
    seal()
    files = [a_file(tmp_path / "build.duckdb"), a_file(tmp_path / "marts.duckdb"), a_parquet(tmp_path / "raw.parquet")]
    write_text(tmp_path / "reviews.csv", f"{ROW}\n")
    for file in [*files, tmp_path / "reviews.csv"]:
        assert is_sealed(file)
        assert ROW.encode() not in file.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "build.duckdb", "clear.duckdb", "clear.parquet", "marts.duckdb", "raw.parquet", "reviews.csv",
    ], "no log of writes and no unfinished file lies beside them"  # fmt: skip


def test_P7_a_write_ahead_log_is_encrypted_too(tmp_path: Path) -> None:
    seal()
    with connect(tmp_path / "build.duckdb") as connection:
        connection.execute(f"create table t as select '{ROW}' as v")
        log = (tmp_path / "build.duckdb.wal").read_bytes()
    assert len(log) > 20
    assert ROW.encode() not in log


def test_P7_each_file_is_read_in_its_own_form_whatever_the_setting(tmp_path: Path) -> None:
    old = a_parquet(tmp_path / "old.parquet", "x")
    plain = a_file(tmp_path / "plain.duckdb")
    write_text(tmp_path / "plain.json", "one")
    seal()
    new, sealed = a_parquet(tmp_path / "new.parquet", "y"), a_file(tmp_path / "build.duckdb")
    write_text(tmp_path / "sealed.json", "two")
    for encrypts in (True, False):
        keyring.use(lambda: keys_of(KEY), encrypts=encrypts)
        with connect() as connection:
            rows = connection.execute(f"select v, x, y from {readable(connection, old, new)} order by v").fetchall()
            assert rows == [("x", 1, None), ("y", None, 1)]
            attach(connection, plain, "plain")
            attach(connection, sealed, "sealed")
            assert connection.execute("from plain.t except from sealed.t").fetchall() == []
        assert [read_text(tmp_path / f"{name}.json") for name in ("plain", "sealed")] == ["one", "two"]
        with connect(sealed) as connection:
            connection.execute(f"insert into t values ('{encrypts}')")
        assert is_sealed(sealed), "a file keeps its form"
        assert not is_sealed(plain)


def test_P7_the_key_of_releases_opens_marts_and_nothing_else(tmp_path: Path) -> None:
    seal()
    marts, build = a_file(tmp_path / "marts.duckdb"), a_file(tmp_path / "build.duckdb")
    raw = a_parquet(tmp_path / "raw.parquet")
    write_reader_key(KEY, tmp_path / "reader")
    assert os.stat(tmp_path / "reader").st_mode & 0o777 == 0o640
    unlock(settings_for(tmp_path, key=None, key_file=tmp_path / "none", reader_key_file=tmp_path / "reader"))
    with connect(marts, read_only=True) as connection:
        assert connection.execute("select count(*) from t").fetchall() == [(100,)]
        with pytest.raises(KeyProblemError, match="not at hand"):
            readable(connection, raw)
    with pytest.raises(KeyProblemError, match="not at hand"):
        connect(build, read_only=True)
    assert not (tmp_path / "none").exists(), "no key is made where one was looked for"
    keyring.use(lambda: {keyring.HOME: keys_of(KEY)[keyring.RELEASES]}, encrypts=False)
    with pytest.raises(KeyProblemError, match="another key"):
        connect(build, read_only=True)


def test_P7_another_key_opens_nothing_and_says_so(tmp_path: Path) -> None:
    seal()
    build, raw = a_file(tmp_path / "build.duckdb"), a_parquet(tmp_path / "raw.parquet")
    write_text(tmp_path / "reviews.csv", "one")
    seal(Key(b"another key of thirty-two bytes!"))
    for opens in (
        lambda: connect(build),
        lambda: connect(build, read_only=True),
        lambda: read_text(tmp_path / "reviews.csv"),
    ):
        with pytest.raises(KeyProblemError, match="encrypted under another key") as refused:
            opens()
        assert refused.value.code == Exit.KEY
    with connect(temp_directory=tmp_path / "spill") as connection, pytest.raises(duckdb.Error) as error:
        connection.execute(f"from {parquet(raw)}")
    assert keyring.is_wrong_key(error.value)


def test_P7_without_the_extension_the_setting_refuses_and_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seal()
    sealed = a_file(tmp_path / "marts.duckdb")
    monkeypatch.setattr("flows.keyring.importlib.util.find_spec", lambda name: None)
    monkeypatch.setenv("AFTERCARE_ENCRYPTION", "on")
    with pytest.raises(EncryptionError, match="nothing can be encrypted") as refused:
        load(home=tmp_path / "home", key_file=tmp_path / "key")
    assert refused.value.code == Exit.USAGE
    for writes in (
        lambda: connect(tmp_path / "build.duckdb"),
        lambda: a_parquet(tmp_path / "raw.parquet"),
        lambda: write_text(tmp_path / "reviews.csv", ROW),
    ):
        with pytest.raises(EncryptionError):
            writes()
    left = [path.name for path in tmp_path.iterdir() if path.is_file() and path != sealed]
    assert not [name for name in left if ROW.encode() in (tmp_path / name).read_bytes()]
    assert not {"build.duckdb", "raw.parquet", "reviews.csv"} & set(left)
    monkeypatch.setenv("AFTERCARE_ENCRYPTION", "off")
    load(home=tmp_path / "home", key_file=tmp_path / "key")


def test_P7_keys_are_told_apart_and_say_nothing_of_the_pseudonym_key() -> None:
    keys = keys_of(KEY)
    assert len({*keys.values(), KEY.secret, KEY.derive("suppression")}) == 4
    assert all(len(key) == keyring.LENGTH for key in keys.values())
    assert keys_of(Key(b"another key of thirty-two bytes!")) != keys


@pytest.mark.parametrize(("text", "mode"), [("", 0o600), ("c2hvcnQ=", 0o600), ("x" * 44, 0o604), ("é", 0o600)])
def test_P7_a_key_file_of_releases_that_cannot_be_used_is_refused(tmp_path: Path, text: str, mode: int) -> None:
    seal()
    marts = a_file(tmp_path / "marts.duckdb")
    (tmp_path / "reader").write_text(text, encoding="utf-8")
    (tmp_path / "reader").chmod(mode)
    unlock(settings_for(tmp_path, key=None, key_file=tmp_path / "none", reader_key_file=tmp_path / "reader"))
    with pytest.raises(KeyProblemError) as refused:
        connect(marts, read_only=True)
    assert refused.value.code == Exit.KEY
    assert text not in refused.value.text() or not text
