"""`aftercare config`: what is set and from where, and what would refuse a night, with nothing written."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from flows.errors import Exit
from flows.extract.simulate import Parameters, write_delivery
from flows.settings import Settings
from tests.faults.refusals import Said, run
from tests.nights import SECRET, tree_hash

Command = Callable[..., Said]


@pytest.fixture(scope="module")
def delivery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("configuration") / "delivery"
    write_delivery(folder, Parameters(survivors=50))
    return folder


@pytest.fixture
def config(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Command:
    """`aftercare config …` on a new home with a good key file."""
    for name in [name for name in os.environ if name.startswith("AFTERCARE_")]:
        monkeypatch.delenv(name)
    key = tmp_path / "key"
    key.write_text(SECRET.hex(), encoding="ascii")
    key.chmod(0o600)
    monkeypatch.setenv("AFTERCARE_KEY_FILE", str(key))
    monkeypatch.setenv("COLUMNS", "200")
    return lambda *words: run(monkeypatch, capsys, tmp_path / "home", "config", *words)


def test_every_setting_is_shown_with_its_origin_and_no_secret(config: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AFTERCARE_KEY", SECRET.hex())
    monkeypatch.setenv("AFTERCARE_DRAWS", "100")
    said = config("show", "--source", "/a/folder")
    assert said.code == Exit.OK
    lines = {line.split()[0]: line for line in said.out.splitlines() if line.startswith("AFTERCARE_")}
    assert set(lines) == {f"AFTERCARE_{name.upper()}" for name in Settings.model_fields}
    assert lines["AFTERCARE_SOURCE"].split("│")[1:] == [lines["AFTERCARE_SOURCE"].split("│")[1], " option     "]
    assert "environment" in lines["AFTERCARE_DRAWS"]
    assert "default" in lines["AFTERCARE_SEED"]
    assert "***" in lines["AFTERCARE_KEY"]
    assert SECRET.hex() not in said.out


def test_a_good_configuration_is_ok_line_by_line_and_writes_nothing(
    config: Command, delivery: Path, tmp_path: Path
) -> None:
    before = tree_hash(tmp_path)
    said = config("validate", "--source", str(delivery))
    assert said.code == Exit.OK
    lines = said.out.splitlines()
    assert [line.split()[0] for line in lines] == ["settings", "key", "home", "source", "notify"]
    assert all(line[10:].startswith("ok: ") for line in lines)
    assert tree_hash(tmp_path) == before


def _open_to_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "key").chmod(0o644)


def _older_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "format").write_text("1\n", encoding="ascii")


def _no_webhook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AFTERCARE_NOTIFY_URL", "mailto:somebody-secret")


def _no_setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AFTERCARE_DRAUGHTS", "3")


@pytest.mark.parametrize(
    ("spoil", "line", "code", "next_step"),
    [
        (_open_to_all, "key", Exit.KEY, "chmod 600"),
        (_older_home, "home", Exit.HOME, "run aftercare upgrade"),
        (_no_webhook, "notify", Exit.USAGE, "AFTERCARE_NOTIFY_URL"),
        (_no_setting, "settings", Exit.USAGE, "env.example"),
    ],
)
def test_what_would_refuse_a_night_is_named_with_what_to_do(
    config: Command, delivery: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    spoil: Callable[[Path, pytest.MonkeyPatch], None], line: str, code: Exit, next_step: str,
) -> None:  # fmt: skip
    spoil(tmp_path, monkeypatch)
    said = config("validate", "--source", str(delivery))
    assert said.code == code
    told = next(one for one in (said.out + said.err).splitlines() if one.startswith(line) and "refused" in one)
    assert f"(exit {int(code)})" in told
    assert next_step in told
    assert "somebody-secret" not in said.out + said.err


def test_a_source_that_is_not_there_or_not_whole_is_refused(config: Command, tmp_path: Path) -> None:
    said = config("validate", "--source", str(tmp_path / "nothing"))
    assert said.code == Exit.DELIVERY
    assert "the delivery folder does not exist" in said.out


def test_without_a_source_the_embedded_one_is_named_and_not_made(config: Command, tmp_path: Path) -> None:
    said = config("validate")
    assert said.code == Exit.OK
    assert "will simulate 2,000 survivors" in said.out
    assert not (tmp_path / "home.embedded-jds").exists()
