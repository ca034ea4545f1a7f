"""A large delivery landed, built and checked: seconds, CPU seconds and peak memory per stage, and what the checks are of it.

    make million SURVIVORS=1000000

The delivery is simulated straight to Parquet by a process of its own, whose memory is not counted. Estimates and publication are left
out unless asked for with --whole. Everything, what spills included, lies in one temporary folder (TMPDIR), which must have the room.
Exit 1 where the peak is above --most-gb.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.checks import Bill
from benchmarks.nightly import AS_OF, Table
from flows.dbt_build import NodeEvent
from flows.run import run_night
from flows.settings import Settings
from flows.stages import NIGHTLY, Done
from flows.warehouse import Home

UNTIL_CHECKED = "check marts"


class Enough(Exception):
    """The last stage that is measured has ended."""


class Until(Table):
    """The table of benchmarks/nightly.py, which ends the night after one stage and tells how much disk it takes."""

    def __init__(self, last: str, home: Home) -> None:
        super().__init__()
        self._last, self._home, self.bill = last, home, Bill()

    def end(self, stage: str, done: Done, seconds: float) -> None:
        """Print the line of a stage; end the night after the last."""
        super().end(stage, done, seconds)
        self.bill.end(stage, done, seconds)
        if stage == self._last:
            raise Enough

    def node(self, event: NodeEvent) -> None:
        """Keep a node of dbt for both tables."""
        super().node(event)
        self.bill.node(event)

    def begin(self, stage: str, number: int, of: int) -> None:
        """Note what lies in the run's folder before a stage."""
        super().begin(stage, number, of)
        self.bill.begin(stage, number, of)
        size = sum(path.stat().st_size for path in self._home.root.rglob("*") if path.is_file())
        print(f"  {size / 1e9:.1f} GB in the home", flush=True)


def simulated(folder: Path, survivors: int) -> Path:
    """The delivery, made by another process."""
    program = (
        "import sys; from pathlib import Path; from datetime import date; from flows.extract.simulate import Parameters, write_delivery;"
        f"write_delivery(Path(sys.argv[1]), Parameters(survivors={survivors}, as_of=date.fromisoformat('{AS_OF}')), fmt='parquet')"
    )
    subprocess.run([sys.executable, "-c", program, str(folder)], check=True)
    return folder


def main() -> None:
    """Simulate, run the stages, print the table; exit 1 above the limit of memory."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--survivors", type=int, default=1_000_000)
    parser.add_argument("--whole", action="store_true", help="estimates and publication as well")
    parser.add_argument("--memory-limit", default="5GB", help="what DuckDB may take before it spills")
    parser.add_argument("--most-gb", type=float, default=8.0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        home = Home(folder / "home")
        source = simulated(folder / "delivery", given.survivors)
        table = Until(NIGHTLY[-1].name if given.whole else UNTIL_CHECKED, home)
        settings = Settings(home=home.root, key_file=folder / "key", memory_limit=given.memory_limit)
        try:
            run_night(settings, source, table, as_of=AS_OF)
        except Enough:
            table.total()
            table.bill.print(given.survivors)
    peak = table.totals[2] / 1000
    print(f"{given.survivors:,} survivors, peak {peak:.1f} GB, limit {given.most_gb:.1f} GB")
    sys.exit(0 if 0 < peak <= given.most_gb else 1)


if __name__ == "__main__":
    main()
