"""`aftercare erase`, `subject-access`, `retention`, `reader-key`: a person's rights, for an officer who is authorised to act on them."""

import re
from datetime import UTC, date, datetime
from pathlib import Path

import click

from flows import settings as settings_module
from flows.cli_release import HOME
from flows.cli_simulate import Day
from flows.errors import Exit, StageError
from flows.extract.pseudonymise import Key, pseudonym
from flows.settings import Settings
from flows.warehouse import Home

SURVIVOR = click.option("--survivor", "survivors", multiple=True, metavar="ID", help="JDS id of a survivor.")
EPISODE = click.option("--episode", "episodes", multiple=True, metavar="ID", help="JDS id of one of her episodes.")
PSEUDONYM = re.compile(r"[0-9a-f]{32}")
REFERENCE = re.compile(r"[A-Za-z0-9/.-]{1,40}")


class RequestError(StageError):
    """A request that cannot be acted on as it stands."""

    code = Exit.USAGE


def _home(home: Path | None) -> tuple[Settings, Home]:
    settings = settings_module.load(home=home)
    return settings, Home(settings.home.resolve())


def _named(key: Key, survivors: tuple[str, ...], episodes: tuple[str, ...], file: Path | None) -> list[str]:
    keys = [pseudonym(key, "survivor", one) for one in survivors] + [pseudonym(key, "episode", one) for one in episodes]
    listed = file.read_text(encoding="ascii", errors="replace").split() if file else []
    wrong = sum(not PSEUDONYM.fullmatch(one) for one in listed)
    if wrong or not [*keys, *listed]:
        raise RequestError(
            "lines of the file are not keys" if wrong else "nobody was named",
            stage="erase",
            count=wrong or None,
            next_step="one key a line (32 hex digits, as `aftercare key survivor ID` gives it), or --survivor ID, or --episode ID",
        )
    return [*keys, *listed]


@click.command()
@SURVIVOR
@EPISODE
@click.option(
    "--keys",
    "file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="File of keys of survivors or episodes, one a line.",
)
@click.option("--reference", default="", help="Number of the request, for the certificate; no names, no ids.")
@click.option(
    "--accept-unknown", is_flag=True, help="Go on where some are not held here; they are kept out from now on."
)
@click.option("--resume", is_flag=True, help="Bring an erasure that was broken off to its end.")
@HOME
def erase(
    survivors: tuple[str, ...], episodes: tuple[str, ...], file: Path | None, reference: str, accept_unknown: bool,
    resume: bool, home: Path | None,
) -> None:  # fmt: skip
    """Remove people for good: from raw files, kept releases, history and case-work. The next delivery does not bring them back."""
    from flows.access import record
    from flows.erase.erase import erase as run
    from flows.erase.erase import finish
    from flows.known import run_key
    from flows.lock import hold_home

    if reference and not REFERENCE.fullmatch(reference):
        raise RequestError(
            "the reference is not a short number", stage="erase", next_step="use up to 40 letters, digits, / . and -"
        )
    settings, where = _home(home)
    key, at = run_key(settings), datetime.now(UTC)
    named = [] if resume else _named(key, survivors, episodes, file)
    with hold_home(where) as lease:
        record(where, "erase", at=at, n=len(named))
        made = finish(where, key, at=at, fence=lease.check) if resume else run(
            where, key, named, reference=reference, at=at, accept_unknown=accept_unknown, fence=lease.check
        )  # fmt: skip
    click.echo(f"erased; certificate {made}" if made else "no erasure was under way")
    if made:
        click.echo("The next night makes its figures without them; `aftercare retrain` trains without them.")


@click.command("subject-access")
@SURVIVOR
@EPISODE
@click.option("--format", "fmt", type=click.Choice(["text", "json"]), default="text", show_default=True)
@HOME
def subject_access(survivors: tuple[str, ...], episodes: tuple[str, ...], fmt: str, home: Path | None) -> None:
    """Show all that is held on one person, layer by layer. Each use is recorded, without the id."""
    from flows.access import record
    from flows.erase.subject import as_json, as_lines, held_on
    from flows.known import run_key

    settings, where = _home(home)
    key = run_key(settings)
    named = _named(key, survivors, episodes, None)
    if len(named) > 1:
        raise RequestError("more than one person was named", stage="subject access", next_step="ask for one at a time")
    record(where, "subject-access", at=datetime.now(UTC))
    held = held_on(where, key, named[0])
    if fmt == "json":
        click.echo(as_json(held))
    else:
        for line in as_lines(held):
            click.echo(line)


@click.command()
@click.option("--apply", "is_applied", is_flag=True, help="Remove what is due.")
@click.option("--on", "day", type=Day(), help="List what is due on this date [default: today].")
@HOME
def retention(is_applied: bool, day: date | None, home: Path | None) -> None:
    """List what is kept, layer by layer, and the day it goes; * is due."""
    from flows.lock import hold_home
    from flows.retention import apply, terms

    settings, where = _home(home)
    at = datetime.now(UTC)
    if is_applied:
        if day:
            raise RequestError("a date was given", stage="retention", next_step="--apply removes what is due today")
        with hold_home(where):
            removed = apply(where, settings, at.date(), at=at)
        click.echo(f"{len(removed):,} removed")
        return
    for term in terms(where, settings):
        due = term.due.isoformat() if term.due else "no term"
        click.echo(f"{'*' if term.is_due(day or at.date()) else ' '} {term.layer:<11} {due:<11} {term.name}")


@click.command("reader-key")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@HOME
def reader_key(file: Path, home: Path | None) -> None:
    """Write the key that opens encrypted releases, and nothing else, into a new FILE, for analysts. Each use is recorded."""
    from flows.access import record
    from flows.known import run_key
    from flows.unlock import write_reader_key

    settings, where = _home(home)
    record(where, "reader-key", at=datetime.now(UTC))
    write_reader_key(run_key(settings), file)
    click.echo(
        f"written to {file} (mode 0640): give it to the group of analysts, who set AFTERCARE_READER_KEY_FILE to it"
    )


COMMANDS = (erase, subject_access, retention, reader_key)
