"""A night under other definitions: they show in the marts, in meta.definition and in the manifest, and make another release."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from flows.console import ConsoleReporter
from flows.night import Unchanged
from flows.publish import manifest
from flows.run import run_night
from flows.stages import NIGHTLY
from tests.conftest import WholeNight
from tests.nights import settings_for

pytestmark = pytest.mark.xdist_group("clean")

# What is compared comes of these.
STAGES = tuple(
    stage for stage in NIGHTLY if stage.name in {"land delivery", "build marts", "estimate durations", "publish"}
)
VALUES = {"restoration_cutoff": "2.0", "end_window_days": "30", "initial_window_days": "10"}
MOVED = (
    "core.fct_episode",
    "aso.fct_assessment",
    "aso.snapshot",
    "services.episode_month",
    "outcomes.curve",
    "meta.definition",
)
KEPT = ("core.dim_survivor", "core.dim_indicator", "aso.fct_score", "services.timeline", "quality.conservation")


def _definitions(folder: Path) -> dict[str, tuple[int, str, str]]:
    with duckdb.connect(str(folder / "marts.duckdb"), read_only=True) as marts:
        rows = marts.execute("select name, version, value, since::varchar from meta.definition").fetchall()
    return {name: rest for name, *rest in rows}


def test_another_definition_shows_in_every_output_that_depends_on_it(
    clean_night: WholeNight, a_copy: Callable[[WholeNight], WholeNight], tmp_path: Path
) -> None:
    night, file = a_copy(clean_night), tmp_path / "definitions.yml"
    lines = [f"{name}: {{version: 2, value: {value}, since: 2026-12-01}}" for name, value in VALUES.items()]
    file.write_text("\n".join(lines), encoding="utf-8")
    before = (night.home / "current").resolve()
    settings = settings_for(night.home, definitions=file)
    after = run_night(settings, night.delivery, ConsoleReporter(), stages=STAGES)
    assert isinstance(after, Path)
    old, new = manifest.read(before), manifest.read(after)
    assert old["definitions"] == {"instrument": "aso", "given": {}}
    assert {name: str(one["value"]) for name, one in new["definitions"]["given"].items()} == VALUES
    assert old["config_hash"] != new["config_hash"]
    shown = _definitions(after)
    assert {name: shown[name] for name in VALUES} == {name: [2, value, "2026-12-01"] for name, value in VALUES.items()}
    assert {name: one for name, one in shown.items() if name not in VALUES} == {
        name: one for name, one in _definitions(before).items() if name not in VALUES
    }
    is_equal = {
        table: facts["content_hash"] == new["tables"][table]["content_hash"] for table, facts in old["tables"].items()
    }
    assert [table for table in MOVED if is_equal[table]] == []
    assert [table for table in KEPT if not is_equal[table]] == []
    assert isinstance(run_night(settings, night.delivery, ConsoleReporter()), Unchanged)
