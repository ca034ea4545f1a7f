"""`aftercare releases`, `rollback`, `status`, `sql`: what is live, and the way back."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from flows import settings as settings_module
from flows.warehouse import Home

HOME = click.option("--home", type=click.Path(path_type=Path), help="Folder of the warehouse [default: ./warehouse].")


def home_of(home: Path | None) -> Home:
    """The home that an option or the settings name."""
    return Home(settings_module.load(home=home).home.resolve())


@click.command()
@HOME
def releases(home: Path | None) -> None:
    """List the releases that are kept, newest first."""
    from flows.console import table
    from flows.publish.release import releases as kept

    rows: list[dict[str, object]] = [
        {"": "*" if one.is_current else "", "release": one.release_id, "as of": one.as_of, "made": one.created_at[:19],
         "survivors": one.n_survivors, "episodes": one.n_episodes, "MB": round(one.size_bytes / 1e6)}
        for one in kept(home_of(home))
    ]  # fmt: skip
    _show(table(rows))


@click.command()
@click.argument("release", required=False)
@HOME
@click.option("--resume", is_flag=True, help="Lift the hold that a rollback put on publishing.")
@click.option("--why", default="", help="A reason for the audit log; no names, no ids.")
def rollback(release: str | None, home: Path | None, resume: bool, why: str) -> None:
    """Go back to RELEASE (default: the one before) and hold publishing until --resume."""
    from flows.erase.erase import finish, is_under_way
    from flows.known import run_key
    from flows.lock import hold_home
    from flows.publish import release as publishing

    where, at = home_of(home), datetime.now(UTC)
    with hold_home(where):
        if resume:
            there = publishing.resume(where, at=at)
            click.echo("Publishing goes on with the next night." if there else "There was no hold on publishing.")
            return
        if is_under_way(where):  # nothing that is being erased comes back with an older release
            finish(where, run_key(settings_module.load(home=home)), at=at)
        name = publishing.rollback(where, release, at=at, why=why)
    click.echo(f"Release {name} is live. Publishing is on hold; `aftercare rollback --resume` lifts it.")


@click.command()
@HOME
def status(home: Path | None) -> None:
    """Say what is live, how old it is, whether publishing is on hold, and what the checks found."""
    from flows.inspect import status_lines

    for line in status_lines(home_of(home), now=datetime.now(UTC)):
        click.echo(line)


@click.command()
@click.argument("query", required=False)
@HOME
@click.option(
    "--format", "fmt", type=click.Choice(["table", "csv", "parquet"]),
    help="How the result is given [default: a table on the screen; into a file, what its ending says, else CSV].",
)  # fmt: skip
@click.option(
    "--to",
    type=click.Path(path_type=Path),
    help="Write the result of QUERY into this file, which must not be there yet.",
)
@click.option("--no-history", is_flag=True, help="At a terminal: keep nothing of what is typed.")
def sql(query: str | None, home: Path | None, fmt: str | None, to: Path | None, no_history: bool) -> None:
    """Query the live release, read-only. Without QUERY, statements are read from standard input, each ended by `;`.

    At a terminal, Tab completes tables, columns and keywords, and the arrows bring back what was typed in earlier sessions.
    """
    from flows.query import format_of, run_query
    from flows.sql_session import shell

    where, at = home_of(home), datetime.now(UTC)
    if query:
        click.echo(run_query(where, query, fmt=format_of(to, fmt), to=to, at=at))
        return
    if to or fmt == "parquet":
        raise click.UsageError("a file is written for one query: aftercare sql --to FILE QUERY")
    shell(where, fmt=fmt or "table", at=at, keep_history=not no_history)


def _show(what: Any) -> None:
    from rich.console import Console

    Console(highlight=False).print(what)


COMMANDS = (releases, rollback, status, sql)
