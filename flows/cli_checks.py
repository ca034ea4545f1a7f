"""`aftercare checks`: what the checks found, chosen, with guidance, or judged by the present limits."""

import sys
from pathlib import Path

import click

from flows import settings as settings_module
from flows.errors import Exit
from flows.warehouse import Home

STATUSES = ["pass", "pass_with_violations", "warn", "fail", "error", "not_applicable"]


@click.command()
@click.option("--home", type=click.Path(path_type=Path), help="Folder of the warehouse [default: ./warehouse].")
@click.option("--failed", is_flag=True, help="Only checks that warn, fail or err.")
@click.option("--run", "of_run", is_flag=True, help="The checks of the newest run that did not publish.")
@click.option(
    "--family", help="Only this family (conformance, completeness, plausibility) or kind (aso, timeline, service ...)."
)
@click.option("--severity", type=click.Choice(["block", "warn"]), help="Only this severity.")
@click.option("--table", help="Only checks of this table.")
@click.option("--status", type=click.Choice(STATUSES), help="Only this status.")
@click.option(
    "--owner", type=click.Choice(["source", "office", "data", "analysis"]), help="Only what this owner acts on."
)
@click.option("--guidance", is_flag=True, help="Say who acts and what remedies it.")
@click.option("--rejudge", is_flag=True, help="Judge the stored counts by the present limits; nothing is written.")
def checks(
    home: Path | None, failed: bool, of_run: bool, family: str | None, severity: str | None, table: str | None,
    status: str | None, owner: str | None, guidance: bool, rejudge: bool,
) -> None:  # fmt: skip
    """Show what the checks of the live release found; exit code 14 where one that is shown fails or errs."""
    from flows.inspect_checks import check_lines, check_rows, rejudged

    where = Home(settings_module.load(home=home).home.resolve())
    chosen = {"family": family, "severity": severity, "table": table, "status": status, "owner": owner}
    if rejudge and (failed or any(chosen.values())):
        raise click.UsageError("--rejudge judges all checks together; leave out what chooses among them")
    rows = check_rows(where, of_run=of_run, failed=failed, chosen=chosen)
    if rejudge:
        again = rejudged(rows)
        lines, is_refused = again.lines, again.is_refused
    else:
        lines = check_lines(rows, guidance=guidance)
        is_refused = any(row["status"] in {"fail", "error"} for row in rows)
    for line in lines:
        click.echo(line)
    if is_refused:
        sys.exit(Exit.CHECKS)
