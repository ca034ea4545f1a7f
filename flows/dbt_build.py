"""dbt as a stage: a child process builds the marts in the run's build file, and tells of each node as it goes."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flows import dbt_parsed
from flows.errors import DbtError
from flows.keyring import is_sealed, parquet_key
from flows.settings import PROJECT, child_environment

STAGE = "dbt build"
DBT_PROJECT = PROJECT / "dbt_project"
GOOD = frozenset({"success", "pass", "warn", "no-op", "skipped"})


@dataclass(frozen=True)
class NodeEvent:
    """A node started, ended, or was skipped. `name` is short, such as `fct_episode`.

    `cpu` is the CPU seconds of dbt's process by then; nodes run one after the other.
    """

    what: str
    node: str
    kind: str
    status: str = ""
    seconds: float = 0.0
    cpu: float = 0.0

    @property
    def name(self) -> str:
        parts = self.node.split(".")
        return parts[2] if len(parts) > 2 else self.node


OnNode = Callable[[NodeEvent], None]

# Children that have been started and wait for their build, by target folder and memory limit.
_waiting: dict[tuple[Path, str], subprocess.Popen[str]] = {}


@contextmanager
def ready(target: Path, memory_limit: str) -> Iterator[None]:
    """A child for the build of this block is started now, and reads in dbt while the night does what comes before."""
    of = (target, memory_limit)
    _waiting[of] = _child(*of)
    try:
        yield
    finally:
        if of in _waiting:  # the night ended before its build
            with _waiting.pop(of) as unused:
                unused.kill()


def build_marts(
    run_folder: Path,
    target: Path,
    *,
    variables: Mapping[str, Any] | None = None,
    memory_limit: str = "3GB",
    on_node: OnNode = lambda _: None,
) -> dict[str, int]:
    """Build all models, seeds, snapshots and data tests; how many nodes ended in each status.

    `target` is where dbt keeps what it has parsed between runs; other `variables` make it parse anew.
    Raises DbtError with the names of the nodes that failed.
    """
    told_variables = json.dumps(variables or {})
    file = run_folder / "build.duckdb"
    sealed = file.exists() and is_sealed(file)
    form = "encrypted" if sealed else "build"
    arguments = ["build", "--target", form, "--exclude-resource-type", "unit_test", "--vars", told_variables]
    order = {"folder": str(run_folder), "arguments": arguments, "key": parquet_key() if sealed else ""}
    parsed = dbt_parsed.name_of(str(DBT_PROJECT), form, told_variables, memory_limit)
    dbt_parsed.lay_out(parsed, target)
    statuses: dict[str, int] = {}
    failed: list[str] = []
    child = _waiting.pop((target, memory_limit), None) or _child(target, memory_limit)
    for told in _run(child, order):
        event = _event(told)
        on_node(event)
        if event.what == "result":
            statuses[event.status] = statuses.get(event.status, 0) + 1
            if event.status not in GOOD:
                failed.append(event.name)
        if event.what == "error":
            failed.append(f"the dbt project itself, with {event.kind}")
    if failed or not statuses:
        raise DbtError(
            f"these nodes failed: {', '.join(sorted(failed)) or 'none ran'}",
            stage=STAGE,
            count=len(failed),
            next_step=f"dbt build --select the node, in {run_folder.name} of the home's runs; later nodes were not run",
        )
    dbt_parsed.keep(parsed, target)
    return statuses


def _event(told: dict[str, Any]) -> NodeEvent:
    return NodeEvent(
        what=str(told["event"]),
        node=str(told.get("node", "")),
        kind=str(told.get("kind", "")),
        status=str(told.get("status", "")),
        seconds=float(told.get("seconds", 0.0)),
        cpu=float(told.get("cpu", 0.0)),
    )


def _child(target: Path, memory_limit: str) -> subprocess.Popen[str]:
    """A process of flows/dbt_child.py; what it writes besides its lines is dropped, since it could quote a value."""
    return subprocess.Popen(
        [sys.executable, "-m", "flows.dbt_child", str(DBT_PROJECT), str(target)],
        env=child_environment(PYTHONPATH=str(PROJECT), AFTERCARE_MEMORY_LIMIT=memory_limit),
        stdin=subprocess.PIPE,  # closes with this process, however it ends; the child ends with it
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def _run(child: subprocess.Popen[str], order: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The lines of the child as they come.

    It reads its order, the key with it, from its standard input: arguments and environment could be seen by others, and its children
    would get them.
    """
    with child:
        assert child.stdout is not None
        assert child.stdin is not None
        with suppress(BrokenPipeError):
            child.stdin.write(json.dumps(order) + "\n")
            child.stdin.flush()
        for line in child.stdout:
            if line.startswith("{"):
                yield json.loads(line)
