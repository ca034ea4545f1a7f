"""The nightly flow: the same stages that `aftercare nightly` runs, each as a task."""

from contextvars import ContextVar
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.logging import get_run_logger
from pydantic import Field

from flows import settings as settings_module
from flows.embedded import source_or_embedded
from flows.errors import at_stake
from flows.history import past_line
from flows.mirror import as_task
from flows.night import Unchanged
from flows.outcomes import outcome
from flows.record import Recorder, tell_release
from flows.run import Reporter, run_night
from flows.secret_block import with_password
from flows.settings import Settings
from flows.stages import NIGHTLY
from flows.warehouse import Home

# What a run's parameters may be: Prefect shows it on the page, and refuses a run that asks for anything else before it begins.
Text = Annotated[str, Field(min_length=1)]
Day = Annotated[date, Field(json_schema_extra={"pattern": r"^\d{4}-\d{2}-\d{2}$"})]
CheckId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)*$")]

# Who else hears how far the night is: the terminal, where there is one.
HEARD_BY: ContextVar[Reporter | None] = ContextVar("heard_by", default=None)


def _named() -> str:
    return f"nightly-{datetime.now(UTC):%Y%m%d-%H%M%S}"


@flow(name="nightly", flow_run_name=_named, persist_result=False)
def nightly(
    source: Text | None = None,
    mapping: Text | None = None,
    mapping_parameters: Text | None = None,
    home: Text | None = None,
    as_of: Day | None = None,
    rebuild: bool = False,
    full: bool = False,
    accept: list[CheckId] | None = None,
) -> State[Any]:
    """Make a release from a delivery: land, build, check, estimate, publish.

    Args:
        source: Folder of a JDS delivery, postgresql://user@host/database?schema=jds, or another URL of SQLAlchemy; no password in it.
            Without one the embedded JDS makes a simulated delivery.
        mapping: How the source's tables become the contract's: a shipped mapping's name, or a mapping file.
        mapping_parameters: What the mapping leaves to be decided, as name=value, separated by commas.
        home: Folder of the warehouse.
        as_of: Date the release is made for, such as 2026-11-01; without one the day of the delivery. A date in the past is made again
            from what was known then.
        rebuild: Work even where the live release is already what would be made.
        full: Read all of a database, not only what changed.
        accept: Ids of failing checks, such as delivery.gap, that are let through as warnings; it is recorded.
    """
    given = {"source": source, "mapping": mapping, "mapping_parameters": mapping_parameters, "home": home}
    return outcome(lambda: _night(given, as_of, rebuild, full, accept or []))


def _night(
    given: dict[str, str | None], as_of: date | None, rebuild: bool, full: bool, accept: list[str]
) -> tuple[Path | Unchanged, str]:
    settings = settings_module.load(**given)
    with at_stake(Home(settings.home).current):
        return _made(with_password(settings), as_of, rebuild, full, accept)


def _made(
    settings: Settings, as_of: date | None, rebuild: bool, full: bool, accept: list[str]
) -> tuple[Path | Unchanged, str]:
    folder = source_or_embedded(settings, get_run_logger().info)
    recorder, where = Recorder(HEARD_BY.get()), Home(settings.home.resolve())
    stages = tuple(as_task(stage) for stage in NIGHTLY)
    try:
        made = run_night(
            settings,
            folder,
            recorder,
            as_of=as_of,
            rebuild=rebuild,
            full=full,
            accept=frozenset(accept),
            stages=stages,
        )
    except Exception:
        recorder.close(where, failed=True)
        raise
    recorder.close(where, failed=False)
    if isinstance(made, Unchanged):
        return made, f"nothing to do: release {made.release_id} is already what this night would make"
    tell_release(where, made)
    past = past_line(where, made.name)
    return made, f"release {made.name} is live{f', {past}' if past else ''}"
