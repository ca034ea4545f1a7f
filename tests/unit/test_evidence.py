"""`make privacy` says that something holds only where all of its tests ran and passed."""

from __future__ import annotations

import pytest

from tests.privacy.evidence import LINES, ROOT, verdict


@pytest.mark.parametrize(
    ("ends", "how"),
    [
        (["passed", "passed"], "holds"), (["passed", "failed"], "FAILS"), (["passed", "skipped"], "NOT SHOWN"), ([], "NOT SHOWN"),
    ],
)  # fmt: skip
def test_only_what_ran_and_passed_holds(ends: list[str], how: str) -> None:
    found = [("test_quiet", f"test_P9_{number}", end) for number, end in enumerate(ends)]
    assert verdict([*found, ("test_quiet", "test_P7_x", "failed")], "test_quiet", "P9_")[0] == how


def test_each_line_names_files_of_tests() -> None:
    stems = {stem for file, _ in LINES.values() for stem in file.split("|")}
    assert stems <= {path.stem for path in ROOT.glob("tests/*/test_*.py")}
