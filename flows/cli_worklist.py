"""`aftercare worklist`: what an office can set right, as counts, and as keys where they are asked for."""

from datetime import UTC, datetime
from pathlib import Path

import click

from flows import access
from flows import settings as settings_module
from flows.publish import audit
from flows.warehouse import Home


@click.command()
@click.option("--office", required=True, help="The office, by its id.")
@click.option(
    "--check", "check_id", help="List the keys of the records that do not pass this check. The use is recorded."
)
@click.option("--home", type=click.Path(path_type=Path), help="Folder of the warehouse [default: ./warehouse].")
def worklist(office: str, check_id: str | None, home: Path | None) -> None:
    """Show what an office can set right: records by check with what remedies it, or the keys of one check's records."""
    from flows.casework import work_of

    where = Home(settings_module.load(home=home).home.resolve())
    work = work_of(where, office)
    access.record(where, "worklist", at=datetime.now(UTC), release_id=work.release_id, office=office, check=check_id)
    click.echo(f"release {work.release_id}, office {office}")
    if check_id:
        records = work.checks.get(check_id, ("", "", []))[2]
        audit.append(
            where,
            "worklist",
            at=datetime.now(UTC),
            release_id=work.release_id,
            office=office,
            check=check_id,
            n=len(records),
        )
        for table, record_key, episode_key in records:
            click.echo(f"{table:<20} {record_key or 'no key':<34} episode {episode_key or 'not known'}")
        click.echo(f"{len(records):,} records")
        return
    for name, (status, guidance, records) in work.checks.items():
        click.echo(f"{len(records):>6,}  {name}  ({status})\n        {guidance}")
    click.echo("nothing to set right" if not work.checks else "--check CHECK_ID lists the keys")
