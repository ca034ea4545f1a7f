"""Random histories read twice, by SQL and by plain Python: per definition how many, and how many cells differ.

    make histories SURVIVORS=2000

dbt builds the first world; the others are made by the SQL that it compiled, run bare (tests/bare.py). Half of the worlds come in one
full delivery, half in full and incremental parts with late, corrected and deleted rows. Both readings must say the same of every cell. The
table is printed and stored in docs/histories.md.
"""

import argparse
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from flows.dbt_build import build_marts
from flows.settings import PROJECT
from flows.warehouse import connect
from tests.bare import Project, with_seeds
from tests.nights import ready
from tests.oracle.compare import differences
from tests.property.readings import second_reading, ties, write
from tests.property.worlds import AS_OF, in_parts, make_world

PAGE = PROJECT / "docs" / "histories.md"
IN_PARTS = ["full", "full", "incremental", "incremental"]
HEAD = """<!-- Written by benchmarks/histories.py: `make histories`. -->

# Two readings of random histories

What each definition says of {people:,} random survivors in {worlds} worlds, by SQL and by a second reading in plain Python that shares
no code with it (tests/oracle). Half of the worlds come in one delivery, half in four: late, corrected, deleted and re-entered rows. A
history is one thing that the definition speaks of: an episode, an assessment, a month, a row delivered.

| definition | histories | cells compared | cells that differ |
| --- | ---: | ---: | ---: |
"""


@dataclass(frozen=True)
class Definition:
    """Where a definition shows: a mart, and the columns that it decides."""

    name: str
    table: str
    columns: tuple[str, ...]


def _shows(name: str, table: str, columns: str) -> Definition:
    return Definition(name, table, tuple(columns.split()))


DEFINITIONS = [
    _shows("episode: continued, numbered", "core.fct_episode", "episode_number office_id partner_id status"),
    _shows("days: entry, exit, as_of, last seen", "core.fct_episode", "entry_day exit_day as_of_day last_seen_day rescue_to_intake_days"),
    _shows("outcome and event", "core.fct_episode", "outcome event"),
    _shows("interval of restoration", "core.fct_episode", "restored_left_day restored_right_day"),
    _shows("age band, quarter", "core.fct_episode", "age_band intake_quarter"),
    _shows("domain means, total", "aso.fct_assessment", "saf leg men eco soc phy total n_domains"),
    _shows("items scored, not applicable, missing", "aso.fct_assessment", "n_scored n_not_applicable n_missing"),
    _shows("restored", "aso.fct_assessment", "is_restored"),
    _shows("stage", "aso.fct_assessment", "stage day"),
    _shows("score and its status", "aso.fct_score", "score score_status"),
    _shows("snapshot, form of the day", "aso.snapshot", "assessment_key day"),
    _shows("change", "aso.change", "initial latest delta is_measurable is_substantial is_worse assessor_changed"),
    _shows("timeline: day, delivered, kind", "services.timeline", "episode_key category day planned_day is_delivered quantity unit"),
    _shows("timeline: order and gaps", "services.timeline", "sequence days_since_previous days_since_same_category"),
    _shows("episode month", "services.episode_month", "*"),
    _shows("deliveries of partners", "services.partner_delivery", "n_delivered n_episodes"),
    _shows("caseload", "core.caseload", "n_open n_intakes n_exits n_restored_seen n_overdue_assessments"),
    _shows("people: gender, language, consent", "core.dim_survivor", "gender age_band household_key language_group"),
    _shows("buckets of delivered rows", "quality.conservation", "*"),
]  # fmt: skip


class Sql:
    """The marts of one delivery after another: by dbt the first time, then by what it compiled."""

    def __init__(self, target: Path) -> None:
        self._target = target
        self._first: Path | None = None

    def build(self, sources: list[Path], home: Path) -> Path:
        """The build file after these deliveries."""
        night = ready(sources, home, as_of=AS_OF)
        if self._first is None:
            build_marts(night.folder, self._target)
            self._first, self._project = night.build_file, Project.compiled(self._target)
        else:
            with connect(night.build_file) as connection:
                with_seeds(connection, self._first)
                self._project.run(connection)
        return night.build_file


def compared(
    folder: Path, sql: Sql, seed: int, survivors: int
) -> tuple[dict[str, int], dict[str, dict[str, int]], pd.DataFrame]:
    """One world read twice: rows by table, what differs by table and column, and the second reading's buckets."""
    world = make_world(seed, survivors)
    deliveries, modes = (in_parts(world, seed), IN_PARTS) if seed % 2 else ([world], None)
    build = sql.build(write(folder / "raw ids", deliveries, modes), folder / "home")
    marts = second_reading(folder / "keyed", deliveries, as_of=AS_OF, modes=modes)
    found = differences(build, marts)
    for place, different in ties(build, marts["services.timeline"]).items():
        table, column = place.split()
        found.setdefault(table, {})[column] = sum(different.values())
    with connect(build, read_only=True) as connection:
        tables = {one.table for one in DEFINITIONS}
        rows = {table: len(connection.execute(f"select 1 from {table}").fetchall()) for table in tables}
    return rows, found, marts["quality.conservation"]


def _wrong(one: Definition, found: dict[str, int]) -> int:
    """Cells of the definition's columns that differ; a row that only one reading has differs in all of them."""
    return sum(
        n
        for column, n in found.items()
        if one.columns == ("*",) or column in one.columns or column.startswith(("rows", "repeated"))
    )


def main() -> None:
    """Compare, print, store; exit 1 where anything differs."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--survivors", type=int, default=2000)
    parser.add_argument("--worlds", type=int, default=56)
    given = parser.parse_args()
    rows: dict[str, int] = {}
    found: dict[str, dict[str, int]] = {}
    with tempfile.TemporaryDirectory() as name:
        sql = Sql(Path(name) / "dbt")
        for seed in range(given.worlds):
            made, different, buckets = compared(Path(name) / str(seed), sql, 40 + seed, given.survivors // given.worlds)
            made["quality.conservation"] = int(buckets["n_in"].sum())
            for table, n in made.items():
                rows[table] = rows.get(table, 0) + n
            for table, cells in different.items():
                for column, n in cells.items():
                    found.setdefault(table, {})[column] = found.get(table, {}).get(column, 0) + n
    lines = [_line(one, rows[one.table], _wrong(one, found.get(one.table, {}))) for one in DEFINITIONS]
    text = HEAD.format(people=given.survivors, worlds=given.worlds) + "\n".join(lines) + "\n"
    print(text)
    PAGE.write_text(text, encoding="utf-8")
    sys.exit(1 if found else 0)


def _line(one: Definition, n: int, wrong: int) -> str:
    width = {"services.episode_month": 32, "quality.conservation": 6}.get(one.table, len(one.columns))
    cells = 12 * width if one.table == "quality.conservation" else n * width
    return f"| {one.name} | {n:,} | {cells:,} | {wrong:,} |"


if __name__ == "__main__":
    main()
