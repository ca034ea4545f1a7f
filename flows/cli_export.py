"""`aftercare export` and `aftercare withdraw`: what leaves, and what must not be used any more."""

from datetime import UTC, datetime
from pathlib import Path

import click

from flows import settings as settings_module
from flows.warehouse import Home

HOME = click.option("--home", type=click.Path(path_type=Path), help="Folder of the warehouse [default: ./warehouse].")


def _home(home: Path | None) -> Home:
    return Home(settings_module.load(home=home).home.resolve())


@click.command()
@click.argument("table", required=False)
@click.option("--office", metavar="OFFICE_ID", help="One office's own numbers instead of a table.")
@click.option("--format", "fmt", type=click.Choice(["csv", "xlsx"]), default="csv", show_default=True)
@click.option(
    "--to", "target", type=click.Path(path_type=Path), required=True,
    help="Folder to write tables to; with --office a file that ends in .csv or .xlsx.",
)  # fmt: skip
@HOME
def export(table: str | None, office: str | None, fmt: str, target: Path, home: Path | None) -> None:
    """Write TABLE of share/ (or `all`) for a spreadsheet: small numbers hidden, formulas harmless. Each export is recorded."""
    from flows.export import export_office, export_tables

    if (table is None) == (office is None):
        raise click.UsageError("Name a table of share/ (or all), or an office with --office.")
    at = datetime.now(UTC)
    if office is not None:
        click.echo(export_office(_home(home), office, target, at=at))
        return
    for path in export_tables(_home(home), str(table), target, fmt=fmt, at=at):
        click.echo(path)


@click.command()
@click.argument("release")
@click.option("--reason", required=True, help="Why, for the audit log and every reader; no names, no ids.")
@HOME
def withdraw(release: str, reason: str, home: Path | None) -> None:
    """Mark RELEASE as withdrawn: status, report and export say so from now on, and nothing of it is exported."""
    from flows.lock import hold_home
    from flows.publish import withdrawal

    where = _home(home)
    with hold_home(where):
        is_live = withdrawal.withdraw(where, release, reason=reason, at=datetime.now(UTC))
    click.echo(f"Release {release} is withdrawn.")
    if is_live:
        click.echo("It is the live one: `aftercare rollback` goes back to the one before and holds publishing.")
