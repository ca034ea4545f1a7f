"""Commands for who operates a home: `aftercare backfill`, `aftercare upgrade`, `aftercare config`, `aftercare bootstrap`."""

import sys
from datetime import UTC, date, datetime
from pathlib import Path

import click

from flows import settings as settings_module
from flows.cli_simulate import Day
from flows.warehouse import Home

HOME = click.option("--home", type=click.Path(path_type=Path), help="Folder of the warehouse [default: ./warehouse].")
SOURCE = click.option("--source", help="Folder of a JDS delivery, or the URL of its database.")


@click.command()
@click.option("--from", "first", type=Day(), help="First date.")
@click.option("--to", "last", type=Day(), help="Last date.")
@click.option(
    "--source",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="Folder that holds delivery folders: each is played for its own date. Without one, each date from --from to --to is made from "
    "what had landed by then.",
)
@HOME
def backfill(first: date | None, last: date | None, source: Path | None, home: Path | None) -> None:
    """Run several nights in order; stop at the first that is refused. Running again goes on where it stopped."""
    from flows.backfill import backfill as run

    run(settings_module.load(home=home), source, first=first, last=last, say=click.echo)


@click.command()
@HOME
def upgrade(home: Path | None) -> None:
    """Bring a home of an older version to the present format. What was there is kept until the result is verified."""
    from flows.upgrade import upgrade as run

    click.echo(run(Home(settings_module.load(home=home).home.resolve()), at=datetime.now(UTC)))


@click.command()
@click.option(
    "--draws", type=click.IntRange(min=200), default=200, show_default=True, help="How many resamples; 200 or more."
)
@HOME
def bootstrap(draws: int, home: Path | None) -> None:
    """Resample the headline of the live release; interrupted, it goes on where it stopped. The weekly retraining runs it too."""
    from flows.bootstrap import bootstrap_live

    done = bootstrap_live(settings_module.load(home=home), draws=draws, say=click.echo)
    click.echo(done.line)
    for row in done.rows:
        near = f"{row['lower']:.3f} to {row['upper']:.3f}, published {row['sandwich_lower']:.3f} to {row['sandwich_upper']:.3f}"
        click.echo(f"restored by day {row['day']:>4}: {row['estimate']:.3f} ({near})")


@click.group()
def config() -> None:
    """Look at the settings, and at whether a night could run with them."""


@config.command()
@SOURCE
@HOME
def show(source: str | None, home: Path | None) -> None:
    """Show every setting, its value and where it came from, secrets as ***; and what of the home lies encrypted."""
    from rich.console import Console

    from flows.configuration import settings_rows
    from flows.console import table
    from flows.forms import form_rows

    given: dict[str, object] = {"home": home, "source": source}
    settings, screen = settings_module.load(**given), Console(highlight=False)
    screen.print(table(settings_rows(settings, given)))
    forms = form_rows(Home(settings.home.resolve()))
    if forms:
        screen.print(
            f"files that hold people, of which new ones are {'encrypted' if settings.encryption == 'on' else 'in clear'}:"
        )
        screen.print(table(forms))


@config.command()
@SOURCE
@HOME
def validate(source: str | None, home: Path | None) -> None:
    """Check settings, key, home, source and contract without running anything; exit as the night would be refused."""
    from flows.configuration import validate as run

    settings = settings_module.load(home=home, source=source)
    click.echo("settings  ok: every name is known and every value can be used")
    sys.exit(int(run(settings, click.echo)))
