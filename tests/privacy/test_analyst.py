"""P8: what an analyst's connection lets nobody do, who may read which file, and what is written down of a read."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from flows import access
from flows.errors import HomeError
from flows.publish.release import release_folder
from flows.roles import OWNER_ALONE, enforce
from flows.warehouse import Home
from tests.conftest import WholeNight, aftercare, aftercare_here

pytestmark = pytest.mark.xdist_group("clean")

ESCAPES = [
    "copy core.fct_episode to '{out}'",
    "copy (select 1) to '{out}' (format parquet)",
    "export database '{out}'",
    "install httpfs",
    "load httpfs",
    "force install httpfs",
    "attach '{casework}' as c (read_only)",
    "attach '{out}' as c",
    "select * from read_csv('{secret}', auto_detect=true)",
    "select * from read_text('{secret}')",
    "select * from read_blob('{secret}')",
    "select * from read_parquet('{raw}')",
    "select * from '{raw}'",
    "select * from glob('{root}/*')",
    "select getenv('HOME')",
    "pragma enable_profiling='json'",
    "pragma profile_output='{out}'",
    "pragma temp_directory='{out}'",
    "set temp_directory='{out}'",
    "set enable_external_access=true",
    "set lock_configuration=false",
    "set allowed_directories=['/']",
    "reset enable_external_access",
    "set autoinstall_known_extensions=true",
    "create secret s (type s3)",
    "create table core.mine (a int)",
    "update core.dim_office set name = 'x'",
    "delete from core.fct_episode",
    "drop schema core cascade",
    "alter table core.dim_office rename to other",
    "import database '{root}'",
]


@pytest.mark.parametrize("statement", ESCAPES)
def test_P8_the_analysts_command_reaches_nothing_but_the_release(
    clean_night: WholeNight, tmp_path: Path, statement: str
) -> None:
    home = Home(clean_night.home)
    before = {path.name for path in home.root.iterdir()}
    query = statement.format(
        out=tmp_path / "out",
        secret=clean_night.key_file,
        casework=home.casework / "casework.duckdb",
        raw=next(home.raw.glob("*/survivors.parquet")),
        root=home.root,
    )
    done = aftercare_here("sql", query, home=home.root, key_file=clean_night.key_file)
    assert done.returncode == 2, done.stdout
    assert clean_night.key_file.read_text(encoding="ascii") not in done.stdout + done.stderr
    assert not (tmp_path / "out").exists()
    assert {path.name for path in home.root.iterdir()} - {access.NAME} == before - {access.NAME}
    assert aftercare_here("sql", "select 1", home=home.root, key_file=clean_night.key_file).returncode == 0


def test_P8_a_log_of_duckdb_writes_no_file(clean_night: WholeNight, tmp_path: Path) -> None:
    """DuckDB 1.5 refuses by ending the process (an exception that it does not catch), so this runs in one of its own."""
    query = f"call enable_logging(storage='file', storage_path='{tmp_path / 'out'}')"
    done = aftercare("sql", query, home=clean_night.home, key_file=clean_night.key_file)
    assert done.returncode != 0
    assert not (tmp_path / "out").exists()


def test_P8_the_pipelines_user_alone_reads_what_is_not_released(clean_night: WholeNight) -> None:
    """Modes as the night leaves them: the group reads releases, others nothing at all."""
    home = Home(clean_night.home)
    there = [name for name in OWNER_ALONE if (home.root / name).exists()]
    assert {"raw", "history", "runs", "models", "casework"} <= set(there)
    assert {name: stat.S_IMODE((home.root / name).stat().st_mode) for name in there} == dict.fromkeys(there, 0o700)
    assert stat.S_IMODE(home.root.stat().st_mode) == 0o750
    assert stat.S_IMODE((home.casework / "casework.duckdb").stat().st_mode) == 0o600
    assert stat.S_IMODE(clean_night.key_file.stat().st_mode) == 0o600
    folder = release_folder(home)
    modes = {stat.S_IMODE(path.stat().st_mode) for path in [folder, *folder.rglob("*")]}
    assert modes == {0o550, 0o440}


def test_P8_a_home_that_others_could_read_is_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = Home(tmp_path / "home")
    home.raw.mkdir(parents=True)
    for folder in (home.root, home.raw):
        folder.chmod(0o777)
    enforce(home)
    assert stat.S_IMODE(home.raw.stat().st_mode) == 0o700
    assert stat.S_IMODE(home.root.stat().st_mode) == 0o750
    home.raw.chmod(0o755)

    def of_another(self: Path, mode: int) -> None:
        raise PermissionError(1, "not yours")

    monkeypatch.setattr(Path, "chmod", of_another)
    with pytest.raises(HomeError):
        enforce(home)


def test_P8_reads_are_written_down_without_what_was_asked(clean_night: WholeNight) -> None:
    home = Home(clean_night.home)
    before = len(access.lines(home))
    office = "O-0000001"
    query = "select count(*) as secret_word from core.fct_episode"
    for arguments in (("sql", query), ("worklist", "--office", office), ("key", "survivor", "S-0000001")):
        assert aftercare_here(*arguments, home=home.root, key_file=clean_night.key_file).returncode == 0
    said = aftercare_here("subject-access", "--survivor", "S-0000001", home=home.root, key_file=clean_night.key_file)
    assert said.returncode == 0, said.stderr
    lines = access.lines(home)[before:]
    assert [line["what"] for line in lines] == ["sql", "worklist", "key", "subject-access"]
    assert all(line["who"] and line["at"].endswith("+00:00") for line in lines)
    assert lines[0]["facts"]["statement"] == access.statement_hash(query)
    assert not [word for word in ("secret_word", "S-0000001") if word in json.dumps(lines)]
    assert stat.S_IMODE((home.root / access.NAME).stat().st_mode) == 0o660


def test_P8_a_read_that_cannot_be_written_down_does_not_happen(
    clean_night: WholeNight, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "no space left")

    monkeypatch.setattr("flows.access.os.write", full)
    done = aftercare_here("sql", "select 4711", home=clean_night.home, key_file=clean_night.key_file)
    assert done.returncode == 16
    assert "4711" not in done.stdout


def test_subject_access_shows_every_layer_and_nobody_else(clean_night: WholeNight) -> None:
    done = aftercare_here(
        "subject-access", "--episode", "E-0000001", "--format", "json", home=clean_night.home, key_file=clean_night.key_file
    )  # fmt: skip
    held = json.loads(done.stdout)
    layers = {where.split()[0] for one in held for where in one["in"]}
    assert {"raw", "release"} <= layers
    people = {one["row"]["survivor_key"] for one in held if one["table"] in {"survivors", "core.fct_episode"}}
    assert len(people) == 1
    assert {"survivors", "aftercare_episodes", "core.dim_survivor", "core.fct_episode"} <= {
        one["table"] for one in held
    }
    nobody = aftercare_here("subject-access", "--survivor", "S-x", home=clean_night.home, key_file=clean_night.key_file)
    assert nobody.returncode == 2
    assert "S-x" not in nobody.stderr
