"""The short-lived process that runs dbt, so that no lock and no memory of it stays behind.

Run as `python -m flows.dbt_child <project> <target path>`. It reads in dbt, then waits for one line on standard input: a JSON object with
the `folder` of the build file, dbt's `arguments`, and the `key` of an encrypted build file, or nothing: so it stands in no file, argument
or environment. It writes one JSON line for each node that starts or ends on standard output, and nothing else.
"""

import importlib
import json
import os
import sys
import threading
import time
from typing import Any

QUIET = ("--quiet", "--log-level-file", "none", "--no-use-colors", "--no-write-json")
TOLD = {"NodeStart", "NodeFinished"}


def _tell(**facts: object) -> None:
    print(json.dumps(facts), flush=True)


def _on_event(event: Any) -> None:
    if event.info.name not in TOLD:
        return
    node = event.data.node_info
    _tell(
        event="start" if event.info.name == "NodeStart" else "end",
        node=node.unique_id,
        kind=node.resource_type,
        status=node.node_status,
        cpu=time.process_time(),
    )


def _end_with_parent() -> None:
    """End at once when standard input closes: the night has died, and its build is of no use."""
    sys.stdin.buffer.read()
    os._exit(1)


def build(arguments: list[str], project: str, target: str) -> int:
    """Build, tell what happens, and return 0 when every node is right, 1 when one failed, 2 when dbt could not run."""
    from dbt.cli.main import dbtRunner

    result = dbtRunner(callbacks=[_on_event]).invoke(
        [*arguments, "--project-dir", project, "--profiles-dir", project, "--target-path", target, *QUIET]
    )
    nodes = getattr(result.result, "results", None) or []
    for node in nodes:
        _tell(
            event="result",
            node=node.node.unique_id,
            kind=str(node.node.resource_type),
            status=str(node.status),
            seconds=round(node.execution_time, 3),
            failures=node.failures,
        )
    if not nodes and not result.success:
        _tell(event="error", kind=type(result.exception).__name__)
        return 2
    return 0 if result.success else 1


def _use(key: str) -> None:
    from flows import keyring

    if key:
        secret = keyring.bytes_of(key)
        keyring.use(lambda: {keyring.HOME: secret}, encrypts=True)


def main(project: str, target: str) -> int:
    """Be ready, wait for the order, and carry it out; 0 where none comes."""
    for module in ("dbt.cli.main", "dbt.adapters.duckdb"):
        importlib.import_module(module)
    line = sys.stdin.buffer.readline()
    if not line:
        return 0
    order = json.loads(line)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _use(order["key"])
    os.chdir(order["folder"])
    return build(order["arguments"], project, target)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
