"""docs/quality.md, which `make quality` measures and writes, is of the checks that there are, and says what was promised. R13."""

from __future__ import annotations

import re
from pathlib import Path

from expectations.suites import registry

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "quality.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| `([^`]+)` \| (.+) \| (\w+) \| (\d+) \|$", PAGE, flags=re.M)


def test_the_page_is_of_the_checks_that_there_are() -> None:
    assert [row[0] for row in ROWS] == [check.check_id for check in registry("marts")], "run make quality"


def test_every_check_found_its_defect_and_none_spoke_on_the_control() -> None:
    assert [row[0] for row in ROWS if row[2] != "yes"] == []
    assert f"control: 0 of {len(ROWS)} checks" in PAGE


def test_at_most_one_clean_night_in_a_hundred_hears_a_check() -> None:
    (found,) = re.findall(r"Clean nights: (\d+); nights on which any check spoke: (\d+)", PAGE)
    assert int(found[0]) >= 200
    assert int(found[1]) <= int(found[0]) / 100
