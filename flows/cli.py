"""The `aftercare` command."""

import os
import shutil
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import click

from flows import settings as settings_module
from flows.cli_checks import checks
from flows.cli_diff import diff
from flows.cli_export import export, withdraw
from flows.cli_mapping import MAPPING, PARAMETER, mapping
from flows.cli_operate import backfill, config, upgrade
from flows.cli_partner import COMMANDS as PARTNER_COMMANDS
from flows.cli_simulate import Day, simulate
from flows.cli_worklist import worklist
from flows.errors import Exit, StageError
from flows.settings import Settings
from flows.warehouse import Home

HOME = click.option("--home", type=click.Path(path_type=Path), help="Folder of the warehouse [default: ./warehouse].")
TRY = "select stage, count(*) as n, round(avg(total), 2) as mean_total from aso.snapshot group by stage order by stage"


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="aftercare")
def cli() -> None:
    """How survivors of human trafficking recover in aftercare, and what helps: from a JDS delivery to a release to query."""


def _home(home: Path | None) -> Home:
    return Home(settings_module.load(home=home).home.resolve())


@cli.command()
@click.option(
    "--source",
    help="Folder of a JDS delivery, or postgresql://user@host/database?schema=jds. Without one the embedded JDS makes a simulated "
    "delivery.",
)
@MAPPING
@PARAMETER
@HOME
@click.option("--as-of", type=Day(), help="Date the release is made for [default: the day of the delivery].")
@click.option("--rebuild", is_flag=True, help="Work even where the live release is already what would be made.")
@click.option("--full", is_flag=True, help="Read all of a database, not only what changed.")
@click.option(
    "--accept", multiple=True, metavar="CHECK_ID", help="Let this failing check through as a warning; it is recorded."
)
def nightly(
    source: str | None, mapping: str | None, parameter: tuple[str, ...], home: Path | None, as_of: date | None, rebuild: bool,
    full: bool, accept: tuple[str, ...],
) -> None:  # fmt: skip
    """Make a release from a delivery: land, build, check, estimate, publish."""
    from flows.console import ConsoleReporter
    from flows.embedded import source_or_embedded
    from flows.night import Unchanged
    from flows.run import run_night

    settings = settings_module.load(
        home=home, source=source, mapping=mapping, mapping_parameters=",".join(parameter) or None
    )
    reporter = ConsoleReporter()
    folder = source_or_embedded(settings, reporter.console.print)
    try:
        made = run_night(settings, folder, reporter, as_of=as_of, rebuild=rebuild, full=full, accept=frozenset(accept))
    finally:
        reporter.stop()
    if isinstance(made, Unchanged):
        tell_unchanged(made.release_id)
    else:
        tell_release(settings, made)


def tell_unchanged(release_id: str) -> None:
    """Say on standard output that the live release is already what this run would make."""
    click.echo(
        f"Nothing to do: release {release_id} was made from this delivery, code, settings and date (--rebuild forces)."
    )


def tell_release(settings: Settings, folder: Path) -> None:
    """Say what was made, where it is, and one query to try."""
    from flows.history import past_line

    option = "" if settings.home == Path("warehouse") else f" --home {settings.home}"
    command = _command()
    past = past_line(Home(settings.home.resolve()), folder.name)
    click.echo(f"\nRelease {folder.name} is live.")
    click.echo(f"  marts    {folder / 'marts.duckdb'}")
    click.echo(f"  report   {folder / 'report' / 'index.html'}")
    click.echo(f"  checks   {command} checks{option}")
    click.echo(f'  try      {command} sql{option} "{TRY}"')
    if past:
        click.echo(f"  past     {past}")


def _command() -> str:
    """How this command is typed here: with its folder where it is not on the path."""
    beside = Path(sys.executable).parent / "aftercare"
    if shutil.which("aftercare") or not beside.exists():
        return "aftercare"
    return str(beside.relative_to(Path.cwd())) if beside.is_relative_to(Path.cwd()) else str(beside)


for command in (
    simulate,
    checks,
    worklist,
    diff,
    mapping,
    *PARTNER_COMMANDS,
    backfill,
    upgrade,
    config,
    export,
    withdraw,
):
    cli.add_command(command)


@cli.command()
@HOME
def releases(home: Path | None) -> None:
    """List the releases that are kept, newest first."""
    from flows.console import table
    from flows.publish.release import releases as kept

    rows: list[dict[str, object]] = [
        {"": "*" if one.is_current else "", "release": one.release_id, "as of": one.as_of, "made": one.created_at[:19],
         "survivors": one.n_survivors, "episodes": one.n_episodes, "MB": round(one.size_bytes / 1e6)}
        for one in kept(_home(home))
    ]  # fmt: skip
    _show(table(rows))


