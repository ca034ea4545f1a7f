"""A night's stages and dbt nodes as task runs: each begins and ends in Prefect when it does in truth."""

from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.futures import PrefectFuture, wait
from prefect.states import Cancelled, Completed, Failed

from flows.dbt_build import GOOD, NodeEvent
from flows.errors import at_stake
from flows.night import Night
from flows.outcomes import error_of, outcome, result
from flows.stage import Done, Stage, Watch

HOUR = 3600.0


@dataclass(frozen=True)
class Rules:
    """What Prefect does about a stage. Only reading and writing files is tried again: a check that failed will fail again."""

    timeout: float = 2 * HOUR
    retry_delays: tuple[float, ...] = ()
    tags: frozenset[str] = frozenset({"stage"})


RULES = {
    "land delivery": Rules(retry_delays=(10, 60), tags=frozenset({"stage", "io"})),
    "build marts": Rules(timeout=6 * HOUR, tags=frozenset({"stage", "dbt"})),
    "publish": Rules(tags=frozenset({"stage", "io"})),
}


def as_task(stage: Stage) -> Stage:
    """The same stage, run as a task, with a task run for every dbt node that it tells of."""
    rules = RULES.get(stage.name, Rules())

    def run(night: Night, watch: Watch) -> Done:
        def work() -> tuple[Done, str]:
            with at_stake(night.home.current), _node_runs(watch) as mirrored:
                done = stage.run(night, mirrored)
            return done, done.line

        def again(_task: Any, _run: Any, state: State[Any]) -> bool:
            return _can_run_again(state) and not night.folder.exists()

        as_prefect_task = task(
            name=stage.name,
            task_run_name=stage.name,
            tags=set(rules.tags),
            timeout_seconds=rules.timeout,
            retries=len(rules.retry_delays),
            retry_delay_seconds=list(rules.retry_delays),
            retry_condition_fn=again,
            cache_policy=NO_CACHE,
            persist_result=False,
        )(lambda: outcome(work))
        done: Done = result(as_prefect_task(return_state=True))
        return done

    return replace(stage, run=run)


def _can_run_again(state: State[Any]) -> bool:
    """Whether it was the machine that failed: a refusal would be given again."""
    return isinstance(error_of(state), OSError)


@contextmanager
def _node_runs(watch: Watch) -> Iterator[Watch]:
    """The watch that also mirrors nodes. Whatever happens, no task run is left waiting for its node."""
    ends: dict[str, Future[NodeEvent]] = {}
    runs: list[PrefectFuture[Any]] = []

    def on_node(event: NodeEvent) -> None:
        if event.what == "start":
            ends[event.node] = Future()
            runs.append(_submit(event, ends[event.node]))
        elif event.what == "end" and event.node in ends:
            ends.pop(event.node).set_result(event)
        watch.node(event)

    try:
        yield replace(watch, node=on_node)
    finally:
        for node, end in ends.items():
            end.set_result(NodeEvent("end", node, "", "never ended"))
        wait(runs)


def _submit(event: NodeEvent, end: Future[NodeEvent]) -> PrefectFuture[Any]:
    named = dbt_node.with_options(task_run_name=lambda: event.name, tags={"dbt", event.kind})
    return named.submit(end)


@task(name="dbt node", cache_policy=NO_CACHE, persist_result=False)
def dbt_node(end: "Future[NodeEvent]") -> State[Any]:
    """Wait until the node has ended, and end as it did."""
    event = end.result()
    if event.status == "skipped":
        return Cancelled(name="Skipped", message="a node before it failed")
    if event.status in GOOD:
        return Completed(message=event.status)
    return Failed(message=f"dbt: {event.status}")
