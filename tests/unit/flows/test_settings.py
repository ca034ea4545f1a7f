"""Settings, the lock of a home, the version, errors as text, and what one night remembers for the next."""

from __future__ import annotations

import os
import pickle
import re
from datetime import date
from pathlib import Path

import duckdb
import pytest

from flows import history, settings
from flows.errors import ContractError, Exit, HeldError, HomeError, LockedError, StageError
from flows.lock import hold_home
from flows.settings import SettingsError, child_environment, load
from flows.version import code_version, lock_hash
from flows.warehouse import FORMAT_VERSION, Home, connect


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AFTERCARE_")]:
        monkeypatch.delenv(name)


def test_the_environment_is_read_and_the_command_line_goes_before(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AFTERCARE_HOME", "here")
    monkeypatch.setenv("AFTERCARE_DRAWS", "30")
    assert (load().home, load().draws) == (Path("here"), 30)
    assert load(home=tmp_path, source=None).home == tmp_path


@pytest.mark.parametrize("name", ["AFTERCARE_SEEDS", "AFTERCARE_", "AFTERCARE_HOME_DIR"])
def test_a_setting_nobody_knows_is_refused(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "hush")
    with pytest.raises(SettingsError) as error:
        load()
    assert name in error.value.text()
    assert "hush" not in error.value.text()
    assert error.value.code == Exit.USAGE


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SMALL_NUMBER", "5"),
        ("SMALL_NUMBER", "10"),
        ("DRAWS", "many"),
        ("KEEP_RELEASES", "1"),
        ("THREADS", "-1"),
        ("SURVIVORS", "3"),
    ],
)
def test_R32_a_value_that_cannot_be_used_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"AFTERCARE_{name}", value)
    with pytest.raises(SettingsError) as error:
        load()
    assert name.lower() in error.value.text()


def test_the_key_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AFTERCARE_KEY", "ab" * 32)
    assert "abab" not in repr(load()) + str(load()) + load().model_dump_json()


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(Exception, match="frozen"):
        load().seed = 1


def test_child_processes_send_nothing_home() -> None:
    told = child_environment(EXTRA="1")
    assert (told["DO_NOT_TRACK"], told["DBT_SEND_ANONYMOUS_USAGE_STATS"], told["EXTRA"]) == ("1", "false", "1")


def test_every_setting_says_what_it_is() -> None:
    assert all(field.description for field in settings.Settings.model_fields.values())


def test_one_run_at_a_time(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    with hold_home(home):
        with pytest.raises(LockedError), hold_home(home):
            pass
        assert (home.root / "format").read_text(encoding="ascii") == f"{FORMAT_VERSION}\n"
    with hold_home(home):
        pass


def test_an_error_lets_the_lock_go(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    with pytest.raises(ZeroDivisionError), hold_home(home):
        1 / 0  # noqa: B018
    with hold_home(home):
        pass


@pytest.mark.parametrize("text", ["1\n", "3\n", "", "x", "é"])
def test_a_home_of_another_format_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "format").write_text(text, encoding="utf-8")
    with pytest.raises(HomeError), hold_home(Home(tmp_path)):
        pass


def test_the_version_names_the_code() -> None:
    assert re.fullmatch(r"\d+(\.\d+)*\+[0-9a-f]{8}", code_version())
    assert re.fullmatch(r"[0-9a-f]{64}", lock_hash())


def test_an_error_is_one_paragraph_and_survives_a_process_border() -> None:
    error = ContractError("a rule", stage="landing", table="cases", count=1234, next_step="do this")
    assert error.text() == str(error) == "landing refused (exit 11): a rule. Table: cases. Count: 1,234. Next: do this"
    error.is_live = True
    text = "landing refused (exit 11): a rule. Table: cases. Count: 1,234. The last release stays live. Next: do this"
    assert error.text() == str(error) == text
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), again.text(), again.code) == (ContractError, text, Exit.CONTRACT)


def test_every_kind_of_error_has_a_code_of_its_own() -> None:
    kinds = [kind for kind in StageError.__subclasses__() if kind.__module__ == "flows.errors"]
    codes = [kind.code for kind in kinds]
    assert len(set(codes)) == len(codes)
    assert set(Exit) - set(codes) == {Exit.OK, Exit.UNEXPECTED, Exit.USAGE}
    assert HeldError.code == 15


def a_build(path: Path, gone: list[str]) -> Path:
    """A build file with what history reads."""
    with duckdb.connect(str(path)) as build:
        build.execute("create schema intermediate; create schema history")
        build.execute(
            "create table intermediate.int_key_known_before as select 'cases' as table_name, unnest(?::varchar[]) as key, true as is_gone",
            [gone],
        )
        build.execute("create table history.assessment_history as select 'a1' as assessment_key, 3.5 as total")
        build.execute(history.HEADLINES_DECLARED)
        build.execute(
            "create table intermediate.int_night_count as select 'cases.volume' as check_id, 'rows' as code, 7 as n"
        )
    return path


def remembered(release: str) -> history.Memory:
    """What the night of a release knew."""
    return history.Memory(release, date(2026, 11, 1), None, (1, 2), "f", ("m",), ("delivery.gap",))


def test_history_goes_with_its_release(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    assert history.gone_keys(home, None) is None
    for number, release in enumerate(("r1", "r2")):
        history.keep(home, a_build(tmp_path / f"{release}.duckdb", ["x"] * (number + 1)), remembered(release))
    history.keep(home, tmp_path / "r1.duckdb", remembered("r1"))
    assert history.memory(home, "r1") == remembered("r1")
    assert history.memory(home, "r3") is None
    assert sorted(path.name for path in home.history.iterdir()) == ["r1", "r2"]
    assert history.gone_keys(home, "r1") == home.history / "r1" / "gone_keys.parquet"
    with connect() as build:
        history.restore(build, home, "r2")
        assert build.execute("from history.assessment_history").fetchall() == [("a1", pytest.approx(3.5))]
    with connect() as build:
        history.restore(build, home, "r3")
        assert build.execute("select table_name from information_schema.tables").fetchall() == [("headline",)]
        assert build.execute("select count(*) from history.headline").fetchall() == [(0,)]
    history.prune(home, {"r2"})
    assert [path.name for path in home.history.iterdir()] == ["r2"]
