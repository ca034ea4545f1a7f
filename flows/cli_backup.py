"""`aftercare verify`, `backup`, `restore`: is the home what was written, and how it comes back on an empty machine."""

from datetime import UTC, datetime
from pathlib import Path

import click

from flows.cli_release import HOME, home_of

FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command()
@HOME
def verify(home: Path | None) -> None:
    """Prove that the audit log and every kept release are as they were written."""
    from flows.backup import verify_home

    verify_home(home_of(home), click.echo)


@click.command()
@click.argument("target", type=FOLDER)
@HOME
def backup(target: Path, home: Path | None) -> None:
    """Copy the home into the new folder TARGET, with a hash of every file. The pseudonym key is not in it."""
    from flows.backup import back_up

    back_up(home_of(home), target.resolve(), at=datetime.now(UTC), say=click.echo)


@click.command()
@click.argument("source", type=FOLDER)
@HOME
def restore(source: Path, home: Path | None) -> None:
    """Make a home that is not there yet from the backup in the folder SOURCE, and prove it."""
    from flows.backup import restore as run

    run(source.resolve(), home_of(home), at=datetime.now(UTC), say=click.echo)


COMMANDS = (verify, backup, restore)
