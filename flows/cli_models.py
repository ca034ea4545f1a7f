"""`aftercare models`, `aftercare support` and `aftercare review`: which models are in use, whom they name, and what people say of it."""

from datetime import UTC, datetime
from pathlib import Path

import click

from flows import access
from flows import settings as settings_module
from flows.publish import audit
from flows.warehouse import Home

HOME = click.option("--home", type=click.Path(path_type=Path), help="Folder of the warehouse [default: ./warehouse].")


def _home(home: Path | None) -> Home:
    return Home(settings_module.load(home=home).home.resolve())


@click.group(invoke_without_command=True)
@HOME
@click.pass_context
def models(context: click.Context, home: Path | None) -> None:
    """List the need models in use and those before them; `models rollback` goes back to one."""
    if context.invoked_subcommand:
        return
    from flows.model_registry import listed

    rows = listed(settings_module.load(home=home))
    for row in rows:
        click.echo(f"{row.mark:<1} {row.model_name:<24} {row.model_id}  {row.trained_as_of}  {row.what}")
    if not rows:
        click.echo("No model is in use yet; aftercare nightly trains one where there are enough people.")


@models.command()
@click.argument("model_name")
@click.option("--to", help="The model to go back to, by its id [default: the one before].")
@click.option("--why", default="", help="A reason for the audit log; no names, no ids.")
@HOME
def rollback(model_name: str, to: str | None, why: str, home: Path | None) -> None:
    """Take the model of MODEL_NAME in use out of use and go back to the one before; no training promotes it again."""
    from flows.model_registry import go_back

    settings = settings_module.load(home=home)
    chosen = go_back(settings, model_name, to, at=datetime.now(UTC), why=why)
    click.echo(
        f"Model {chosen} is in use again; the next night publishes it (aftercare nightly --rebuild does so now)."
    )


@click.command()
@click.option("--office", required=True, help="The office, by its id.")
@HOME
def support(office: str, home: Path | None) -> None:
    """Show who of an office's people in care may need more support. The use is recorded. It offers support and takes none away."""
    from flows.reviews import priorities

    where, at = _home(home), datetime.now(UTC)
    rows = priorities(where, office, at.date())
    access.record(where, "support", at=at, office=office, n=len(rows))
    for key, band, p, lower, upper, reasons, expires, review in rows:
        said = f"  ({review})" if review else ""
        click.echo(f"{key}  {band:<18} {p:.2f} ({lower:.2f} to {upper:.2f})  until {expires}  {reasons}{said}")
    click.echo(f"{len(rows):,} people. It predicts; what is done is decided by a person: aftercare review EPISODE_KEY.")


@click.command()
@click.argument("episode_key", required=False)
@click.option("--agree", is_flag=True, help="The priority fits what you know of her.")
@click.option("--override", metavar="REASON", help="It does not, for a reason from the list.")
@click.option("--file", type=click.Path(path_type=Path), help="CSV of an office: episode_key, review, reason.")
@HOME
def review(episode_key: str | None, agree: bool, override: str | None, file: Path | None, home: Path | None) -> None:
    """Say whether you agree with the support priority of an episode; the next night tells how often people do not."""
    from flows.reviews import from_file, reasons, record

    where, at = _home(home), datetime.now(UTC)
    if bool(file) == bool(episode_key) or (episode_key and agree == bool(override)):
        raise click.UsageError(
            f"give EPISODE_KEY with --agree or --override REASON, or --file. Reasons: {', '.join(reasons())}"
        )
    one = {"episode_key": episode_key or "", "review": "agree" if agree else "override", "reason": override or ""}
    n = record(where, from_file(file) if file else [one], at=at)
    audit.append(where, "review", at=at, n=n)
    click.echo(f"{n:,} kept")
