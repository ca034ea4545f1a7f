"""What `deployments/` says, put to a Prefect server: the work pool, the deployments with their schedules, the automations."""

import importlib
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import anyio
import yaml
from prefect import Flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterId,
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import ConcurrencyLimitConfig, StateType
from prefect.client.schemas.schedules import CronSchedule
from prefect.deployments.runner import RunnerDeployment
from prefect.runner import Runner
from prefect.states import Crashed
from prefect.types.entrypoint import EntrypointType

from flows.automations import install_automations
from flows.extract.url import is_url
from flows.settings import PROJECT, Settings

PREFECT_YAML = PROJECT / "deployments" / "prefect.yaml"
SCHEDULER_SECONDS = 20.0
Say = Callable[[str], None]


def deployments(settings: Settings) -> list[RunnerDeployment]:
    """The deployments of prefect.yaml, for the home and source of these settings."""
    described = yaml.safe_load(PREFECT_YAML.read_text(encoding="utf-8"))["deployments"]
    return [_deployment(one, settings) for one in described]


def flow_at(entrypoint: str) -> Flow[Any, Any]:
    """The flow that an entrypoint of prefect.yaml (`flows/nightly.py:nightly`) names."""
    file, name = entrypoint.split(":")
    flow: Flow[Any, Any] = getattr(importlib.import_module(file.removesuffix(".py").replace("/", ".")), name)
    return flow


def _deployment(one: dict[str, Any], settings: Settings) -> RunnerDeployment:
    flow = flow_at(one["entrypoint"])
    here = {"home": str(settings.home.resolve()), "source": _absolute(settings.source)}
    takes = flow.parameters.properties
    deployment = flow.to_deployment(
        name=one["name"],
        description=one["description"],
        tags=one["tags"],
        parameters={**one["parameters"], **{name: value for name, value in here.items() if name in takes}},
        schedules=[CronSchedule(cron=at["cron"], timezone=at["timezone"]) for at in one["schedules"]],
        concurrency_limit=ConcurrencyLimitConfig(**one["concurrency_limit"]),
        entrypoint_type=EntrypointType.MODULE_PATH,
    )
    assert isinstance(deployment, RunnerDeployment)  # a coroutine where an event loop runs
    return deployment


def _absolute(source: str | None) -> str | None:
    if source is None or is_url(source):
        return source
    return str(Path(source.removeprefix("file://")).resolve())


def deploy(settings: Settings, say: Say) -> None:
    """Register everything for workers: the process work pool, the deployments in it, the automations. Again is the same as once."""
    install_automations(settings)
    described = yaml.safe_load(PREFECT_YAML.read_text(encoding="utf-8"))["deployments"]
    with get_client(sync_client=True) as client:
        for pool in sorted({one["work_pool"]["name"] for one in described}):
            client.create_work_pool(WorkPoolCreate(name=pool, type="process"), overwrite=True)
    for one in described:
        deployment = _deployment(one, settings)
        deployment.apply(work_pool_name=one["work_pool"]["name"])
        say(f"{deployment.flow_name}/{deployment.name} is deployed for workers of the pool {one['work_pool']['name']}")


class _Runner(Runner):
    def handle_sigterm(self, *_: Any, **__: Any) -> None:
        """End as with Ctrl-C; Prefect's own way leaves a coroutine that nobody awaits."""
        signal.raise_signal(signal.SIGINT)


def serve(settings: Settings, say: Say) -> None:
    """Register the deployments and run what they schedule, until interrupted; then no run is left that seems to go on."""
    install_automations(settings)
    described = deployments(settings)
    try:
        anyio.run(_serve, described, say)
    finally:
        _end_runs([f"{deployment.flow_name}/{deployment.name}" for deployment in described])


async def _serve(described: list[RunnerDeployment], say: Say) -> None:
    runner = _Runner(name="aftercare", pause_on_shutdown=False)
    for deployment in described:
        registered = await runner.aadd_deployment(deployment)
        say(f"{deployment.flow_name:<10} next run {await _next_run(registered, deployment)}")
    await runner.start()


def _end_runs(names: list[str]) -> None:
    """Say of runs whose process ended with this one that they crashed, which also frees their place for the next."""
    going = FlowRunFilterState(
        type=FlowRunFilterStateType(any_=[StateType.PENDING, StateType.RUNNING, StateType.CANCELLING])
    )
    with get_client(sync_client=True) as client:
        ours = DeploymentFilter(id=DeploymentFilterId(any_=[client.read_deployment_by_name(name).id for name in names]))
        for run in client.read_flow_runs(flow_run_filter=FlowRunFilter(state=going), deployment_filter=ours):
            message = "The server was stopped while this ran. What was live stays live."
            client.set_flow_run_state(run.id, Crashed(message=message), force=True)


async def _next_run(registered: UUID, deployment: RunnerDeployment) -> str:
    """When the scheduler has planned the next run, in the deployment's own time zone."""
    zones = [at.schedule.timezone for at in deployment.schedules or [] if isinstance(at.schedule, CronSchedule)]
    zone = ZoneInfo(str(zones[0]))
    until = time.monotonic() + SCHEDULER_SECONDS
    async with get_client() as client:
        while time.monotonic() < until:
            planned = await client.get_scheduled_flow_runs_for_deployments([registered])
            times = sorted(run.next_scheduled_start_time for run in planned if run.next_scheduled_start_time)
            if times:
                return f"{times[0].astimezone(zone):%A %Y-%m-%d %H:%M} {zone}"
            await anyio.sleep(0.5)
    return "not planned yet"
