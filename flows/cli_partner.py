"""For a partner without JDS: `aftercare init`, `aftercare seal` and `aftercare check-delivery`."""

import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from flows import settings as settings_module
from flows.cli_mapping import MAPPING, PARAMETER
from flows.cli_simulate import Day
from flows.settings import Settings

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
@MAPPING
@PARAMETER
@AS_OF
@FORMAT
@LIMIT
def check_delivery(
    folder: Path, mapping: str | None, parameter: tuple[str, ...], as_of: date | None, fmt: str, limit: int
) -> None:
    """Say what is wrong with the delivery in FOLDER, by table, column, rule and row, and never a value. Nothing is written.

    Exit code 0 where the night would take it, else the code that the night would end with.
    """
    from flows.extract.precheck.findings import exit_of

    settings = settings_module.load(mapping=mapping, mapping_parameters=",".join(parameter) or None)
    findings = judged(opened_delivery(folder, settings), settings, as_of=as_of, limit=limit)
    tell(findings, fmt)
    sys.exit(exit_of(findings))


def opened_delivery(folder: Path, settings: Settings) -> "Opened":
    """What could be opened of a delivery, in the contract's words or in those of a source that a mapping reads."""
    from flows.extract.contract import jds
    from flows.extract.mapping.delivery import open_mapped
    from flows.extract.precheck.opening import Opened, open_all
    from flows.known import mapping_of

    words = mapping_of(settings)
    if words is None:
        return open_all(folder, jds(), at=datetime.now(UTC))
    return Opened(open_mapped(folder, words, jds()), jds(), source_tables=frozenset(words.source_tables))


def judged(opened: "Opened", settings: Settings, *, as_of: date | None, limit: int) -> list["Finding"]:
    """All findings on what was opened, with what the night's checks would hold under the instrument and definitions of the settings."""
    from expectations.checks import Count, by_id
    from expectations.suites import registry
    from flows.definitions import definitions_of
    from flows.extract.precheck.report import with_holds
    from flows.extract.precheck.rows import judge_rows
    from flows.known import instrument_of, mapping_of

    facts = opened.delivery.facts
    definitions = definitions_of(instrument_of(settings, mapping_of(settings)), settings.definitions)
    day = as_of or facts.extracted_at.date()
    rows = judge_rows(
        opened,
        opened.contract,
        settings_module.PROJECT / "dbt_project",
        as_of=day,
        variables=definitions.as_json(),
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


@click.command()
@FOLDER
def init(folder: Path) -> None:
    """Write into FOLDER a workbook to fill in, a mapping to change and what to read first. Nothing is overwritten."""
    from flows.extract.contract import jds
    from flows.extract.starter.init import start

    for path in start(folder, jds()):
        click.echo(path)


class Moment(click.ParamType[datetime]):
    """A time as ISO 8601; UTC where it has no zone."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """The time; a usage error where it is none."""
        try:
            moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
        except ValueError:
            self.fail("a time looks like 2026-11-01T09:30:00Z", param, ctx)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


@click.command()
@FOLDER
@click.argument("target", type=click.Path(path_type=Path))
@click.option("--extracted-at", type=Moment(), help="Time that the delivery stands for [default: now].")
@FORMAT
@LIMIT
def seal(folder: Path, target: Path, extracted_at: datetime | None, fmt: str, limit: int) -> None:
    """Make a delivery in TARGET, a new folder, of the workbook or the CSV files in FOLDER, if the night would take it.

    What never lands is left out, and of birth dates all but the year. What is wrong is told by sheet, column and row, never a value.
    """
    from flows.extract.contract import jds
    from flows.extract.precheck.findings import exit_of
    from flows.extract.precheck.opening import open_all
    from flows.extract.starter import seal as sealing

    if target.exists():
        raise click.UsageError("TARGET is there already; name a new folder")
    at = (extracted_at or datetime.now(UTC)).replace(microsecond=0)
    building = target.with_name(f".sealing-{target.name}")
    sealing.discard(building)
    try:
        sealed = sealing.seal(folder, building, jds(), extracted_at=at, limit=limit)
        on_files = judged(open_all(building, jds(), at=at), settings_module.load(), as_of=None, limit=limit)
        findings = [*sealed.findings, *sealed.at_home(on_files)]
        if not exit_of(findings):
            sealing.keep(building, target)
    finally:
        sealing.discard(building)
    tell(findings, fmt)
    sys.exit(exit_of(findings))


COMMANDS = (init, seal, check_delivery)
