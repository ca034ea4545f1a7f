"""Whole nights that tests share: each is made once a test run, whichever worker needs it first."""

from __future__ import annotations

import fcntl
import io
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest

from flows import keyring
from flows.extract.simulate import Parameters, write_delivery
from flows.publish.files import remove_tree
from tests.nights import SECRET

SURVIVORS = 300


@dataclass(frozen=True)
class WholeNight:
    """A home with one release, the delivery it was made from, the key file, and what the command said."""

    home: Path
    delivery: Path
    key_file: Path
    code: int
    said: str

    @property
    def truth(self) -> Path:
        """What is true of the simulated delivery."""
        return self.delivery.with_name(self.delivery.name + ".truth")


@pytest.fixture(scope="session")
def common(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers of this test run share."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@contextmanager
def alone(lock: Path) -> Iterator[None]:
    """One worker at a time in the block."""
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def aftercare(*arguments: object, home: Path, key_file: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command run as a person would, in a process of its own."""
    given = {name: value for name, value in os.environ.items() if not name.startswith("AFTERCARE_")}
    given |= {"AFTERCARE_HOME": str(home), "AFTERCARE_KEY_FILE": str(key_file), "AFTERCARE_DRAWS": "20", **environment}
    command = [sys.executable, "-c", "from flows.cli import main; main()", *map(str, arguments)]
    return subprocess.run(command, env=given, capture_output=True, text=True, check=False)


def aftercare_here(
    *arguments: object, home: Path, key_file: Path, **environment: str
) -> subprocess.CompletedProcess[str]:
    """The same command in this process: what it imports is imported once for many steps."""
    from flows.cli import main

    given = {"AFTERCARE_HOME": str(home), "AFTERCARE_KEY_FILE": str(key_file), "AFTERCARE_DRAWS": "20", **environment}
    out, err, code = io.StringIO(), io.StringIO(), 0
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        for name in [name for name in os.environ if name.startswith("AFTERCARE_")]:
            patch.delenv(name)
        for name, value in given.items():
            patch.setenv(name, value)
        patch.setattr(sys, "argv", ["aftercare", *map(str, arguments)])
        try:
            main()
        except SystemExit as ended:
            code = int(ended.code or 0)
    return subprocess.CompletedProcess(sys.argv, code, out.getvalue(), err.getvalue())


def make_night(folder: Path, *, faults: bool) -> WholeNight:
    """The night in a folder, made there if it is not there yet."""
    home, delivery, key_file, said = folder / "home", folder / "delivery", folder / "key", folder / "said"
    if not said.exists():
        remove_tree(home)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        write_delivery(delivery, Parameters(survivors=SURVIVORS), faults=faults)
        key_file.write_text(SECRET.hex(), encoding="ascii")
        key_file.chmod(0o600)
        done = aftercare("nightly", "--source", delivery, home=home, key_file=key_file)
        (folder / "code").write_text(str(done.returncode), encoding="ascii")
        said.write_text(done.stdout + done.stderr, encoding="utf-8")
    return WholeNight(home, delivery, key_file, int((folder / "code").read_text()), said.read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def clean_night(common: Path) -> WholeNight:
    """One release from a clean delivery. Read only: `a_copy` gives one to change."""
    with alone(common / "clean.lock"):
        night = make_night(common / "clean", faults=False)
    assert night.code == 0, night.said
    return night


@pytest.fixture(scope="session")
def dirty_night(common: Path) -> WholeNight:
    """One release from a delivery with dirty rows of every kind. Read only: `a_copy` gives one to change."""
    with alone(common / "dirty.lock"):
        night = make_night(common / "dirty", faults=True)
    assert night.code == 0, night.said
    return night


@pytest.fixture(autouse=True)
def _in_clear_again() -> Iterator[None]:
    """What one test opens or writes encrypted is not what the next one does."""
    yield
    keyring.use(dict, encrypts=False)


@pytest.fixture
def a_copy(tmp_path: Path) -> Iterator[Callable[[WholeNight], WholeNight]]:
    """Gives a copy of a whole night whose home may be changed."""
    made: list[Path] = []

    def copy(night: WholeNight) -> WholeNight:
        home = tmp_path / "copy of home"
        shutil.copytree(night.home, home, symlinks=True)
        made.append(home)
        return WholeNight(home, night.delivery, night.key_file, night.code, night.said)

    yield copy
    for home in made:
        remove_tree(home)


def pytest_configure(config: pytest.Config) -> None:
    """The mark of a test that holds a fault of tests/faults/catalogue.yml under a name of its own."""
    config.addinivalue_line("markers", "fault(id, ...): the faults of docs/faults.md that the test injects")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Name each test's group in its id, as pytest-xdist 3.8 means to; since pytest 9.2 an id is no longer the text it sets."""
    if not getattr(config.option, "loadgroup", False):
        return
    for item in items:
        groups = sorted({str(mark.args[0]) for mark in item.iter_markers("xdist_group")})
        if groups and "@" not in item.nodeid:
            item._id = type(item._id).parse(f"{item.nodeid}@{'_'.join(groups)}")  # type: ignore[attr-defined]
