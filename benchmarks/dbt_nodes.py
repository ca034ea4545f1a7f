"""What dbt costs beyond its SQL, and how fast the cookbook answers, on a simulated delivery.

    make benchmark-dbt SURVIVORS=50000

Two scripts stand beside dbt, each run in one connection over the same landed rows. One is the SQL that dbt compiled, model after model.
The other has the dearest models written a second time by hand, as fast as we know how (benchmarks/by_hand), and the compiled SQL for the
rest; it may read any table before it, owes nothing to the definitions as data, and must give the same marts: their hashes are compared.
Seconds of a shared machine say little; CPU seconds of one run, one after the other, say more.
"""

import argparse
import re
import resource
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import duckdb

from flows.dbt_build import NodeEvent, build_marts
from flows.extract.simulate import Parameters, write_delivery
from flows.publish.content import content_hashes, quoted, sort_order, tables_of
from flows.settings import PROJECT
from flows.warehouse import connect
from tests.bare import Project, with_seeds
from tests.nights import ready

AS_OF = date(2026, 11, 1)
RECIPE = re.compile(r"^### (\d+)\. .+?$.*?^```sql\n(.+?)^```", flags=re.M | re.S)


BY_HAND = Path(__file__).parent / "by_hand"


@dataclass
class Cost:
    """What models cost by name: seconds and CPU seconds."""

    seconds: dict[str, float] = field(default_factory=dict)
    cpu: dict[str, float] = field(default_factory=dict)

    def of(self, names: Iterable[str]) -> str:
        """Both sums over these models, for people."""
        return f"{self.seconds_of(names):7.1f} s {self.cpu_of(names):7.1f} CPU s"

    def seconds_of(self, names: Iterable[str]) -> float:
        return sum(self.seconds[name] for name in names)

    def cpu_of(self, names: Iterable[str]) -> float:
        return sum(self.cpu[name] for name in names)


def by_dbt(folder: Path, target: Path) -> tuple[Cost, float]:
    """Each model as dbt counts it, and the CPU seconds of the whole process, parsing, seeds and tests included."""
    cost = Cost()

    def keep(event: NodeEvent) -> None:
        if not event.node.startswith("model."):
            return
        if event.what == "result":
            cost.seconds[event.name] = event.seconds
        elif event.what == "start":
            cost.cpu[event.name] = -event.cpu
        elif event.what == "end":
            cost.cpu[event.name] += event.cpu

    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    build_marts(folder, target, on_node=keep)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return cost, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def bare(build: Path, seeds: Path, project: Project) -> Cost:
    """Each model run bare in another build file over the same landed rows."""
    cost = Cost()
    with connect(build) as connection:
        with_seeds(connection, seeds)
        project.run(connection, names=())
        for name in project.models:
            start, cpu = time.perf_counter(), time.process_time()
            project.run(connection, [name])
            cost.seconds[name] = time.perf_counter() - start
            cost.cpu[name] = time.process_time() - cpu
    return cost


def with_hand(project: Project) -> tuple[Project, list[str]]:
    """The project with the models written by hand in place of dbt's, and their names."""
    hand = {path.stem: path.read_text(encoding="utf-8") for path in sorted(BY_HAND.glob("*.sql"))}
    models = {name: replace(model, sql=hand.get(name, model.sql)) for name, model in project.models.items()}
    return Project.in_order(models), sorted(hand)


def cookbook(build: Path, file: Path) -> dict[str, float]:
    """Milliseconds of each query of the cookbook, the median of five, on the marts as a release sorts them."""
    with connect(file) as connection:
        connection.execute("set preserve_insertion_order = true")
        connection.execute(f"attach '{build}' as made (read_only)")
        for table, columns in tables_of(connection, "made").items():
            connection.execute(f"create schema if not exists {table.split('.')[0]}")
            order = sort_order(table, columns)
            connection.execute(f"create table {quoted(table)} as from made.{quoted(table)} order by {order}")
    text = (PROJECT / "docs" / "sql-cookbook.md").read_text(encoding="utf-8")
    with duckdb.connect(str(file), read_only=True) as connection:
        return {number: _median_ms(connection, query) for number, query in RECIPE.findall(text)}


def _median_ms(connection: duckdb.DuckDBPyConnection, query: str) -> float:
    times = []
    for _ in range(5):
        start = time.perf_counter()
        connection.execute(query).fetchall()
        times.append(1000 * (time.perf_counter() - start))
    return statistics.median(times)


def prepared(folder: Path, survivors: int) -> Path:
    """The run folder of a landed delivery, no mart built; made once for each folder."""
    made = next(iter(folder.glob("home/runs/*/build.duckdb")), None)
    if made is None:
        delivery = write_delivery(folder / "delivery", Parameters(survivors=survivors)).folder
        made = ready([delivery], folder / "home", as_of=AS_OF).build_file
    return made.parent


def report(costs: dict[str, Cost], hand: list[str]) -> None:
    """Print the sums, the ratios to dbt, and the dearest models."""
    dbt = costs["dbt"]
    parts = {
        "all models": list(dbt.seconds),
        "by hand": hand,
        "the rest": [one for one in dbt.seconds if one not in hand],
    }
    for part, names in parts.items():
        print(f"{part} ({len(names)})")
        for way, cost in costs.items():
            ratio = dbt.cpu_of(names) / cost.cpu_of(names), dbt.seconds_of(names) / cost.seconds_of(names)
            print(f"  {way:<24}{cost.of(names)}   dbt to this: {ratio[0]:.2f} in CPU, {ratio[1]:.2f} in seconds")
    for model in sorted(dbt.cpu, key=lambda one: -dbt.cpu[one])[:12]:
        print(f"  {model:<24}" + "".join(f"{cost.cpu[model]:>8.2f}" for cost in costs.values()))


def main() -> None:
    """Print the ratios, the dearest models and the slowest queries."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--survivors", type=int, default=2000)
    parser.add_argument("--folder", type=Path, help="where the landed delivery is kept for the next time")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        landed = prepared(given.folder or folder / "landed", given.survivors)
        runs = {way: Path(shutil.copytree(landed, folder / way)) for way in ("dbt", "bare", "hand")}
        builds = {way: run / "build.duckdb" for way, run in runs.items()}
        dbt, cpu = by_dbt(runs["dbt"], folder / "target")
        project = Project.compiled(folder / "target")
        script, hand = with_hand(project)
        costs = {"dbt": dbt}
        costs["the same SQL bare"] = bare(builds["bare"], builds["dbt"], project)
        costs["script by hand"] = bare(builds["hand"], builds["dbt"], script)
        hashes = {way: content_hashes(build) for way, build in builds.items()}
        queries = cookbook(builds["dbt"], folder / "release.duckdb")
    print(f"{given.survivors} survivors")
    report(costs, hand)
    print(f"CPU of the whole dbt process {cpu:.1f} s")
    different = [table for table, found in hashes["dbt"].items() if {found} != {of[table] for of in hashes.values()}]
    print(f"marts that differ between the three: {', '.join(different) or 'none'} of {len(hashes['dbt'])}")
    print("cookbook, ms: " + ", ".join(f"{number}: {ms:.0f}" for number, ms in queries.items()))
    if different:
        sys.exit(1)


if __name__ == "__main__":
    main()
