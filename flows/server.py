"""The pipeline with Prefect's page: `python -m flows.server nightly` for one night, `serve` for every night, `deploy` for workers.

`aftercare nightly` makes the same release with no Prefect at all.
"""

import logging
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from flows import settings as settings_module
from flows.cli import main, tell_release, tell_unchanged
from flows.cli import nightly as plain
from flows.cli_release import HOME
from flows.console import ConsoleReporter
from flows.dbt_build import NodeEvent
from flows.embedded import source_or_embedded
from flows.errors import LockedError
from flows.extract.open import Source
from flows.night import Unchanged
from flows.prefect_child import LOOPBACK
from flows.prefect_server import NoServerError, running_port, server, when_lost
from flows.settings import Settings


class _Counting(ConsoleReporter):
    """Also counts the task runs that the night must leave in Prefect."""

    task_runs = 0

    def begin(self, stage: str, number: int, of: int) -> None:
        self.task_runs += 1
        super().begin(stage, number, of)

    def node(self, event: NodeEvent) -> None:
        self.task_runs += event.what == "start"
        super().node(event)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def commands() -> None:
    """Run the pipeline under Prefect, on a server of this machine only."""


@commands.command("nightly", params=plain.params, help=f"{plain.help} The run stays to be seen in Prefect.")
def nightly(**given: Any) -> None:
    """One night in this process against a server that lives as long as it does, or the one that `serve` runs."""
    settings = settings_module.load(
        home=given["home"], source=given["source"], mapping=given["mapping"], mapping_parameters=_joined(given)
    )
    reporter = _Counting()
    try:
        with _server(settings, reporter.console) as port, when_lost(port, _go_on_without):
            made = _run(reporter, given, source_or_embedded(settings, reporter.console.print))
    except NoServerError as error:
        click.echo(f"{error}; the night runs without Prefect.", err=True)
        plain.callback(**given)  # type: ignore[misc]
        return
    finally:
        reporter.stop()
    if isinstance(made, Unchanged):
        tell_unchanged(made.release_id)
    else:
        tell_release(settings, made)


def _go_on_without() -> None:
    """Become the plain command, with the same options: this process would go on asking a server that is gone."""
    click.echo("\nThe Prefect server is gone; the night runs again without Prefect.", err=True)
    os.execv(sys.executable, [sys.executable, "-c", "from flows.cli import main; main()", *sys.argv[1:]])


@commands.command("serve")
@HOME
def serve(home: Path | None) -> None:
    """Keep Prefect's page open and run every night and every week, until Ctrl-C."""
    settings = settings_module.load(home=home)
    there = running_port(settings)
    if there:
        raise LockedError(
            f"a Prefect server of this home already answers at http://{LOOPBACK}:{there}",
            stage="serve", next_step="open that page; or wait until the night that runs has ended",
        )  # fmt: skip
    with _server(settings, Console(stderr=True), schedules=True) as port:
        from flows.deployed import serve as serve_deployments

        click.echo(f"Prefect's page is at http://{LOOPBACK}:{port} (Ctrl-C stops it and what runs)")
        serve_deployments(settings, click.echo)


@commands.command("deploy")
@HOME
def deploy(home: Path | None) -> None:
    """Register work pool, deployments and automations on the server of PREFECT_API_URL, for workers to run."""
    from flows.deployed import deploy as register

    register(settings_module.load(home=home), click.echo)


@contextmanager
def _server(settings: Settings, console: Console, *, schedules: bool = False) -> Iterator[int]:
    with ExitStack() as stack:
        with console.status("Prefect") as status:
            port = stack.enter_context(server(settings, status.update, schedules=schedules))
        yield port


def _run(reporter: _Counting, given: dict[str, Any], source: Source) -> Path | Unchanged:
    """Run the flow in this process, and leave when the server knows all of it."""
    from flows.automations import install_dead_runs
    from flows.nightly import HEARD_BY
    from flows.nightly import nightly as flow
    from flows.outcomes import result
    from flows.settle import settle

    install_dead_runs()
    for logger in ("prefect.flow_runs", "prefect.task_runs"):
        logging.getLogger(logger).propagate = False  # on the page, not on the terminal, which has the stages' own lines
    HEARD_BY.set(reporter)
    state = flow(
        source=str(source),
        mapping=given["mapping"],
        mapping_parameters=_joined(given),
        home=str(given["home"]) if given["home"] else None,
        as_of=given["as_of"],
        rebuild=given["rebuild"],
        full=given["full"],
        accept=list(given["accept"]),
        return_state=True,
    )
    run = state.state_details.flow_run_id
    if run and not settle(run, expected=reporter.task_runs):
        click.echo("Prefect did not record every task run of this night; the release itself is whole.", err=True)
    made: Path | Unchanged = result(state)
    return made


def _joined(given: dict[str, Any]) -> str | None:
    """The parameters of the mapping as the setting has them; None where none was given."""
    return ",".join(given["parameter"]) or None


def _stopped(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # also where a shell started this in the background
    signal.signal(signal.SIGTERM, _stopped)  # asked to end by a service manager: the run says so to Prefect first
    main(commands)
