"""`aftercare diff`: what changed between two releases."""

from pathlib import Path

import click

from flows import settings as settings_module
from flows.publish.diff import Difference, difference
from flows.publish.reader import release_folder
from flows.warehouse import Home


@click.command()
@click.argument("release_a")
@click.argument("release_b", required=False)
@click.option("--home", type=click.Path(path_type=Path), help="Folder of the warehouse [default: ./warehouse].")
def diff(release_a: str, release_b: str | None, home: Path | None) -> None:
    """Say what changed from RELEASE_A to RELEASE_B (default: the live one): rows by table and cause, definitions, headline figures."""
    where = Home(settings_module.load(home=home).home.resolve())
    for line in lines(difference(release_folder(where, release_a), release_folder(where, release_b))):
        click.echo(line)


def lines(found: Difference) -> list[str]:
    """The difference as text: where the two come from, what is defined otherwise, headline figures, then tables."""
    told = list(found.about)
    told += [f"definition changed: {line}" for line in found.definitions]
    told += [f"{name}: {_shown(old)} -> {_shown(new)}" for name, old, new in found.headlines]
    for table in found.tables:
        causes = ", ".join(f"{cause} {count:,}" for cause, count in table.causes.items())
        told.append(
            f"{table.table:<24} {table.before:>12,} -> {table.after:>12,} rows, {table.differing:,} differ{f': {causes}' if causes else ''}"
        )
    return told if found.tables else [*told, "no table differs"]


def _shown(value: object) -> str:
    return "none" if value is None else f"{value:,}" if isinstance(value, int) else str(value)
