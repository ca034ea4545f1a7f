"""`make privacy`: the evidence for docs/privacy.md, one line for each kind of attack. Exits 1 where one does not hold."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
LINES = {
    "door: every column classified": ["test_pseudonyms.py", "-k", "P1"],
    "pseudonyms": ["test_pseudonyms.py", "-k", "P3"],
    "canary scan": ["test_canaries.py", "test_check_canaries.py"],
    "escape attempts and file modes": ["test_analyst.py"],
    "attack solver": ["test_attack.py"],
    "forced spill": ["test_quiet.py", "-k", "P7"],
    "erasure byte scan": ["test_erase.py", "-k", "P10 or bytes or places"],
    "consent": ["test_consent.py", "test_erase.py", "-k", "P24"],
    "retention": ["test_retention.py"],
    "no-network run": ["test_quiet.py", "-k", "P9"],
}


def run(what: str, arguments: list[str]) -> bool:
    """Runs the tests of one line, slow ones too, and says how they ended; whether all of them passed and at least one ran."""
    paths = [str(HERE / one) if one.endswith(".py") else one for one in arguments]
    missing = [one for one in paths if one.startswith(str(HERE)) and not Path(one).exists()]
    if missing:
        print(f"{what:<32} NOT HERE  {Path(missing[0]).name} is missing", flush=True)
        return False
    started = time.monotonic()
    command = [sys.executable, "-m", "pytest", "-q", "-m", "slow or not slow", "-p", "no:cacheprovider", *paths]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    counts = {kind: int(number) for number, kind in re.findall(r"(\d+) (passed|failed|error|skipped)", done.stdout)}
    holds = done.returncode == 0 and counts.get("passed", 0) > 0 and not counts.get("skipped")
    told = ", ".join(f"{number} {kind}" for kind, number in counts.items()) or "nothing ran"
    verdict = "holds" if holds else "NOT SHOWN" if done.returncode == 0 else "FAILS"
    print(f"{what:<32} {verdict:<9} {told}, {time.monotonic() - started:.0f} s", flush=True)
    return holds


if __name__ == "__main__":
    # A list, so that every line is run and told whatever the ones before it found.
    sys.exit(0 if all([run(what, arguments) for what, arguments in LINES.items()]) else 1)
