"""A home is proved, copied and brought back whole: `aftercare verify`, `backup`, `restore`. F55, F56, R19, R26."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from flows.backup import PASSING
from flows.errors import Exit
from flows.publish import audit, files
from flows.publish.release import content_hashes, current_release
from flows.warehouse import Home
from tests.conftest import WholeNight
from tests.faults.refusals import Said, refusal, run
from tests.nights import tree_hash

pytestmark = pytest.mark.xdist_group("clean")

Command = Callable[..., Said]


@pytest.fixture
def command(clean_night: WholeNight, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    monkeypatch.setenv("AFTERCARE_KEY_FILE", str(clean_night.key_file))
    return lambda home, *arguments: run(monkeypatch, capsys, home, *arguments)


def kept(home: Path) -> dict[str, str]:
    """Every file and link of a home that a backup holds, by its path inside, but the log, which says what was done to it."""
    found = {name.removeprefix(str(home)): text for name, text in tree_hash(home).items()}
    passing = tuple(f"/{name}" for name in PASSING | {"audit.log", "access.log"})
    return {name: text for name, text in found.items() if not name.startswith(passing)}


def test_a_restored_home_is_the_one_that_was_backed_up(
    clean_night: WholeNight, a_copy: Callable[[WholeNight], WholeNight], tmp_path: Path, command: Command
) -> None:
    home, new = a_copy(clean_night).home, tmp_path / "an empty machine" / "home"
    assert command(home, "backup", tmp_path / "backup").code == 0
    said = command(new, "restore", tmp_path / "backup")
    assert said.code == 0, said.err
    assert "erase again whoever was erased after that time" in said.out
    assert kept(new) == kept(home)
    assert (tmp_path / "backup" / "current").is_symlink()
    live = current_release(Home(home))
    assert current_release(Home(new)) == live
    assert content_hashes(new / "current" / "marts.duckdb") == content_hashes(home / "current" / "marts.duckdb")
    assert [line.what for line in audit.lines(Home(new))][-2:] == ["backup", "restore"]
    assert f"{live}  whole, live" in command(new, "verify").out
    assert command(new, "sql", "select count(*) from core.fct_episode").code == 0
    assert command(home, "backup", tmp_path / "backup").code == Exit.HOME, "a backup is never written over"
    assert command(new, "restore", tmp_path / "backup").code == Exit.HOME, "a home is never written over"
    files.remove_tree(new)


@pytest.mark.parametrize("what", ["changed", "missing", "added", "not complete"])
def test_a_backup_that_is_not_as_it_was_written_makes_no_home(
    clean_night: WholeNight, a_copy: Callable[[WholeNight], WholeNight], tmp_path: Path, command: Command, what: str
) -> None:
    backup, new = tmp_path / "backup", tmp_path / "new"
    assert command(a_copy(clean_night).home, "backup", backup).code == 0
    file = next((backup / "raw").glob("*/survivors.parquet"))
    if what == "changed":
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 1
        file.write_bytes(content)
    elif what == "missing":
        file.unlink()
    elif what == "added":
        file.with_name("more.parquet").write_bytes(b"x")
    else:
        (backup / "backup.json").unlink()
    said = command(new, "restore", backup)
    assert said.code == Exit.VERIFY
    rule = "backup.json is missing or is not one, so the backup is not complete" if what == "not complete" else None
    assert refusal(said.err) == (
        f"restore refused (exit 19): {rule or 'the backup is not as it was written'}.{'' if rule else ' Count: 1.'} "
        "Next: take another backup"
    )
    assert not new.exists()
    assert not list(tmp_path.glob(".restoring-*"))


def test_R19_one_edited_line_of_the_log_fails_the_proof(
    clean_night: WholeNight, a_copy: Callable[[WholeNight], WholeNight], command: Command
) -> None:
    home = a_copy(clean_night).home
    log = home / "audit.log"
    lines = log.read_text(encoding="utf-8").splitlines()
    said = command(home, "verify")
    assert (said.code, said.out.splitlines()[0]) == (0, f"audit log  {len(lines)} lines, each as it was written")
    first = json.loads(lines[0])
    first["at"] = first["at"].replace("2026", "2025")
    log.write_text("\n".join([files.canonical_json(first), *lines[1:]]) + "\n", encoding="utf-8")
    said = command(home, "verify")
    assert said.code == Exit.VERIFY
    assert "line 1 of the audit log is not as it was written" in refusal(said.err)


def test_a_landed_file_that_cannot_be_read_fails_the_proof(
    clean_night: WholeNight, a_copy: Callable[[WholeNight], WholeNight], command: Command
) -> None:
    home = a_copy(clean_night).home
    path = next((home / "raw").glob("*/cases.parquet"))
    path.write_bytes(path.read_bytes()[:-40])
    said = command(home, "verify")
    assert said.code == Exit.VERIFY
    assert refusal(said.err) == (
        "verify refused (exit 19): a delivery that has landed cannot be read. Table: cases. Count: 1. Next: restore the home "
        "from a backup, or make a new one from a full delivery"
    )


@pytest.mark.parametrize("what", ["F55_a_byte_of_the_marts", "F56_a_wal_beside_them", "a_page", "the_manifest"])
def test_what_is_not_as_it_was_released_fails_the_proof(
    clean_night: WholeNight, a_copy: Callable[[WholeNight], WholeNight], command: Command, what: str
) -> None:
    home = a_copy(clean_night).home
    folder = (home / "current").resolve()
    names = {"F55_a_byte_of_the_marts": "marts.duckdb", "a_page": "report/index.html", "the_manifest": "manifest.json"}
    for path in (folder, folder / "report"):
        path.chmod(0o755)
    if what in names:
        path = folder / names[what]
        path.chmod(0o600)
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(bytes(content))
    else:
        (folder / "marts.duckdb.wal").write_bytes(b"x")
    said = command(home, "verify")
    assert said.code == Exit.VERIFY
    assert "publish refused (exit 19): " in refusal(said.err)