@cli.command()
@click.argument("release", required=False)
@HOME
@click.option("--resume", is_flag=True, help="Lift the hold that a rollback put on publishing.")
@click.option("--why", default="", help="A reason for the audit log; no names, no ids.")
def rollback(release: str | None, home: Path | None, resume: bool, why: str) -> None:
    """Go back to RELEASE (default: the one before) and hold publishing until --resume."""
    from flows.lock import hold_home
    from flows.publish import release as publishing

    where, at = _home(home), datetime.now(UTC)
    with hold_home(where):
        if resume:
            there = publishing.resume(where, at=at)
            click.echo("Publishing goes on with the next night." if there else "There was no hold on publishing.")
            return
        name = publishing.rollback(where, release, at=at, why=why)
    click.echo(f"Release {name} is live. Publishing is on hold; `aftercare rollback --resume` lifts it.")


@cli.command()
@HOME
def status(home: Path | None) -> None:
    """Say what is live, how old it is, whether publishing is on hold, and what the checks found."""
    from flows.inspect import status_lines

    for line in status_lines(_home(home), now=datetime.now(UTC)):
        click.echo(line)


@cli.command()
@click.argument("query", required=False)
@HOME
@click.option("--format", "fmt", type=click.Choice(["table", "csv"]), default="table", show_default=True)
def sql(query: str | None, home: Path | None, fmt: str) -> None:
    """Query the live release, read-only. Without QUERY, statements are read from standard input, each ended by `;`."""
    from flows.inspect import run_query, shell

    where = _home(home)
    if query:
        click.echo(run_query(where, query, fmt=fmt))
    else:
        shell(where, fmt=fmt)


@cli.command()
@click.option(
    "--source", help="Folder or database of the JDS delivery to look into [default: the one that landed last]."
)
@MAPPING
@PARAMETER
@HOME
def unmapped(source: str | None, mapping: str | None, parameter: tuple[str, ...], home: Path | None) -> None:
    """Show the codes of a delivery that the contract does not know, on screen only, with the mapping line to add."""
    from flows.inspect import unmapped_rows

    given = {"mapping": mapping, "mapping_parameters": ",".join(parameter) or None}
    rows = unmapped_rows(settings_module.load(home=home, source=source, **given))
    for row in rows:
        click.echo(f"{row['table']}.{row['column']}: {row['value']} ({row['rows']:,} rows)\n    add to {row['add']}")
    if not rows:
        click.echo("Every code of the delivery is known.")


@cli.command()
@click.argument("kind")
@click.argument("identifiers", nargs=-1, required=True)
@HOME
def key(kind: str, identifiers: tuple[str, ...], home: Path | None) -> None:
    """Turn JDS ids of a KIND (survivor, episode, case, assessment ...) into their keys. Each use is recorded, without the ids."""
    from flows.inspect import keys_of

    for one in keys_of(settings_module.load(home=home), kind, identifiers, at=datetime.now(UTC)):
        click.echo(one)


@cli.command()
@HOME
def report(home: Path | None) -> None:
    """Say where the report of the live release is."""
    from flows.publish import withdrawal
    from flows.publish.release import release_folder

    folder = release_folder(_home(home))
    click.echo(folder / "report" / "index.html")
    said = withdrawal.notice(_home(home), folder.name)
    if said:
        click.echo(said, err=True)


@cli.command()
@HOME
def retrain(home: Path | None) -> None:
    """Train the need model on the live release; it takes over by the promotion rule and is published by the next night."""
    from flows.training import retrain_on_live

    click.echo(retrain_on_live(settings_module.load(home=home)).line)


def _show(what: Any) -> None:
    from rich.console import Console

    Console(highlight=False).print(what)


def main(commands: click.Group = cli) -> None:
    """Run the command; an error is one paragraph on standard error and its exit code."""
    os.environ.setdefault("DO_NOT_TRACK", "1")
    try:
        commands.main(standalone_mode=False)
    except StageError as error:
        click.echo(error.text(), err=True)
        sys.exit(int(error.code))
    except click.ClickException as error:
        error.show()
        sys.exit(int(Exit.USAGE))
    except (click.Abort, KeyboardInterrupt):
        click.echo("stopped", err=True)
        sys.exit(130)
    except BrokenPipeError:
        sys.exit(0)
    except Exception as error:  # the last resort: a traceback could quote a row
        click.echo(unexpected_text(error), err=True)
        sys.exit(int(Exit.UNEXPECTED))


def unexpected_text(error: Exception) -> str:
    """What can be said of an error that nobody foresaw: its kind and its place, not its text."""
    where = error.__traceback__
    while where and where.tb_next:
        where = where.tb_next
    place = f"{Path(where.tb_frame.f_code.co_filename).name}:{where.tb_lineno}" if where else "an unknown place"
    return (
        f"unexpected error (exit {int(Exit.UNEXPECTED)}): {type(error).__name__} at {place}. The last release stays live. "
        "Next: report the kind and the place; the text of the error is not shown since it could quote a row."
    )
