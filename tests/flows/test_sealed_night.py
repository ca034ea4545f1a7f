"""P7: a whole night under Prefect with encryption on: nothing in its home can be read, no key lies there, and every command opens it."""

from __future__ import annotations

import base64
import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from flows import keyring
from flows.erase.subject import held_on
from flows.extract.pseudonymise import Key
from flows.night import Night, Unchanged, open_night
from flows.publish import manifest
from flows.publish.files import remove_tree
from flows.publish.release import content_hashes, verify
from flows.settings import Settings
from flows.unlock import keys_of
from flows.upgrade import verify_home
from flows.warehouse import MARTS, Home, attach, connect, is_sealed
from tests.conftest import aftercare_here
from tests.privacy.scan import contents, files

from .conftest import Ran

pytestmark = pytest.mark.xdist_group("prefect")
HEX = re.compile(rb"[0-9a-f]{32,}")
# Tables of the marts whose rows are single people's, and a column of each that nothing but such a table has.
PEOPLE = {
    "core.fct_episode": "episode_key",
    "core.dim_survivor": "survivor_key",
    "aso.fct_assessment": "assessment_key",
}


@pytest.fixture(scope="module")
def key(night: Ran) -> Key:
    return Key(bytes.fromhex((night.home.parent / "key").read_text(encoding="ascii").strip()))


@pytest.fixture
def opened(key: Key) -> None:
    """What a test reads itself is opened with the night's keys."""
    keyring.use(lambda: keys_of(key), encrypts=True)


def pseudonyms(home: Path) -> set[bytes]:
    with connect(home / "current" / MARTS, read_only=True) as marts:
        return {
            str(one).encode()
            for table, column in PEOPLE.items()
            for (one,) in marts.execute(f"select {column} from {table}").fetchall()
        }


def pseudonyms_in(text: bytes) -> set[bytes]:
    """Every 32 hex digits of a text, wherever they begin."""
    return {run[at : at + 32] for run in HEX.findall(text) for at in range(len(run) - 31)}


def holding(home: Path, wanted: set[bytes], *, decoded: bool) -> set[str]:
    """The folders (under the home) of files in which one of these keys stands: in their bytes alone, or also in what they stand for."""
    found = set()
    for path in files(home):
        for text in contents(path) if decoded else [path.read_bytes()]:
            if wanted & pseudonyms_in(text):
                found.add(path.relative_to(home).parts[0])
    return found


@pytest.mark.usefixtures("opened")
def test_P7_no_pseudonym_and_no_value_of_a_mart_stands_in_any_byte(night: Ran) -> None:
    wanted = pseudonyms(night.home)
    assert len(wanted) > 1000
    assert holding(night.home, wanted, decoded=True) >= {"raw", "releases", "history", "casework"}, "they are there"
    assert holding(night.home, wanted, decoded=False) == set()


@pytest.mark.usefixtures("later")
def test_P7_every_file_with_rows_of_people_is_encrypted(night: Ran) -> None:
    tables = [path for path in files(night.home) if path.suffix in {".duckdb", ".parquet", ".wal"}]
    inside = [path for path in tables if not {"models", "bootstrap"} & set(path.relative_to(night.home).parts)]
    assert {path.relative_to(night.home).parts[0] for path in inside} == {"raw", "history", "releases", "casework"}
    assert [path for path in inside if not is_sealed(path)] == []
    assert is_sealed(next(night.home.glob("history/*/share.json")))
    assert not list(night.home.glob("releases/*/parquet")), "no second copy of the marts is written"


def test_P7_no_key_stands_in_any_file_nor_in_what_was_said(night: Ran, later: Ran, key: Key) -> None:
    secrets = [key.secret, *keys_of(key).values()]
    wanted = {form for one in secrets for form in (one, one.hex().encode(), base64.b64encode(one))}
    kept = {path.relative_to(night.home).parts[0] for path in files(night.home)}
    assert {"prefect", "runs", "models"} <= kept, "Prefect's database and dbt's target were looked into"
    assert not [path.name for path in files(night.home) if any(one in path.read_bytes() for one in wanted)]
    said = (night.out + night.err + later.out + later.err).encode()
    assert not [one for one in wanted if one in said]


@pytest.mark.usefixtures("opened")
def test_P7_the_release_is_whole_and_says_what_it_would_say_in_clear(night: Ran, tmp_path: Path) -> None:
    folder = (night.home / "current").resolve()
    verify(folder)
    written = {name: facts["content_hash"] for name, facts in manifest.read(folder)["tables"].items()}
    with connect() as connection:
        attach(connection, folder / MARTS, "sealed")
        connection.execute(f"attach '{tmp_path / 'clear.duckdb'}' as clear")
        connection.execute("copy from database sealed to clear")
    assert not is_sealed(tmp_path / "clear.duckdb")
    hashes = content_hashes(tmp_path / "clear.duckdb")
    assert len(hashes) > 25
    assert hashes == {name: written[name] for name in hashes}


