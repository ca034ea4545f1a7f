"""The example, built once by `dbt build` alone in a copy of the project, for all tests of this folder."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

PROJECT = Path(__file__).parents[2] / "dbt_project"
# Nothing of the caller's environment may be needed: not the home, not the key.
KEPT = ("PATH", "HOME", "LANG", "TMPDIR", "SYSTEMROOT")


@dataclass(frozen=True)
class Example:
    """What one `dbt build` said and left behind."""

    folder: Path
    exit_code: int
    said: str
    manifest: dict[str, Any]
    results: list[dict[str, Any]]

    @property
    def file(self) -> Path:
        return self.folder / "target" / "example.duckdb"

    def nodes(self, *kinds: str) -> list[dict[str, Any]]:
        """The nodes of the manifest of these kinds."""
        return [node for node in self.manifest["nodes"].values() if node["resource_type"] in kinds]

    def statuses(self, kind: str) -> dict[str, str]:
        """How each node of a kind (model, seed, snapshot, test, unit_test) ended."""
        return {
            result["unique_id"]: result["status"]
            for result in self.results
            if result["unique_id"].split(".")[0] == kind
        }


@pytest.fixture(scope="session")
def example(tmp_path_factory: pytest.TempPathFactory) -> Example:
    """`dbt build` as a newcomer would call it, in a clean copy of dbt_project/."""
    folder = tmp_path_factory.mktemp("alone") / "dbt_project"
    shutil.copytree(PROJECT, folder, ignore=shutil.ignore_patterns("target", "logs", ".user.yml"))
    environment = {name: os.environ[name] for name in KEPT if name in os.environ} | {"DO_NOT_TRACK": "1"}
    command = [str(Path(sys.executable).with_name("dbt")), "build", "--log-level-file", "none"]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    target = folder / "target"
    return Example(
        folder=folder,
        exit_code=done.returncode,
        said=done.stdout + done.stderr,
        manifest=json.loads((target / "manifest.json").read_text(encoding="utf-8")),
        results=json.loads((target / "run_results.json").read_text(encoding="utf-8"))["results"],
    )


@pytest.fixture
def marts(example: Example) -> Iterator[duckdb.DuckDBPyConnection]:
    """The built example, to read."""
    with duckdb.connect(str(example.file), read_only=True) as connection:
        yield connection


@pytest.fixture
def scratch(example: Example, tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A copy of the built example, to spoil. It keeps the file's name, which compiled SQL names."""
    copy = shutil.copy(example.file, tmp_path / example.file.name)
    with duckdb.connect(str(copy)) as connection:
        yield connection
