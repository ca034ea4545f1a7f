"""Who may import whom: the rules of docs/architecture.md."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT, imports, imports_any, shipped

PREFECT_FACE = {"nightly.py", "retrain.py", "server.py", "deployed.py", "mirror.py", "settle.py", "record.py"}
PREFECT_FACE |= {"prefect_child.py", "prefect_server.py", "outcomes.py", "automations.py", "secret_block.py"}


def ids(path: Path) -> str:
    return path.as_posix()


@pytest.mark.parametrize("path", shipped("expectations"), ids=ids)
def test_expectations_stand_alone(path: Path) -> None:
    assert imports_any(path, "flows", "ml", "prefect", "dbt") == set()


@pytest.mark.parametrize("path", shipped("ml"), ids=ids)
def test_ml_stands_alone(path: Path) -> None:
    assert imports_any(path, "flows", "expectations", "prefect", "dbt", "great_expectations", "duckdb") == set()


@pytest.mark.parametrize("path", shipped("flows/extract", "flows/publish"), ids=ids)
def test_extract_and_publish_know_only_errors_and_the_warehouse(path: Path) -> None:
    room = ".".join(path.parts[:2])
    allowed = (room, "flows.errors", "flows.warehouse")
    foreign = {
        name for name in imports(path) if name.split(".")[0] in {"flows", "ml", "expectations", "prefect", "dbt"}
    }
    foreign -= {"flows"}
    assert {name for name in foreign if not any(name == one or name.startswith(f"{one}.") for one in allowed)} == set()


@pytest.mark.parametrize("path", shipped(), ids=ids)
def test_only_the_prefect_face_imports_prefect(path: Path) -> None:
    assert path.name in PREFECT_FACE or not imports_any(path, "prefect")


@pytest.mark.parametrize("path", shipped(), ids=ids)
def test_only_one_file_each_imports_great_expectations_and_dbt(path: Path) -> None:
    assert path == Path("expectations/gx.py") or not imports_any(path, "great_expectations")
    assert path.name in {"dbt_child.py", "dbt_plugin.py"} or not imports_any(path, "dbt")


WRONG_FOR_PANELS = (
    "lifelines.AalenJohansenFitter",
    "lifelines.fitters.npmle",
    "lifelines.statistics.proportional_hazard_test",
)


@pytest.mark.parametrize("path", shipped(), ids=ids)
def test_no_estimator_that_is_wrong_for_visits(path: Path) -> None:
    text = (ROOT / path).read_text(encoding="utf-8")
    assert imports_any(path, *WRONG_FOR_PANELS) == set()
    assert not any(
        name in text for name in ("AalenJohansenFitter(", ".fit_interval_censoring(", "proportional_hazard_test(")
    )


def test_ml_can_be_imported_where_nothing_else_of_the_pipeline_is() -> None:
    program = """
import importlib, pkgutil, sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"prefect", "dbt", "great_expectations", "flows", "expectations", "duckdb"}:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Absent())
import ml
for module in pkgutil.walk_packages(ml.__path__, "ml."):
    importlib.import_module(module.name)
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_command_starts_without_prefect_dbt_and_great_expectations() -> None:
    program = (
        "import sys, flows.cli; sys.exit(bool({'prefect', 'dbt', 'great_expectations', 'sklearn'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False).returncode == 0
