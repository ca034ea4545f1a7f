"""A home, a key or a disk that cannot be used: refused before anything is loaded. F47, F51, F53, R4."""

from __future__ import annotations

import errno
import shutil
from collections import namedtuple
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from flows.errors import Exit, HomeError
from flows.extract import land as landing
from flows.lock import hold_home
from flows.publish import release
from flows.warehouse import FORMAT_VERSION, Home
from tests.conftest import WholeNight
from tests.faults.refusals import Said, refusal, run, visible
from tests.faults.test_delivery_refused import LATER, STAYS, a_delivery
from tests.nights import landed, stamp

pytestmark = pytest.mark.xdist_group("clean")

Nightly = Callable[..., Said]


@pytest.fixture
def delivery(tmp_path: Path) -> Path:
    return stamp(a_delivery().write(tmp_path / "delivery"), extracted_at=LATER)


@pytest.fixture
def night(
    clean_night: WholeNight, delivery: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Nightly:
    """`aftercare nightly` on the shared home; whatever happens, nothing that anybody sees may change."""
    monkeypatch.setenv("AFTERCARE_KEY_FILE", str(clean_night.key_file))

    def nightly(home: Path = clean_night.home) -> Said:
        before = visible(clean_night.home)
        said = run(monkeypatch, capsys, home, "nightly", "--source", delivery)
        assert visible(clean_night.home) == before
        return said

    return nightly


def test_F47_a_second_run_is_refused_while_the_first_holds_the_home(clean_night: WholeNight, night: Nightly) -> None:
    with hold_home(Home(clean_night.home)):
        said = night()
    assert said.code == Exit.LOCKED
    assert refusal(said.err) == (
        f"home refused (exit 13): another run holds this home. {STAYS} Next: wait until it has ended, then run again"
    )


def test_F53_a_home_that_is_a_file_is_refused(tmp_path: Path, night: Nightly) -> None:
    (tmp_path / "home").write_text("", encoding="ascii")
    said = night(tmp_path / "home")
    assert said.code == Exit.HOME
    assert refusal(said.err) == (
        "home refused (exit 16): the home cannot be written. Next: check --home, its owner and its permissions"
    )


def test_F53_a_home_of_another_format_is_refused(tmp_path: Path, night: Nightly) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "format").write_text("99\n", encoding="ascii")
    said = night(tmp_path / "home")
    assert said.code == Exit.HOME
    assert f"the home has another format than this version's ({FORMAT_VERSION})" in refusal(said.err)


def test_F51_too_little_space_is_refused_before_anything_is_read(
    night: Nightly, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(100, 99, 1))
    said = night()
    assert said.code == Exit.HOME
    assert refusal(said.err) == (
        f"home refused (exit 16): too little space is left for this delivery. {STAYS} "
        "Next: free space in the home, or lower AFTERCARE_KEEP_RELEASES"
    )


@pytest.mark.parametrize("where", ["_sync", "_write_facts"])
def test_F51_a_disk_that_fills_up_while_landing_leaves_nothing(
    night: Nightly, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "id-secret")

    monkeypatch.setattr(landing, where, full)
    said = night()
    assert said.code == Exit.HOME
    assert refusal(said.err) == (
        f"landing refused (exit 16): the delivery could not be written (no space, or no permission). {STAYS} "
        "Next: free space or mend the permissions of the home, then run again"
    )
    assert "id-" not in said.err


def test_F46_what_a_killed_landing_left_is_cleared_by_the_next(tmp_path: Path, delivery: Path) -> None:
    left = tmp_path / "raw" / ".landing-000001-deadbeef"
    left.mkdir(parents=True)
    (left / "survivors.parquet").write_bytes(b"half")
    assert landing.extracts(tmp_path / "raw") == []
    extract = landed(delivery, tmp_path / "raw")
    assert [path.name for path in (tmp_path / "raw").iterdir()] == [extract.folder.name]


@pytest.mark.parametrize(
    ("name", "rule"),
    [("cases.csv", "a file cannot be opened. Table: cases."), ("manifest.json", "manifest.json cannot be opened.")],
)
def test_F53_a_file_that_may_not_be_read_is_refused(
    night: Nightly, monkeypatch: pytest.MonkeyPatch, name: str, rule: str
) -> None:
    real = Path.open

    def forbidden(self: Path, *given: object, **named: object) -> object:
        if self.name == name and self.parent.name == "delivery":
            raise PermissionError(errno.EACCES, "Permission denied", str(self))
        return real(self, *given, **named)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", forbidden)
    said = night()
    assert said.code == Exit.DELIVERY
    assert refusal(said.err) == (
        f"delivery check refused (exit 10): {rule} {STAYS} "
        "Next: let the pipeline's user read the delivery folder and its files, then run again"
    )


def test_a_key_file_that_others_may_read_is_refused(
    tmp_path: Path, night: Nightly, monkeypatch: pytest.MonkeyPatch
) -> None:
    key_file = tmp_path / "key"
    key_file.write_text("ab" * 32, encoding="ascii")
    key_file.chmod(0o640)
    monkeypatch.setenv("AFTERCARE_KEY_FILE", str(key_file))
    said = night()
    assert said.code == Exit.KEY
    assert refusal(said.err) == (
        f"pseudonym key refused (exit 21): the key file can be read by others. {STAYS} "
        "Next: chmod 600 the key file, then run again"
    )
    assert "abab" not in said.err


def test_a_misspelt_setting_is_refused(night: Nightly, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AFTERCARE_SEEDS", "7")
    said = night()
    assert said.code == Exit.USAGE
    assert "AFTERCARE_SEEDS" in refusal(said.err)


def test_F59_publishing_is_on_hold_after_a_rollback(
    clean_night: WholeNight,
    a_copy: Callable[[WholeNight], WholeNight],
    delivery: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    home = a_copy(clean_night).home
    monkeypatch.setenv("AFTERCARE_KEY_FILE", str(clean_night.key_file))
    live = (home / "current").resolve().name
    release.rollback(Home(home), live, at=datetime(2026, 11, 3, tzinfo=UTC))
    before = visible(home)
    said = run(monkeypatch, capsys, home, "nightly", "--source", delivery)
    assert said.code == Exit.ON_HOLD
    assert "aftercare rollback --resume" in refusal(said.err)
    assert visible(home) == before


def test_a_home_error_names_no_path(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("", encoding="ascii")
    with pytest.raises(HomeError) as error, hold_home(Home(tmp_path / "home" / "below")):
        pass
    assert str(tmp_path) not in error.value.text()
