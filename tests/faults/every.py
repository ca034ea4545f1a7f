"""`make faults`: the tests of every fault, and a line for each: green when one of its tests passed and none failed."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from tests.faults.page import ROOT, by_fault, catalogue


def outcomes(report: Path) -> dict[str, set[str]]:
    """`module.test` -> how its cases ended: passed, failed, skipped."""
    found: dict[str, set[str]] = {}
    for case in ElementTree.parse(report).getroot().iter("testcase"):
        name = f"{case.get('classname')}.{str(case.get('name')).split('[')[0].split('@')[0]}"
        ended = {"failed" if child.tag in ("failure", "error") else child.tag for child in case} & {"failed", "skipped"}
        found.setdefault(name, set()).update(ended or {"passed"})
    return found


def main() -> int:
    """Run them on two processes and tell; 1 where a fault is not green."""
    tests, started = by_fault(), time.monotonic()
    named = sorted({test for several in tests.values() for test in several})
    report = Path(tempfile.mkdtemp(prefix="faults")) / "report.xml"
    command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "--dist", "loadgroup", f"--junitxml={report}", *named]
    subprocess.run(command, cwd=ROOT, check=False)
    ended, n_green = outcomes(report), 0
    for fault in catalogue():
        of_fault = [ended.get(test.replace("/", ".").replace(".py::", "."), set()) for test in tests.get(fault.id, [])]
        all_of_them = set[str]().union(*of_fault)
        is_green = "passed" in all_of_them and "failed" not in all_of_them
        n_green += is_green
        print(
            f"{fault.id:<4} {'green' if is_green else 'NOT GREEN':<9} {sum('passed' in one for one in of_fault):>2} tests  {fault.fault}"
        )
    print(f"{n_green} of {len(catalogue())} faults green, {time.monotonic() - started:.0f} s")
    return 0 if n_green == len(catalogue()) else 1


if __name__ == "__main__":
    sys.exit(main())
