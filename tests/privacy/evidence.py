"""`make privacy`: the evidence for docs/privacy.md, one line for each kind of attack. Exits 1 where one does not hold.

Everything runs in one go, so that the nights that tests share are made once; `--only WORD` runs the lines that have the word.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parents[2]
# What is attacked: the files of its tests, and which of their names count.
LINES = {
    "door: every column classified": ("test_pseudonyms", "P1_"),
    "pseudonyms": ("test_pseudonyms", "P3_"),
    "canary scan": ("test_canaries|test_check_canaries", ""),
    "escape attempts and file modes": ("test_analyst", ""),
    "attack solver": ("test_attack", ""),
    "encryption at rest": ("test_at_rest|test_sealed_night", "P7_"),
    "forced spill": ("test_quiet", "P7_"),
    "erasure byte scan": ("test_erase|test_erased", "P10_|bytes|places"),
    "consent": ("test_consent|test_erase", "P24_"),
    "retention": ("test_retention", "P11_"),
    "no-network run": ("test_quiet", "P9_"),
}
Outcomes = list[tuple[str, str, str]]


def outcomes(files: list[Path]) -> Outcomes:
    """File, name and end (passed, failed, skipped) of each test of these files, slow ones too."""
    if not files:
        return []
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-q", "-m", "slow or not slow", "-p", "no:cacheprovider"]
        subprocess.run([*command, f"--junitxml={report}", *map(str, files)], cwd=ROOT, check=False)
        cases = ElementTree.parse(report).getroot().iter("testcase")
        return [(str(case.get("classname")).split(".")[-1], str(case.get("name")), _end(case)) for case in cases]


def _end(case: ElementTree.Element) -> str:
    ends = {"failure": "failed", "error": "failed", "skipped": "skipped"}
    return next((ends[part.tag] for part in case if part.tag in ends), "passed")


def verdict(found: Outcomes, file: str, name: str) -> tuple[str, str]:
    """What the tests of one line say: holds, FAILS or NOT SHOWN (skipped, or none ran); and how many ended how."""
    ends = [end for stem, test, end in found if re.fullmatch(file, stem) and re.search(name, test)]
    told = ", ".join(f"{ends.count(end)} {end}" for end in ("passed", "failed", "skipped") if end in ends)
    if "failed" in ends:
        return "FAILS", told
    return ("holds", told) if ends and "skipped" not in ends else ("NOT SHOWN", told or "nothing ran")


def main(only: str) -> int:
    """Run the lines that have a word, print one line each, and return 0 where all of them hold."""
    asked = {what: spec for what, spec in LINES.items() if only in what}
    stems = {stem for file, _ in asked.values() for stem in file.split("|")}
    found = outcomes(sorted(path for stem in stems for path in ROOT.glob(f"tests/*/{stem}.py")))
    verdicts = {what: verdict(found, *spec) for what, spec in asked.items()}
    for what, (how, told) in verdicts.items():
        print(f"{what:<32} {how:<10} {told}")
    return 0 if verdicts and all(how == "holds" for how, _ in verdicts.values()) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[2] if sys.argv[1:2] == ["--only"] else ""))
