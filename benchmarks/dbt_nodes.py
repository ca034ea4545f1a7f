"""What dbt costs beyond its SQL, and how fast the cookbook answers, on a simulated delivery.

    make benchmark-dbt SURVIVORS=50000

The script beside it is the SQL that dbt compiled, run bare in one connection, model after model: the same transformations by
construction. Seconds of a shared machine say little alone; both are of one run, one after the other, so their ratio says more.
"""

import argparse
import re
import resource
import statistics
import tempfile
import time
from datetime import date
from pathlib import Path

import duckdb

from flows.dbt_build import NodeEvent, build_marts
from flows.extract.simulate import Parameters, write_delivery
from flows.publish.content import quoted, sort_order, tables_of
from flows.settings import PROJECT
from flows.warehouse import connect
from tests.bare import Project, with_seeds
from tests.nights import ready

AS_OF = date(2026, 11, 1)
RECIPE = re.compile(r"^### (\d+)\. .+?$.*?^```sql\n(.+?)^```", flags=re.M | re.S)


def by_dbt(folder: Path, target: Path) -> tuple[dict[str, float], float]:
    """Seconds of each model as dbt counts them, and the CPU seconds of the whole process, parsing and tests included."""
    nodes: dict[str, float] = {}

    def keep(event: NodeEvent) -> None:
        if event.what == "result" and event.node.startswith("model."):
            nodes[event.name] = event.seconds

    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    build_marts(folder, target, on_node=keep)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return nodes, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def bare(build: Path, seeds: Path, project: Project) -> tuple[dict[str, float], float]:
    """Seconds of each model run bare in another build file over the same landed rows, and the CPU seconds of all."""
    seconds: dict[str, float] = {}
    with connect(build) as connection:
        with_seeds(connection, seeds)
        project.run(connection, names=())
        cpu = time.process_time()
        for name in project.models:
            start = time.perf_counter()
            project.run(connection, [name])
            seconds[name] = time.perf_counter() - start
        return seconds, time.process_time() - cpu


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


def main() -> None:
    """Print the ratios, the dearest models and the slowest queries."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--survivors", type=int, default=2000)
    survivors = parser.parse_args().survivors
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        delivery = write_delivery(folder / "delivery", Parameters(survivors=survivors)).folder
        one, other = (ready([delivery], folder / home, as_of=AS_OF) for home in ("one", "other"))
        nodes, cpu = by_dbt(one.folder, folder / "dbt")
        project = Project.compiled(folder / "dbt")
        seconds, bare_cpu = bare(other.build_file, one.build_file, project)
        queries = cookbook(one.build_file, folder / "release.duckdb")
    ours, theirs = sum(nodes.values()), sum(seconds.values())
    print(f"{survivors} survivors, {len(nodes)} models")
    print(f"nodes of dbt {ours:.1f} s, the same SQL bare {theirs:.1f} s: ratio {ours / theirs:.2f}")
    print(f"CPU of the whole dbt process {cpu:.1f} s, of the bare script {bare_cpu:.1f} s")
    for model in sorted(nodes, key=lambda one: -nodes[one])[:8]:
        print(f"  {model:<24}{nodes[model]:>8.2f} s by dbt{seconds.get(model, 0):>8.2f} s bare")
    print("cookbook, ms: " + ", ".join(f"{number}: {ms:.0f}" for number, ms in queries.items()))


if __name__ == "__main__":
    main()
