"""What a night costs: seconds, CPU seconds and peak memory per stage, on a simulated delivery.

    make benchmark SURVIVORS=50000

CPU seconds are of this process and its children; wall seconds depend on what else the machine does. Memory is the resident set
of the process and its children together, sampled twenty times a second.
"""

import argparse
import os
import tempfile
import threading
import time
from datetime import date
from pathlib import Path

import psutil

from flows.dbt_build import NodeEvent
from flows.extract.simulate import Parameters, write_delivery
from flows.run import run_night
from flows.settings import Settings
from flows.stages import Done

AS_OF = date(2026, 11, 1)


class Meter:
    """Peak memory of the process and its children since the last reading."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._peak = 0
        threading.Thread(target=self._sample, daemon=True).start()

    def _sample(self) -> None:
        while True:
            total = 0
            for process in [self._process, *self._process.children(recursive=True)]:
                try:
                    total += process.memory_info().rss
                except psutil.Error:
                    continue
            self._peak = max(self._peak, total)
            time.sleep(0.05)

    def peak_mb(self) -> int:
        """MB at the highest point since the last call."""
        peak, self._peak = self._peak, 0
        return round(peak / 1e6)


def cpu_seconds() -> float:
    """CPU seconds so far of this process and of its children that have ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


class Table:
    """Prints one line a stage, and the slowest dbt nodes."""

    def __init__(self) -> None:
        self.meter, self.nodes, self.totals = Meter(), list[NodeEvent](), [0.0, 0.0, 0.0]
        self._cpu = 0.0
        print(f"{'stage':<18}{'seconds':>10}{'CPU s':>10}{'peak MB':>10}")

    def begin(self, stage: str, number: int, of: int) -> None:
        """Note the CPU seconds before a stage."""
        self._cpu = cpu_seconds()
        self.meter.peak_mb()

    def step(self, text: str) -> None:
        """Nothing: only whole stages are measured."""

    def node(self, event: NodeEvent) -> None:
        """Keep the seconds of a dbt node."""
        if event.what == "result":
            self.nodes.append(event)

    def end(self, stage: str, done: Done, seconds: float) -> None:
        """Print the line of a stage."""
        self.line(stage, seconds, cpu_seconds() - self._cpu, self.meter.peak_mb())

    def line(self, stage: str, seconds: float, cpu: float, peak: int) -> None:
        """Print one line and add it to the totals."""
        self.totals = [self.totals[0] + seconds, self.totals[1] + cpu, max(self.totals[2], peak)]
        print(f"{stage:<18}{seconds:>10.1f}{cpu:>10.1f}{peak:>10,}", flush=True)

    def total(self) -> None:
        """Print the totals and the slowest nodes."""
        seconds, cpu, peak = self.totals
        print(f"{'total':<18}{seconds:>10.1f}{cpu:>10.1f}{peak:>10,.0f}\n\nslowest dbt nodes")
        for event in sorted(self.nodes, key=lambda event: -event.seconds)[:8]:
            print(f"  {event.seconds:6.1f} s  {event.name}")


def main() -> None:
    """Simulate, run one night in a new home, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--survivors", type=int, default=2000)
    parser.add_argument("--format", choices=["csv", "parquet"], default="csv")
    given = parser.parse_args()
    table = Table()
    with tempfile.TemporaryDirectory() as folder:
        source, home = Path(folder) / "delivery", Path(folder) / "home"
        started, cpu = time.monotonic(), cpu_seconds()
        write_delivery(source, Parameters(survivors=given.survivors, as_of=AS_OF), fmt=given.format)
        print(
            f"{'(simulate)':<18}{time.monotonic() - started:>10.1f}{cpu_seconds() - cpu:>10.1f}{table.meter.peak_mb():>10,}"
        )
        run_night(Settings(home=home, key_file=Path(folder) / "key"), source, table, as_of=AS_OF)
        table.total()


if __name__ == "__main__":
    main()
