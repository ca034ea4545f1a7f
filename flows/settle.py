"""Waiting until Prefect's server has recorded a run whole: task runs reach it as events, behind the run itself."""

import logging
import time
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterId,
    TaskRunFilter,
    TaskRunFilterState,
    TaskRunFilterStateType,
)
from prefect.client.schemas.objects import TERMINAL_STATES
from prefect.events.worker import EventsWorker

SETTLE_SECONDS = 60.0


def settle(flow_run_id: UUID, *, expected: int, seconds: float = SETTLE_SECONDS) -> bool:
    """Send what this process still holds, then wait until `expected` task runs have ended on the server; whether they have."""
    EventsWorker.drain_all(timeout=seconds)
    for handler in logging.getLogger("prefect.flow_runs").handlers:
        handler.flush()
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if _ended(flow_run_id) >= expected:
            return True
        time.sleep(0.25)
    return False


def _ended(flow_run_id: UUID) -> int:
    with get_client(sync_client=True) as client:
        asked = {
            "flow_runs": FlowRunFilter(id=FlowRunFilterId(any_=[flow_run_id])).model_dump(mode="json"),
            "task_runs": TaskRunFilter(
                state=TaskRunFilterState(type=TaskRunFilterStateType(any_=sorted(TERMINAL_STATES)))
            ).model_dump(mode="json"),
        }
        answer = client.request("POST", "/task_runs/count", json=asked)
    return int(answer.json())
