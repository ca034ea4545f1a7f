"""The weekly flow: a challenger is trained on the live release, the promotion rule decides, and the headline is resampled."""

from datetime import UTC, datetime
from typing import Any

from prefect import flow, get_run_logger, task
from prefect.artifacts import create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State

from flows import settings as settings_module
from flows.bootstrap import bootstrap_live
from flows.errors import EstimatesError
from flows.outcomes import outcome, result
from flows.settings import Settings
from flows.stage import Done
from flows.training import retrain_on_live

DRAWS = 200


def _named() -> str:
    return f"retrain-{datetime.now(UTC):%Y%m%d-%H%M%S}"


@flow(name="retrain", flow_run_name=_named, persist_result=False)
def retrain(home: str | None = None) -> State[Any]:
    """Train the need model on the live release; it takes over by the promotion rule and is published by the next night.

    Args:
        home: Folder of the warehouse.
    """
    return outcome(lambda: _retrain(settings_module.load(home=home)))


def _retrain(settings: Settings) -> tuple[Done, str]:
    def work() -> tuple[Done, str]:
        done = retrain_on_live(settings)
        return done, done.line

    train = task(
        name="train challenger",
        task_run_name="train challenger",
        tags={"stage", "model"},
        timeout_seconds=4 * 3600,
        cache_policy=NO_CACHE,
        persist_result=False,
    )(lambda: outcome(work))
    done: Done = result(train(return_state=True))
    create_table_artifact(key="need-model", table=done.rows, description=done.line)
    resample = task(
        name="resample headline",
        task_run_name="resample headline",
        tags={"stage", "model"},
        timeout_seconds=4 * 3600,
        cache_policy=NO_CACHE,
        persist_result=False,
    )(lambda: outcome(lambda: _resampled(settings)))
    limits: Done = result(resample(return_state=True))
    create_table_artifact(key="headline-limits", table=limits.rows, description=limits.line)
    return done, done.line


def _resampled(settings: Settings) -> tuple[Done, str]:
    """A release without a headline has nothing to resample, which is no reason to fail."""
    try:
        done = bootstrap_live(settings, draws=DRAWS, say=get_run_logger().info)
    except EstimatesError as error:
        done = Done(error.text())
    return done, done.line
