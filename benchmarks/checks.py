"""What checking costs: CPU seconds of every check of a night beside those of the night without them.

    make benchmark-checks SURVIVORS=50000

Checks are dbt's data tests, the models that only count for a check or list what failed one, and the three doors (Great Expectations, its
import included). The limit is a quarter of the night without them at 500,000 survivors, and 10 CPU seconds that do not grow.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks.nightly import AS_OF, cpu_seconds
from flows.dbt_build import NodeEvent
from flows.extract.simulate import Parameters, write_delivery
from flows.run import run_night
from flows.settings import Settings
from flows.stages import Done

COUNTING = frozenset(
    {
        "int_check_source",
        "int_check_mart",
        "int_check_record",
        "int_check_office",
        "int_check_recent",
        "check_count",
        "int_finding",
    }
    | {"int_night_count"}
)
SHARE, FIXED = 0.25, 10.0


class Bill:
    """CPU seconds by stage, and of the dbt nodes that check."""

    def __init__(self) -> None:
        self.stages: dict[str, float] = {}
        self.nodes: dict[str, float] = {}
        self._before = 0.0

    def begin(self, stage: str, number: int, of: int) -> None:
        """Note the CPU seconds before a stage."""
        self._before = cpu_seconds()

    def step(self, text: str) -> None:
        """Nothing: only whole stages are measured."""

    def node(self, event: NodeEvent) -> None:
        """Add up a node of dbt that checks."""
        if event.what in {"start", "end"} and (event.kind == "test" or event.name in COUNTING):
            self.nodes[event.node] = event.cpu - self.nodes[event.node] if event.what == "end" else event.cpu

    def end(self, stage: str, done: Done, seconds: float) -> None:
        """Note what a stage took."""
        self.stages[stage] = cpu_seconds() - self._before

    def print(self, survivors: int) -> bool:
        """Print the bill; whether it is within the limit."""
        doors = {stage: cpu for stage, cpu in self.stages.items() if stage.startswith("check")}
        tests = sum(cpu for node, cpu in self.nodes.items() if node.startswith("test."))
        models = sum(self.nodes.values()) - tests
        checks = sum(doors.values()) + tests + models
        rest = sum(self.stages.values()) - checks
        for name, cpu in {**doors, "data tests of dbt": tests, "models that count": models}.items():
            print(f"{name:<24}{cpu:>8.1f} CPU s")
        print(
            f"{survivors} survivors: checks {checks:.1f} CPU s, the night without them {rest:.1f}: {checks / rest:.1%}"
        )
        allowed = SHARE * rest + FIXED
        print(f"allowed {allowed:.1f} CPU s: {'holds' if checks <= allowed else 'does not hold'}")
        return checks <= allowed


def main() -> None:
    """Simulate, run one night in a new home, print what its checks cost; exit 1 above the limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--survivors", type=int, default=5000)
    survivors = parser.parse_args().survivors
    bill = Bill()
    with tempfile.TemporaryDirectory() as name:
        source, home = Path(name) / "delivery", Path(name) / "home"
        write_delivery(source, Parameters(survivors=survivors, as_of=AS_OF), fmt="parquet")
        run_night(Settings(home=home, key_file=Path(name) / "key"), source, bill, as_of=AS_OF)
    sys.exit(0 if bill.print(survivors) else 1)


if __name__ == "__main__":
    main()
