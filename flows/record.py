"""What a night leaves to read in Prefect: log lines and artifacts of counts. No value, no id and no row of a person is in them."""

from collections import Counter
from pathlib import Path

import duckdb
from prefect.artifacts import create_link_artifact, create_markdown_artifact, create_table_artifact
from prefect.logging import get_run_logger

from flows.cli import TRY
from flows.dbt_build import NodeEvent
from flows.errors import NothingPublishedError
from flows.inspect_checks import check_rows
from flows.publish import manifest
from flows.publish.report.reading import read_share
from flows.report_server import HOST, PORT
from flows.run import Reporter
from flows.stage import Done, Row
from flows.warehouse import Home

SHOWN = ("check_id", "severity", "status", "n_checked", "n_failed", "threshold")
URGENT = ("error", "fail", "warn", "pass_with_violations")


class Recorder:
    """A reporter that also keeps what Prefect shall show; `heard_by` still hears everything."""

    def __init__(self, heard_by: Reporter | None) -> None:
        self.heard_by = heard_by
        self.checks: list[Row] = []
        self.nodes: list[Row] = []

    def begin(self, stage: str, number: int, of: int) -> None:
        """A stage begins."""
        if self.heard_by:
            self.heard_by.begin(stage, number, of)

    def step(self, text: str) -> None:
        """The stage has come this far."""
        if self.heard_by:
            self.heard_by.step(text)

    def node(self, event: NodeEvent) -> None:
        """Keep how each dbt node ended, also those that were skipped."""
        if event.what == "result":
            # The name stands last: test names are long, and the page would hide what comes after them.
            self.nodes.append(
                {"status": event.status, "seconds": event.seconds, "kind": event.kind, "node": event.name}
            )
        if self.heard_by:
            self.heard_by.node(event)

    def end(self, stage: str, done: Done, seconds: float) -> None:
        """Log the stage's line; keep the rows of checks, show those of conservation."""
        get_run_logger().info("%s: %s (%.1f s)", stage, done.line, seconds)
        if done.rows and "check_id" in done.rows[0]:
            self.checks += done.rows
        if stage == "build marts":
            _table(
                "conservation",
                done.rows,
                "Rows in = rows out + excluded + quarantined + collapsed, for each source table.",
            )
        if self.heard_by:
            self.heard_by.end(stage, done, seconds)

    def close(self, home: Home, *, failed: bool) -> None:
        """Make the artifacts of dbt nodes and of checks, however the night ended."""
        if self.nodes:
            _table("dbt-nodes", self.nodes, _counted(self.nodes))
        if failed and self.nodes:  # this night came to the checks of marts, so its run is the newest
            self.checks = _stored_checks(home) or self.checks
        if self.checks:
            told = sorted((row for row in self.checks if row["status"] != "pass"), key=_urgency)
            rows: list[Row] = [{name: row.get(name) for name in SHOWN} for row in told]
            _table("checks", rows, f"{_counted(self.checks)}. Listed is every check that is not a plain pass.")


def tell_release(home: Home, folder: Path) -> None:
    """The artifact that says what is live and what to ask it."""
    facts = manifest.read(folder)
    option = f"--home {home.root}"
    text = f"""# Release {facts["release_id"]} is live

| | |
| --- | --- |
| as of | {facts["as_of"]} |
| made | {str(facts["created_at"])[:19]} UTC |
| marts | `{folder / "marts.duckdb"}` |
| report | `{folder / "report" / "index.html"}`, or [here](http://{HOST}:{PORT}/) while `aftercare report {option} --serve` runs |

Ask it next:

    aftercare sql {option} "{TRY}"
    aftercare checks {option} --failed
    aftercare status {option}
"""
    create_markdown_artifact(key="release", markdown=text, description=f"Release {facts['release_id']}")
    tell_shared(folder)
    tell_report()


def tell_shared(folder: Path) -> None:
    """Artifacts of what may leave: counts, the curves, what changed since last month. Made from share/ alone."""
    shared = read_share(folder / "share")
    counts = [row for name in ("casework_type", "outcome") for row in shared.rows(f"episodes_by_{name}")]
    curves = [
        {**row, "drawn": "█" * round(int(row["estimate_percent"] or 0) / 5)}
        for row in shared.rows("curves", stratum="overall")
    ]
    for key, rows, told in (
        (
            "counts",
            counts,
            "Episodes by casework type and by outcome, as in share/: small groups hidden, counts rounded.",
        ),
        ("curves", curves, "Curves of all survivors, as in share/, with intervals. One block is five percent."),
        ("changed", shared.rows("changes"), "What changed since the release of about a month before, and why."),
    ):
        if rows:
            _table(key, [dict(row) for row in rows], told)


def tell_report() -> None:
    """The artifact that opens the report, where `aftercare report --serve` runs beside Prefect."""
    create_link_artifact(
        key="report",
        link=f"http://{HOST}:{PORT}/",
        link_text="The report of the live release",
        description="Opens while `aftercare report --serve` runs on this machine.",
    )


def _table(key: str, rows: list[Row], description: str) -> None:
    create_table_artifact(key=key, table=rows, description=description)


def _counted(rows: list[Row]) -> str:
    return ", ".join(
        f"{count} {status}" for status, count in sorted(Counter(str(row["status"]) for row in rows).items())
    )


def _urgency(row: Row) -> int:
    status = str(row["status"])
    return URGENT.index(status) if status in URGENT else len(URGENT)


def _stored_checks(home: Home) -> list[Row]:
    """What the run that did not publish stored of its checks; nothing where it did not come that far."""
    try:
        return check_rows(home, of_run=True, failed=False)
    except (NothingPublishedError, duckdb.Error):
        return []
