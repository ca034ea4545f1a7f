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


def test_env_example_explains_what_compose_asks_for() -> None:
    asked = set(re.findall(r"\$\{(\w+)", (DEPLOYMENTS / "compose.yaml").read_text(encoding="utf-8")))
    text = (DEPLOYMENTS / "env.example").read_text(encoding="utf-8")
    explained = set(re.findall(r"^# (\w+)=$", text, flags=re.MULTILINE))
    assert asked == {name for name in explained if not name.startswith(PREFIX)}


def test_runbook_has_one_entry_for_every_exit_code() -> None:
    text = (DEPLOYMENTS / "RUNBOOK.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) \| (\w+) \|(.*)\|$", text, flags=re.MULTILINE)
    assert {int(code): name for code, name, _ in rows if int(code) < 100} == {int(exit): exit.name for exit in Exit}
    assert all(cell.strip() for _, _, rest in rows for cell in rest.split("|"))


@pytest.mark.parametrize("module", ["flows.cli", "flows.run", "flows.stages", "flows.server"])
def test_the_plain_pipeline_does_not_import_prefect(module: str) -> None:
    code = f"import sys, {module}; sys.exit('prefect' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=PROJECT, check=False).returncode == 0


def test_the_image_runs_as_its_own_user_and_holds_no_secret() -> None:
    text = (DEPLOYMENTS / "Dockerfile").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert lines[0] == "FROM python:3.11-slim"
    assert "USER aftercare" in lines
    assert "requirements.lock" in text
    assert not re.search(r"(?i)(password|secret|token|_key)\s*=", text)
    copied = [word for line in lines if line.startswith("COPY") for word in line.split()[1:-1]]
    assert all((PROJECT / word).exists() for word in copied)
    kept = {line[1:] for line in (PROJECT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert set(copied) == kept


def test_compose_has_the_four_services_and_gives_each_secret_only_where_it_is_used() -> None:
    compose = yaml.safe_load((DEPLOYMENTS / "compose.yaml").read_text(encoding="utf-8"))
    services = compose["services"]
    assert set(services) == {"database", "server", "deploy", "worker"}
    for name in ("server", "deploy", "worker"):
        assert services[name]["read_only"] is True
        assert services[name]["cap_drop"] == ["ALL"]
    assert [name for name, one in services.items() if "secrets" in one] == ["worker"]
    holders = [name for name, one in services.items() if "PREFECT_DATABASE_PASSWORD" in str(one["environment"])]
    assert holders == ["database", "server"]
    assert services["worker"]["secrets"] == list(compose["secrets"]) == ["pseudonym_key", "database_password"]
    assert compose["secrets"]["database_password"]["file"] == "${DATABASE_PASSWORD_FILE:-/dev/null}"
    example = (DEPLOYMENTS / "env.example").read_text(encoding="utf-8")
    assert "/run/secrets/database_password" in example, "what the worker sees is what the setting must name"
    fixed = {name for name in services["worker"]["environment"] if "DATABASE_PASSWORD" in name}
    assert not fixed, "file and block come from aftercare.env: a name that is set and empty would hide the other"
    assert services["server"]["ports"] == ["127.0.0.1:4200:4200"], "the page listens on this machine only"
    for name in ("deploy", "worker"):
        given = {key for key in services[name]["environment"] if key.startswith(PREFIX)}
        assert {key.removeprefix(PREFIX).lower() for key in given} <= set(Settings.model_fields)
    pool = PREFECT_YAML["deployments"][0]["work_pool"]["name"]
    command = services["worker"]["command"]
    assert command[command.index("--pool") + 1] == pool
