"""`aftercare simulate`: the embedded JDS as folders, and as a database."""

from datetime import date
from pathlib import Path
from typing import Any

import click

from flows import settings as settings_module
from flows.extract.url import DatabaseUrl, parse_url


class Day(click.ParamType[date]):
    """A date as YYYY-MM-DD."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """The date; a usage error where it is none."""
        try:
            return value if isinstance(value, date) else date.fromisoformat(value)
        except ValueError:
            self.fail("a date looks like 2026-11-01", param, ctx)


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--survivors", type=int, default=2000, show_default=True, help="How many survivors.")
@click.option("--seed", type=int, default=None, help="Seed; the same seed gives the same bytes.")
@click.option("--as-of", type=Day(), default=None, help="Date of the delivery.")
@click.option("--format", "fmt", type=click.Choice(["csv", "parquet"]), default="csv", show_default=True)
@click.option("--faults", is_flag=True, help="Plant dirty rows of every kind that the source contract names.")
@click.option(
    "--next", "previous", type=click.Path(path_type=Path), help="The following night's delivery after this folder's."
)
@click.option("--incremental", is_flag=True, help="With --next: only what changed.")
@click.option(
    "--parts", type=int, default=1, show_default=True, help="The same facts in so many incremental deliveries."
)
@click.option(
    "--to",
    "database",
    metavar="URL",
    help="Also make the tables of this database hold the delivery, as postgresql://user@host/database?schema=jds; with --next they "
    "play the following night.",
)
def simulate(
    folder: Path, survivors: int, seed: int | None, as_of: date | None, fmt: Any, faults: bool, previous: Path | None,
    incremental: bool, parts: int, database: str | None,
) -> None:  # fmt: skip
    """Write a simulated JDS delivery into FOLDER and the truth behind it into FOLDER.truth."""
    from flows.extract.simulate import Parameters, write_delivery, write_next, write_parts

    if database and (faults or incremental or parts > 1):
        raise click.UsageError(
            "--to takes whole deliveries of clean rows: leave out --faults, --incremental and --parts"
        )
    _must_be_new([folder] if parts == 1 else [folder.with_name(f"{folder.name}-{i}") for i in range(1, parts + 1)])
    url = parse_url(database) if database else None

    given = {"survivors": survivors, "seed": seed, "as_of": as_of}
    parameters = Parameters(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]
    if previous:
        written = [write_next(folder, previous, fmt=fmt, mode="incremental" if incremental else "full", faults=faults)]
    elif parts > 1:
        written = write_parts(folder, parameters, parts=parts, fmt=fmt, faults=faults)
    else:
        written = [write_delivery(folder, parameters, fmt=fmt, faults=faults)]
    for one in written:
        click.echo(
            f"{one.folder}: {sum(one.rows.values()):,} rows in {len(one.rows)} tables; the truth is in {one.truth}"
        )
    if url:
        _fill(url, folder)


def _must_be_new(folders: list[Path]) -> None:
    for folder in folders:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise click.UsageError(f"{folder} is there already and not empty: name a new folder")


def _fill(url: DatabaseUrl, folder: Path) -> None:
    from flows.extract.contract import jds
    from flows.extract.folder import open_folder
    from flows.extract.simulate.load import fill
    from flows.known import database_password

    password = database_password(settings_module.load())
    count = fill(url, open_folder(folder, jds()), password=password)
    click.echo(f"{url.origin}: {count:,} rows written or deleted")
