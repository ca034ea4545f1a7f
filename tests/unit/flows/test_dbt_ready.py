"""The process that runs dbt is started before its build, and never outlives the night it waits for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psutil

from flows import dbt_build
from flows.settings import PROJECT

WAITS = """
import os, sys
from pathlib import Path
from flows import dbt_build
with dbt_build.ready(Path(sys.argv[1]), "1GB"):
    (child,) = dbt_build._waiting.values()
    print(child.pid, flush=True)
    os._exit(1)
"""


def of_dbt() -> list[psutil.Process]:
    return [one for one in psutil.Process().children() if "flows.dbt_child" in one.cmdline()]


def test_a_night_that_ends_before_its_build_leaves_no_process(tmp_path: Path) -> None:
    with dbt_build.ready(tmp_path, "1GB"):
        assert len(of_dbt()) == 1
    assert of_dbt() == []


def test_a_process_that_waits_ends_with_the_night(tmp_path: Path) -> None:
    said = subprocess.run(
        [sys.executable, "-c", WAITS, str(tmp_path)], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    pid = int(said.stdout)
    if psutil.pid_exists(pid):
        psutil.Process(pid).wait(timeout=60)
    assert not psutil.pid_exists(pid)
