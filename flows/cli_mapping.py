"""`aftercare mapping`: list the shipped source mappings, and check one against a source."""

import click

from flows import settings as settings_module

MAPPING = click.option(
    "--mapping", metavar="NAME_OR_FILE", help="How the source's tables become the contract's [default: jds: they are]."
)
PARAMETER = click.option(
    "--parameter", multiple=True, metavar="NAME=VALUE", help="What the mapping leaves to be decided; more than once."
)


@click.group()
def mapping() -> None:
    """Source mappings: from a source's own tables, columns and codes to those of the contract."""


@mapping.command("list")
def listed() -> None:
    """List the mappings that ship with the project."""
    from flows.extract.mapping.shipped import headings

    for name, description in headings():
        click.echo(f"{name:<8} {description}")


@mapping.command("check")
@click.argument("name")
@click.option("--source", required=True, help="Folder or database to check it against; nothing is landed.")
@PARAMETER
def check(name: str, source: str, parameter: tuple[str, ...]) -> None:
    """Check the mapping NAME (a shipped one, or a file) against a source: every problem with its line, or the rows of each table."""
    from flows.inspect import mapped_rows

    settings = settings_module.load(source=source, mapping=name, mapping_parameters=",".join(parameter) or None)
    for table, rows, made_from in mapped_rows(settings):
        click.echo(f"{table:<20} {rows:>12,} rows   {', '.join(made_from) or '(the source has none)'}")
