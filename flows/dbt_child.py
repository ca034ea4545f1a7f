"""The short-lived process that runs dbt, so that no lock and no memory of it stays behind.

Run as `python -m flows.dbt_child <project> <target path> <dbt arguments…>` in the folder of the build file. The first line of standard
input is the key of an encrypted build file, or empty: so it stands in no file, argument or environment. It writes one JSON line for
each node that starts or ends on standard output, and nothing else.
"""

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


def main(arguments: list[str]) -> int:
    """Build, tell what happens, and return 0 when every node is right, 1 when one failed, 2 when dbt could not run."""
    from dbt.cli.main import dbtRunner

    project, target, *rest = arguments
    result = dbtRunner(callbacks=[_on_event]).invoke(
        [*rest, "--project-dir", project, "--profiles-dir", project, "--target-path", target, *QUIET]
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


def _take_key() -> None:
    from flows import keyring

    line = sys.stdin.buffer.readline().decode("ascii").strip()
    if line:
        key = keyring.bytes_of(line)
        keyring.use(lambda: {keyring.HOME: key}, encrypts=True)


if __name__ == "__main__":
    _take_key()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    sys.exit(main(sys.argv[1:]))
