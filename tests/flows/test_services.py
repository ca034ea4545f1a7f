"""The services of compose.yaml run a night: refused, tried again, cancelled, tried again, published; and somebody is told."""

from __future__ import annotations

import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from flows.extract.land import extracts
from flows.extract.simulate import write_next
from flows.publish.files import remove_tree
from flows.warehouse import Home
from tests.conftest import WholeNight
from tests.flows.services import Listener, Services, listener, services, until

pytestmark = pytest.mark.xdist_group("services")


@dataclass(frozen=True)
class Story:
    """What became of one run of the deployment `nightly`, attempt by attempt, and what there was besides."""

    services: Services
    heard: Listener
    home: Home
    before: str
    asked_wrongly: dict[str, Any]
    refused: dict[str, Any]
    cancelled: dict[str, Any]
    live_when_cancelled: str
    lock_was_free: bool
    dbt_left: list[int]
    completed: dict[str, Any]
    attempts: int


@pytest.fixture(scope="module")
def story(clean_night: WholeNight) -> Iterator[Story]:
    """A run of the deployment whose delivery comes late, is cancelled while dbt works, and is tried again from the page."""
    folder = Path(tempfile.mkdtemp(prefix="svc"))  # short: PostgreSQL's socket lies below it
    folder.chmod(0o755)
    home = Home(folder / "warehouse")
    shutil.copytree(clean_night.home, home.root, symlinks=True)
    settings = {"AFTERCARE_KEY_FILE": str(clean_night.key_file), "AFTERCARE_DRAWS": "20"}
    try:
        with listener() as heard:
            told = {"AFTERCARE_NOTIFY_URL": heard.url, "AFTERCARE_NOTIFY_AFTER_HOURS": "0.003"}
            with services(folder, **settings, **told) as running:
                yield _played(running, heard, home, clean_night.delivery)
    finally:
        remove_tree(home.root)
        shutil.rmtree(folder, ignore_errors=True)


def _played(running: Services, heard: Listener, home: Home, last_delivery: Path) -> Story:
    before = home.current.resolve().name
    nightly = running.ask("GET", "deployments/name/nightly/nightly")["id"]
    wrong = {"as_of": "yesterday", "accept": ["a name"], "source": 3, "full": "maybe"}
    asked_wrongly = {
        name: running.ask("POST", f"deployments/{nightly}/create_flow_run", {"parameters": {name: value}})
        for name, value in wrong.items()
    }
    run = running.ask("POST", f"deployments/{nightly}/create_flow_run", {})["id"]
    refused = running.ended(run, after=1)

    write_next(running.folder / "delivery", last_delivery)
    running.set_state(run, "SCHEDULED", "AwaitingRetry")
    until(lambda: _at_work(running, run, "build marts"), seconds=120, what="the second attempt at work")
    dbt = until(lambda: _dbt(home), seconds=60, what="the dbt child")
    running.set_state(run, "CANCELLING", "Cancelling")
    cancelled = running.ended(run, after=2)
    until(lambda: not [one for one in dbt if one.is_running()], seconds=30, what="the end of dbt")
    live, free, left = home.current.resolve().name, _is_free(home), [one.pid for one in _dbt(home)]

    running.set_state(run, "SCHEDULED", "AwaitingRetry")
    completed = running.ended(run, after=3)
    return Story(
        running, heard, home, before, asked_wrongly, refused, cancelled, live, free, left, completed,
        attempts=completed["run_count"],
    )  # fmt: skip


def _at_work(running: Services, run: str, task: str) -> bool:
    asked = {"flow_runs": {"id": {"any_": [run]}}, "task_runs": {"name": {"any_": [task]}}}
    return any(found["state_type"] == "RUNNING" for found in running.ask("POST", "task_runs/filter", asked))


def _dbt(home: Home) -> list[psutil.Process]:
    """The dbt children that work for this home."""
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if "flows.dbt_child" in (process.info["cmdline"] or []) and str(home.runs / "dbt") in process.info["cmdline"]
    ]


def _is_free(home: Home) -> bool:
    with home.lock.open("r+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def test_pool_deployments_schedules_and_automations_are_there(story: Story) -> None:
    ask = story.services.ask
    assert ask("GET", "work_pools/aftercare")["type"] == "process"
    found = {one["name"]: one for one in ask("POST", "deployments/filter", {})}
    assert {name: one["schedules"][0]["schedule"]["cron"] for name, one in found.items()} == {
        "nightly": "0 2 * * *",
        "weekly": "0 5 * * 0",
    }
    assert {one["work_pool_name"] for one in found.values()} == {"aftercare"}
    planned = ask("POST", "flow_runs/filter", {"flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}}})
    assert {one["deployment_id"] for one in planned} == {one["id"] for one in found.values()}
    automations = [one["name"] for one in ask("POST", "automations/filter", {})]
    assert sorted(automations) == [
        "a night or a retraining has failed", "a run without a heartbeat has crashed", "no night has been completed in time",
    ]  # fmt: skip


def test_every_parameter_is_explained_on_the_page(story: Story) -> None:
    schema = story.services.ask("GET", "deployments/name/nightly/nightly")["parameter_openapi_schema"]
    assert {"source", "home", "as_of", "rebuild", "full", "accept"} <= set(schema["properties"])
    assert all(len(one["description"]) > 15 for one in schema["properties"].values())


@pytest.mark.parametrize("name", ["as_of", "accept", "source", "full"])
def test_a_parameter_that_cannot_be_used_is_refused_before_anything_runs(story: Story, name: str) -> None:
    status, text = story.asked_wrongly[name]
    assert status in {409, 422}
    assert name in text


def test_a_refused_night_fails_and_the_webhook_is_told_why(story: Story) -> None:
    assert story.refused["state_type"] == "FAILED"
    text = story.refused["state"]["message"]
    assert "delivery check refused (exit 10)" in text
    told = [one for one in story.heard.texts if text in one]
    assert len(told) == 1
    assert told[0].startswith("aftercare nightly: Failed")


def test_a_night_that_does_not_happen_is_told(story: Story) -> None:
    late = [text for text in story.heard.texts if "no night has been completed in time" in text]
    assert late
    assert "0:00:10.8" in late[0]


def test_cancel_ends_the_stage_and_frees_the_home(story: Story) -> None:
    assert (story.cancelled["state_type"], story.cancelled["state"]["name"]) == ("CANCELLED", "Cancelled")
    assert story.live_when_cancelled == story.before
    assert story.lock_was_free
    assert story.dbt_left == []


def test_retry_opens_the_night_again_and_lands_nothing_twice(story: Story) -> None:
    live = story.home.current.resolve().name
    assert (story.completed["state_type"], story.attempts) == ("COMPLETED", 3)
    assert story.completed["state"]["message"] == f"release {live} is live"
    assert live != story.before
    assert len(extracts(story.home.raw)) == 2


def test_no_service_needs_a_shell_or_a_secret_in_its_command() -> None:
    from tests.flows.services import COMPOSE

    for name, service in COMPOSE["services"].items():
        command = service.get("command", [])
        assert isinstance(command, list), name
        assert not [word for word in command if any(sign in word for sign in "$;|&>")], name
        written = [str(value) for key, value in service.get("environment", {}).items() if "PASSWORD" in key]
        assert all(value.startswith("${") for value in written), name
