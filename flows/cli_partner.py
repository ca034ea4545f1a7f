"""For a partner without JDS: `aftercare init`, `aftercare seal` and `aftercare check-delivery`."""

import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from flows import settings as settings_module
from flows.cli_simulate import Day

if TYPE_CHECKING:
    from flows.extract.precheck.findings import Finding
    from flows.extract.precheck.opening import Opened

FOLDER = click.argument("folder", type=click.Path(path_type=Path))
LIMIT = click.option(
    "--limit", type=click.IntRange(0, 1000), default=5, show_default=True, help="Row numbers told a rule."
)
AS_OF = click.option(
    "--as-of", type=Day(), help="Date the release would be made for [default: the day of the delivery]."
)
FORMAT = click.option("--format", "fmt", type=click.Choice(["text", "json"]), default="text", show_default=True)


@click.command("check-delivery")
@FOLDER
@AS_OF
@FORMAT
@LIMIT
def check_delivery(folder: Path, as_of: date | None, fmt: str, limit: int) -> None:
    """Say what is wrong with the delivery in FOLDER, by table, column, rule and row, and never a value. Nothing is written.

    Exit code 0 where the night would take it, else the code that the night would end with.
    """
    from flows.extract.contract import jds
    from flows.extract.precheck.findings import exit_of
    from flows.extract.precheck.opening import open_all

    opened = open_all(folder, jds(), at=datetime.now(UTC))
    findings = judged(opened, as_of=as_of, limit=limit)
    tell(findings, fmt)
    sys.exit(exit_of(findings))


def judged(opened: "Opened", *, as_of: date | None, limit: int) -> list["Finding"]:
    """All findings on what was opened, with what the night's checks would hold."""
    from expectations.checks import Count, by_id
    from expectations.suites import registry
    from flows.extract.precheck.report import with_holds
    from flows.extract.precheck.rows import judge_rows

    settings, facts = settings_module.load(), opened.delivery.facts
    day = as_of or facts.extracted_at.date()
    rows = judge_rows(
        opened,
        opened.contract,
        settings_module.PROJECT / "dbt_project",
        as_of=day,
        limit=limit,
        memory_limit=settings.memory_limit,
        progress=lambda table: click.echo(f"looking at {table} ...", err=True),
    )
    checks = by_id(registry("marts"))

    def is_held(check_id: str, n_checked: int, n_found: int) -> bool:
        # As in int_check_source: without a full delivery a parent may be on its way; for a date in the past much lies after it.
        may_come = check_id.endswith("orphan.hold") and facts.mode != "full"
        is_past = check_id.endswith("after_as_of.hold") and facts.extracted_at.date() > day
        check = checks.get(check_id)
        if check is None or may_come or is_past:
            return False
        count = Count(n_checked, n_found)
        return all(count.measure(limit.measure) > limit.at_most for limit in check.limits)

    return with_holds([*opened.findings, *rows], is_held)


def tell(findings: list["Finding"], fmt: str) -> None:
    """Print the findings."""
    from flows.extract.precheck.report import as_json, as_text

    click.echo(as_json(findings) if fmt == "json" else as_text(findings))


COMMANDS = (check_delivery,)
