"""A whole night beside the bare engines that it stands on: CPU seconds of both, one after the other, in one run.

    make bench SURVIVORS=50000 TIMES=3

*Bare* is what somebody would write who needs the answers once: DuckDB reads the CSV files, hashes the keys and writes Parquet; one script
makes the marts (the SQL that dbt compiled, the dearest models written by hand, as in dbt_nodes.py), in one connection; the fits of `ml` are
called on them directly; the marts are written as Parquet. No dbt, no checks at the doors, no manifest, no release, no report.
*Night* is a process that runs a night in a new home, its start and its imports included; of the bare process only the work is counted.

Both must give the same marts: their content hashes are compared. Printed are medians. Exit 1 where a mart differs, or where the night
takes more than 1.5 times the bare engines and 30 CPU seconds.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from benchmarks.checks import Bill
from benchmarks.dbt_nodes import with_hand
from benchmarks.nightly import AS_OF
from flows.dbt_build import build_marts
from flows.estimates import duration, need, offices, services
from flows.extract.contract import Table, jds
from flows.extract.simulate import Parameters, write_delivery
from flows.night import Night, Unchanged, open_night
from flows.publish.content import content_hashes, quoted, tables_of
from flows.publish.manifest import read as read_manifest
from flows.run import run_night
from flows.settings import Settings
from flows.stage import Done, Watch
from flows.stages import land_delivery
from flows.warehouse import connect, write_parquet
from tests.bare import Project, with_seeds

TIMES_BARE, FIXED = 1.5, 30.0
# Which stages of a night do the work of which part of the bare script; the rest of a night has no part in it.
PARTS = {
    "read, hash, write": ("land delivery",),
    "marts": ("build marts",),
    "durations": ("estimate durations",),
    "need": ("estimate need",),
    "offices": ("compare offices",),
    "services": ("compare services",),
    "write marts": ("publish",),
}
FITS: dict[str, Callable[[Night, Watch], Done]] = {
    "durations": duration.estimate,
    "need": need.estimate,
    "offices": offices.estimate,
    "services": services.estimate,
}
# Made by both from the same rows; the rest tells of the run, or is filled in at a door.
COMPARED = ("core.", "aso.", "services.", "outcomes.", "models.")
TYPES = {"date": "date", "timestamp": "timestamp", "bool": "boolean", "int": "integer", "number": "double"}


def night(folder: Path, home: Path) -> dict[str, float]:
    """CPU seconds by stage of a whole night in a new home."""
    bill = Bill()
    run_night(Settings(home=home, key_file=folder / "key"), folder / "delivery", bill, as_of=AS_OF)
    return bill.stages


def opened(folder: Path, home: Path) -> Night:
    """A night in a new home whose delivery has landed, with a build file in which no mart is made yet."""
    home.mkdir()
    settings = Settings(home=home, key_file=folder / "key")
    found = open_night(settings, folder / "delivery", as_of=AS_OF, at=datetime.now(UTC))
    if isinstance(found, Unchanged):
        raise SystemExit("a home without a release has something to do")
    land_delivery(found, Watch())
    return found


def bare(folder: Path, home: Path) -> dict[str, float]:
    """CPU seconds by part of the bare script; its marts are left in `home`/build.duckdb."""
    project, _ = with_hand(Project.compiled(folder / "target"))
    home.mkdir()
    run, cpu = opened(folder, home / "night"), {}

    def part(name: str, work: Callable[[], object]) -> None:
        before = time.process_time()
        work()
        cpu[name] = time.process_time() - before

    part("read, hash, write", lambda: _read(folder / "delivery", home))
    with connect(run.build_file) as connection:
        with_seeds(connection, folder / "compiled.duckdb")
    part("marts", lambda: _marts(run.build_file, project))
    for name, fit in FITS.items():
        part(name, lambda fit=fit: fit(run, Watch()))  # type: ignore[misc]
    part("write marts", lambda: _write(run.build_file, home))
    run.build_file.rename(home / "build.duckdb")
    return cpu


def _read(delivery: Path, home: Path) -> None:
    with connect(home / "read.duckdb") as connection:
        for table in jds().tables.values():
            scan = f"read_csv('{delivery / f'{table.name}.csv'}', all_varchar = true, header = true)"
            write_parquet(connection, f"select {_columns(table)} from {scan}", home / f"{table.name}.parquet")


def _columns(table: Table) -> str:
    """The columns that land, as a script by hand would select them."""
    shown = []
    for column in table.columns:
        name = f'"{column.name}"'
        if column.kind == "key":
            shown.append(f"left(sha256('secret:{column.of}:' || {name}), 32) as \"{column.landed_as}\"")
        elif column.kind == "birth_year":
            shown.append(f"year(try_cast({name} as date)) as birth_year")
        elif column.kind in TYPES:
            shown.append(f"try_cast({name} as {TYPES[column.kind]}) as {name}")
        elif column.kind != "drop" and not column.optional:
            shown.append(name)
    return ", ".join(shown)


def _marts(build_file: Path, project: Project) -> None:
    with connect(build_file) as connection:
        project.run(connection)


def _write(build_file: Path, home: Path) -> None:
    with connect(build_file, read_only=True) as connection:
        for table in tables_of(connection, "build"):
            write_parquet(connection, f"from {quoted(table)}", home / f"{table}.parquet")


def prepare(folder: Path, survivors: int) -> None:
    """The delivery, its landed rows, and the SQL that dbt compiles, with the code lists it loads."""
    write_delivery(folder / "delivery", Parameters(survivors=survivors, as_of=AS_OF), fmt="csv")
    run = opened(folder, folder / "compiled")
    build_marts(run.folder, folder / "target", variables=run.definitions.as_json())
    run.build_file.rename(folder / "compiled.duckdb")


def child(what: str, folder: Path, home: Path) -> tuple[float, dict[str, float]]:
    """CPU seconds of a process of its own that runs one side, and of its parts."""
    told = home.with_suffix(".json")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "benchmarks.bench", "--side", what, "--folder", str(folder), "--home", str(home)]
    subprocess.run([*command, "--told", str(told)], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    whole = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return whole, json.loads(told.read_text(encoding="utf-8"))


def different(release_home: Path, bare_home: Path) -> list[str]:
    """The marts whose content differs between the two."""
    released = {
        table: facts["content_hash"]
        for table, facts in read_manifest(release_home / "current")["tables"].items()
        if table.startswith(COMPARED)
    }
    made = content_hashes(bare_home / "build.duckdb")
    return sorted(table for table, found in released.items() if made.get(table) != found)


def compare(survivors: int, times: int) -> bool:
    """Print the table; whether the night is within its limit and gives the same marts."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder, survivors)
        sides: dict[str, list[tuple[float, dict[str, float]]]] = {"night": [], "bare": []}
        for time_of in range(times):
            for side, found in sides.items():
                found.append(child(side, folder, folder / f"{side}-{time_of}"))
                print(f"  {side} {time_of + 1} of {times}: {found[-1][0]:.1f} CPU s as a process", flush=True)
        apart = different(folder / "night-0", folder / "bare-0")
    whole = median(cpu for cpu, _ in sides["night"])
    work = {part: median(cpu[part] for _, cpu in sides["bare"]) for part in PARTS}
    print(f"\n| {survivors:,} survivors, CPU s, median of {times} | night | bare engines |\n| --- | --- | --- |")
    rest = whole
    for part, stages in PARTS.items():
        of_night = median(sum(cpu[stage] for stage in stages) for _, cpu in sides["night"])
        rest -= of_night
        print(f"| {part} ({', '.join(stages)}) | {of_night:.1f} | {work[part]:.1f} |")
    total = sum(work.values())
    allowed = TIMES_BARE * total + FIXED
    print(f"| start, imports, checks at the doors | {rest:.1f} | |\n| **all** | **{whole:.1f}** | **{total:.1f}** |")
    print(
        f"\nthe night takes {whole / total:.2f} times the bare engines; without {FIXED:.0f} CPU s {(whole - FIXED) / total:.2f}"
    )
    print(f"allowed {allowed:.1f} CPU s: {'holds' if whole <= allowed else 'does not hold'}")
    print(f"marts that differ: {', '.join(apart) or 'none'}")
    return whole <= allowed and not apart


def main() -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--survivors", type=int, default=50_000)
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--side", choices=["night", "bare"], help=argparse.SUPPRESS)
    for path in ("--folder", "--home", "--told"):
        parser.add_argument(path, type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if not given.side:
        return 0 if compare(given.survivors, given.times) else 1
    cpu = {"night": night, "bare": bare}[given.side](given.folder, given.home)
    given.told.write_text(json.dumps(cpu), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
