"""For named case managers: `aftercare worklist`, what an office can set right; `aftercare forecast`, what may come of a person."""

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


STATES = {
    "restored": "restored, whether seen or not",
    "in_care": "in care, not restored",
    "lost": "lost contact or withdrew",
    "other_exit": "left for another reason",
}


@click.command()
@click.argument("episode_key")
@click.option("--home", type=click.Path(path_type=Path), help="Folder of the warehouse [default: ./warehouse].")
def forecast(episode_key: str, home: Path | None) -> None:
    """Show what may come of a person in care, by the key of her episode, half a year on. The use is recorded."""
    from flows.casework import outlook_of

    where = Home(settings_module.load(home=home).home.resolve())
    now = datetime.now(UTC)
    told = outlook_of(where, episode_key, today=now.date())
    access.record(where, "forecast", at=now, release_id=told.release_id, office=told.office_id, n=1)
    click.echo(f"release {told.release_id}, as of {told.made_for}; do not use after {told.expires_on}")
    click.echo(f"in care on day {told.day} and not seen restored; on day {told.then}, of 100 like her:")
    for state, words in STATES.items():
        if state in told.states:
            middle, low, high = (round(100 * value) for value in told.states[state])
            click.echo(f"{middle:>6} ({low} to {high})  {words}")
    click.echo("It describes people like her. It is no reason to give less, and no plan for when she should leave.")
