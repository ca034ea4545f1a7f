"""`aftercare report`: where the report of the live release is, or the report itself on this machine's loopback."""

from pathlib import Path

import click

from flows import settings as settings_module
from flows.warehouse import Home


@click.command()
@click.option("--home", type=click.Path(path_type=Path), help="Folder of the warehouse [default: ./warehouse].")
@click.option("--serve", "serving", is_flag=True, help="Serve it to browsers of this machine, until Ctrl-C.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=4201, show_default=True, help="Port for --serve; 0: any."
)
def report(home: Path | None, serving: bool, port: int) -> None:
    """Say where the report of the live release is; with --serve open it to browsers of this machine."""
    from flows.publish import withdrawal
    from flows.publish.release import release_folder
    from flows.report_server import serve

    where = Home(settings_module.load(home=home).home.resolve())
    if said := withdrawal.notice(where, release_folder(where).name):
        click.echo(said, err=True)
    if serving:
        serve(where, port, click.echo)
    else:
        folder = release_folder(where)
        click.echo(folder / "report" / "index.html")
