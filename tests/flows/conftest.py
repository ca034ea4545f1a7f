"""One night, one refused night and one retraining on one short-lived server, for all tests of this folder."""

import json
import os
import sqlite3
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from flows.extract.simulate import Parameters, write_delivery
from flows.settings import PROJECT

SURVIVORS = 450


@dataclass(frozen=True)
class Ran:
    """What a command printed, its exit code, and where it worked."""

    home: Path
    delivery: Path
    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Prefect:
    """Prefect's database, read after the server is gone."""

    file: Path

    def rows(self, query: str, *given: Any) -> list[dict[str, Any]]:
        with sqlite3.connect(self.file) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(query, given)]

    def flow_run(self, flow: str) -> dict[str, Any]:
        """The newest run of a flow with its message."""
        return self.rows(
            "select r.id, r.name, r.state_type, r.parameters, s.message from flow_run r join flow f on f.id = r.flow_id "
            "join flow_run_state s on s.id = r.state_id where f.name = ? order by r.start_time desc limit 1",
            flow,
        )[0]

    def task_runs(self, flow_run: str) -> list[dict[str, Any]]:
        return self.rows("select * from task_run where flow_run_id = ? order by start_time", flow_run)

    def artifact(self, flow_run: str, key: str) -> Any:
        found = self.rows("select data from artifact where flow_run_id = ? and key = ?", flow_run, key)
        text = json.loads(found[0]["data"])
        return text if key in ("release", "report") else json.loads(text)


def environment(folder: Path) -> dict[str, str]:
    """A child's environment with nothing of this machine's settings; the port is taken anew where it is not free."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AFTERCARE_", "PREFECT_"))}
    return {
        **kept,
        "PYTHONPATH": str(PROJECT),
        "AFTERCARE_KEY_FILE": str(folder / "key"),
        "AFTERCARE_ENCRYPTION": "on",  # the one whole night that the tests make encrypted: test_sealed_night.py
        "AFTERCARE_PREFECT_PORT": "4270",
        "AFTERCARE_DRAWS": "20",  # as in the nights of tests/nights.py
    }


def run(folder: Path, *arguments: str, **extra: str) -> subprocess.CompletedProcess[str]:
    """Run `python` with these arguments in the folder."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder, env={**environment(folder), **extra}, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("flows")


@pytest.fixture(scope="session")
def night(folder: Path) -> Ran:
    """A night that publishes, run as `make nightly` runs it."""
    delivery, home = folder / "delivery", folder / "home"
    write_delivery(delivery, Parameters(survivors=SURVIVORS), faults=True)
    ran = run(folder, "-m", "flows.server", "nightly", "--source", str(delivery), "--home", str(home))
    return Ran(home, delivery, ran.returncode, ran.stdout, ran.stderr)


@pytest.fixture(scope="session")
def later(folder: Path, night: Ran) -> Ran:
    """A refused night, a night with nothing to do, a retraining and a registration on one more server."""
    steps = Path(__file__).with_name("later_runs.py")
    ran = run(folder, str(steps), str(night.home), str(night.delivery), str(folder / "empty"))
    return Ran(night.home, night.delivery, ran.returncode, ran.stdout, ran.stderr)


@pytest.fixture(scope="session")
def prefect(night: Ran) -> Prefect:
    return Prefect(night.home / "prefect" / "prefect.db")