@pytest.fixture(scope="module")
def copied(night: Ran, later: Ran, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A copy of the home that commands may change, without Prefect's part."""
    home = tmp_path_factory.mktemp("encrypted") / "home"
    shutil.copytree(night.home, home, symlinks=True, ignore=shutil.ignore_patterns("prefect"))
    yield home
    remove_tree(home)


def command(night: Ran, home: Path, *arguments: object, **given: str) -> CompletedProcess[str]:
    settings = {"AFTERCARE_ENCRYPTION": "on", **given}
    return aftercare_here(*arguments, home=home, key_file=night.home.parent / "key", **settings)


def test_P7_every_command_opens_an_encrypted_home(night: Ran, copied: Path, key: Key, tmp_path: Path) -> None:
    live = (copied / "current").resolve().name
    keyring.use(lambda: keys_of(key), encrypts=True)
    with connect(copied / "current" / MARTS, read_only=True) as marts:
        ((office, person),) = marts.execute("select office_id, survivor_key from core.fct_episode limit 1").fetchall()
    assert held_on(Home(copied), key, person)
    done = {
        arguments[0]: command(night, copied, *arguments)
        for arguments in (
            ("sql", "select count(*) from core.fct_episode"),
            ("checks",),
            ("worklist", "--office", office),
            ("support", "--office", office),
            ("retention",),
            ("upgrade",),
            ("config", "show"),
            ("export", "all", "--to", tmp_path / "export"),
        )
    }
    assert {name: one.stderr[-300:] for name, one in done.items() if one.returncode} == {}
    shown = done["config"].stdout
    assert "new ones are encrypted" in shown
    assert live in shown


def test_P7_with_another_setting_the_next_night_makes_its_release_again(night: Ran, copied: Path) -> None:
    """The same delivery and the same date: nothing to do while files are encrypted, and a release to make once they are not to be."""
    for encryption, kind in (("on", Unchanged), ("off", Night)):
        settings = Settings(home=copied, key_file=night.home.parent / "key", encryption=encryption, draws=20)
        assert isinstance(open_night(settings, night.delivery, as_of=None, at=datetime.now(UTC)), kind)


def test_P7_an_analyst_with_the_readers_key_reads_releases_alone(night: Ran, copied: Path, tmp_path: Path) -> None:
    assert command(night, copied, "reader-key", tmp_path / "reader").returncode == 0
    given = {"AFTERCARE_KEY_FILE": str(tmp_path / "none"), "AFTERCARE_READER_KEY_FILE": str(tmp_path / "reader")}
    assert command(night, copied, "sql", "select count(*) from core.fct_episode", **given).returncode == 0
    refused = command(night, copied, "worklist", "--office", "O-0000001", **given)
    assert refused.returncode == 21
    assert "its key is not at hand" in refused.stderr
    leaks = "select * from duckdb_databases(), duckdb_settings()"
    shown = command(night, copied, "sql", leaks, **given).stdout
    assert (tmp_path / "reader").read_text(encoding="ascii").strip()[:20] not in shown


@pytest.mark.parametrize("asked", ["sql", "nightly", "worklist", "erase"])
def test_P7_another_key_is_refused_by_every_command(night: Ran, copied: Path, tmp_path: Path, asked: str) -> None:
    (tmp_path / "key").write_text("ab" * 32, encoding="ascii")
    (tmp_path / "key").chmod(0o600)
    arguments: dict[str, tuple[object, ...]] = {
        "sql": ("select 1",),
        "nightly": ("--source", night.delivery),
        "worklist": ("--office", "O-0000001"),
        "erase": ("--survivor", "S-0000001"),
    }  # fmt: skip
    before = (copied / "current").resolve()
    done = command(night, copied, asked, *arguments[asked], AFTERCARE_KEY_FILE=str(tmp_path / "key"))
    assert done.returncode == 21, done.stderr
    assert (copied / "current").resolve() == before


def test_P7_erasing_in_an_encrypted_home_keeps_it_encrypted(night: Ran, copied: Path, key: Key) -> None:
    keyring.use(lambda: keys_of(key), encrypts=True)
    with connect(copied / "current" / MARTS, read_only=True) as marts:
        ((person,),) = marts.execute("select min(survivor_key) from core.fct_episode").fetchall()
    (copied.parent / "keys").write_text(f"{person}\n", encoding="ascii")
    done = command(night, copied, "erase", "--keys", copied.parent / "keys", AFTERCARE_ENCRYPTION="off")
    assert done.returncode == 0, done.stderr
    keyring.use(lambda: keys_of(key), encrypts=True)
    tables = [path for path in files(copied) if path.suffix in {".duckdb", ".parquet"} and "models" not in path.parts]
    in_clear = {path.name for path in tables if "bootstrap" not in path.parts and not is_sealed(path)}
    assert in_clear == {"suppressed.parquet"}, "which was new, and holds no pseudonym"
    assert holding(copied, {str(person).encode()}, decoded=True) == set()
    verify_home(Home(copied))
