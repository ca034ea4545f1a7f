"""The `aftercare` command."""

import os
import shutil
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import click

from flows import settings as settings_module
from flows.cli_backup import COMMANDS as BACKUP_COMMANDS
from flows.cli_checks import checks
from flows.cli_diff import diff
from flows.cli_export import export, withdraw
from flows.cli_mapping import MAPPING, PARAMETER, mapping
from flows.cli_models import models, review, support
from flows.cli_operate import backfill, bootstrap, config, upgrade
from flows.cli_partner import COMMANDS as PARTNER_COMMANDS
from flows.cli_privacy import COMMANDS as PRIVACY_COMMANDS
from flows.cli_release import COMMANDS as RELEASE_COMMANDS
from flows.cli_release import HOME
from flows.cli_report import report
from flows.cli_simulate import Day, simulate
from flows.cli_worklist import forecast, worklist
from flows.errors import Exit, StageError, at_stake, unexpected_text
from flows.settings import Settings
from flows.warehouse import Home

TRY = "select stage, count(*) as n, round(avg(total), 2) as mean_total from aso.snapshot group by stage order by stage"


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="aftercare")
def cli() -> None:
    """How survivors of human trafficking recover in aftercare, and what helps: from a JDS delivery to a release to query."""


@cli.command()
@click.option(
    "--source",
    help="Folder of a JDS delivery, postgresql://user@host/database?schema=jds, or another URL of SQLAlchemy. Without one the embedded "
    "JDS makes a simulated delivery.",
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
    with at_stake(Home(settings.home).current):
        folder = source_or_embedded(settings, reporter.console.print)
        try:
            made = run_night(
                settings, folder, reporter, as_of=as_of, rebuild=rebuild, full=full, accept=frozenset(accept)
            )
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
    forecast,
    diff,
    mapping,
    models,
    support,
    review,
    *PARTNER_COMMANDS,
    *RELEASE_COMMANDS,
    *BACKUP_COMMANDS,
    report,
    export,
    withdraw,
    *PRIVACY_COMMANDS,
    backfill,
    upgrade,
    bootstrap,
    config,
):
    cli.add_command(command)


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
def retrain(home: Path | None) -> None:
    """Train the need model on the live release; it takes over by the promotion rule and is published by the next night."""
    from flows.training import retrain_on_live

    click.echo(retrain_on_live(settings_module.load(home=home)).line)


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
