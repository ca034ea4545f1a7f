"""The files of `deployments/` against the code they speak of."""

import importlib
import re
import subprocess
import sys

import pytest
import yaml

from flows.errors import Exit
from flows.settings import PREFIX, PROJECT, Settings

DEPLOYMENTS = PROJECT / "deployments"
PREFECT_YAML = yaml.safe_load((DEPLOYMENTS / "prefect.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("deployment", PREFECT_YAML["deployments"], ids=lambda deployment: str(deployment["name"]))
def test_each_deployment_names_a_flow_that_is_there(deployment: dict) -> None:
    file, name = deployment["entrypoint"].split(":")
    flow = getattr(importlib.import_module(file.removesuffix(".py").replace("/", ".")), name)
    assert (PROJECT / file).exists()
    assert flow.name == name
    assert deployment["concurrency_limit"]["limit"] == 1
    assert all(schedule["timezone"] for schedule in deployment["schedules"])


def test_flows_take_nothing_about_a_person_and_persist_nothing() -> None:
    from flows.nightly import nightly
    from flows.retrain import retrain

    assert set(nightly.parameters.properties) == {
        "source",
        "mapping",
        "mapping_parameters",
        "home",
        "as_of",
        "rebuild",
        "full",
        "accept",
    }
    assert set(retrain.parameters.properties) == {"home"}
    assert nightly.persist_result is retrain.persist_result is False


def test_env_example_explains_every_setting_and_no_other() -> None:
    text = (DEPLOYMENTS / "env.example").read_text(encoding="utf-8")
    found = re.findall(rf"^# {PREFIX}(\w+)=(.*)$", text, flags=re.MULTILINE)
    assert [name.lower() for name, _ in found] == list(Settings.model_fields)
    for name, value in found:
        default = Settings.model_fields[name.lower()].default
        assert value == ("" if default is None else str(default)), name


def test_runbook_has_one_entry_for_every_exit_code() -> None:
    text = (DEPLOYMENTS / "RUNBOOK.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) \| (\w+) \|(.*)\|$", text, flags=re.MULTILINE)
    assert {int(code): name for code, name, _ in rows if int(code) < 100} == {int(exit): exit.name for exit in Exit}
    assert all(cell.strip() for _, _, rest in rows for cell in rest.split("|"))


@pytest.mark.parametrize("module", ["flows.cli", "flows.run", "flows.stages", "flows.server"])
def test_the_plain_pipeline_does_not_import_prefect(module: str) -> None:
    code = f"import sys, {module}; sys.exit('prefect' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=PROJECT, check=False).returncode == 0
