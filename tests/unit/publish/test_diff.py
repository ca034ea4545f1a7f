"""What two releases differ in, and the cause that each differing row is told by."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from flows.cli_diff import lines
from flows.errors import VerifyError
from flows.publish.diff import Difference, difference
from flows.publish.release import publish, release_folder
from flows.warehouse import Home
from tests.unit.publish.builds import AS_OF, AT, make_build, make_facts

# Four episodes, followed for 100 days at the first release.
BASE = """
    delete from core.fct_episode; delete from aso.fct_assessment; delete from core.dim_survivor;
    insert into core.fct_episode (episode_key, survivor_key, office_id, as_of_day)
        select 'e' || i, 's' || i, 'O1', 100 from range(4) as r(i);
    insert into aso.fct_assessment (assessment_key, episode_key, day, stage, setting, is_restored)
        select 'a' || i, 'e' || i, 5, 'initial', 'family', false from range(4) as r(i);
    insert into aso.fct_score (assessment_key, episode_key, indicator_code, score) select assessment_key, episode_key, 'SAF1', 2
        from aso.fct_assessment;
    insert into aso.snapshot (episode_key, stage, assessment_key, day, total) select episode_key, 'initial', assessment_key, 5, 2.0
        from aso.fct_assessment;
    insert into services.timeline (service_key, episode_key, category, day, sequence) select 't' || i, 'e' || i, 'health', 7, 1
        from range(4) as r(i);
"""


def released(home: Home, folder: Path, *changes: str, **facts: object) -> Path:
    build = make_build(folder / "build.duckdb", n_episodes=20)
    with duckdb.connect(str(build)) as connection:
        for change in (BASE, *changes):
            connection.execute(change)
    made = make_facts(home, **facts)
    publish(home, build, made, models_folder=None, expected_current=None, at=AT)
    return release_folder(home, made.release_id)


def between(tmp_path: Path, *changes: str, as_of=AS_OF, **facts: object) -> Difference:
    folders = []
    for name, more, given in (("one", (), {}), ("two", changes, {"as_of": as_of, **facts})):
        home = Home(tmp_path / name)
        home.root.mkdir(parents=True)
        folders.append(released(home, tmp_path, *more, **given))
    return difference(*folders)


def causes(found: Difference) -> dict[str, dict[str, int]]:
    return {one.table: one.causes for one in found.tables}


def test_a_table_without_people_and_a_key_with_an_empty_part_are_compared(tmp_path: Path) -> None:
    """services.description has no month where a measure has none; core.partner_training has no episode."""
    rows = (
        "insert into services.description (measure, category, stratum, stratum_value, month, estimate) values "
        "('days_to_first', 'health', 'overall', 'all', null, 14), ('sessions', 'health', 'overall', 'all', 3, 2)",
        "insert into core.partner_training (partner_id, topic, n_trainings) values ('P1', 'SAF', 2)",
    )
    more = (
        "update services.description set estimate = 15 where month is null",
        "update core.partner_training set n_trainings = 3",
    )
    homes = [Home(tmp_path / name) for name in ("one", "two")]
    for home in homes:
        home.root.mkdir()
    one, two = (released(home, tmp_path, *rows, *changes) for home, changes in zip(homes, ((), more), strict=True))
    assert difference(one, one).tables == []
    found = {table.table: (table.differing, table.causes) for table in difference(one, two).tables}
    assert found == {"services.description": (1, {}), "core.partner_training": (1, {})}


def test_equal_releases_have_no_difference(tmp_path: Path) -> None:
    found = between(tmp_path)
    assert (found.tables, found.definitions, found.headlines) == ([], [], [])
    assert lines(found)[-1] == "no table differs"


@pytest.mark.parametrize(
    ("change", "table", "cause"),
    [
        ("update aso.fct_score set score = 3 where assessment_key = 'a1'", "aso.fct_score", "corrected"),
        ("update aso.fct_assessment set setting = 'shelter' where assessment_key = 'a1'", "aso.fct_assessment", "corrected"),
        ("update core.fct_episode set casework_type = 'other' where episode_key = 'e1'", "core.fct_episode", "corrected"),
        ("update core.fct_episode set exit_day = 60, outcome = 'withdrew' where episode_key = 'e1'", "core.fct_episode", "late"),
        ("insert into services.timeline (service_key, episode_key, day) values ('t9', 'e1', 80)", "services.timeline", "late"),
        ("delete from services.timeline where episode_key = 'e1'", "services.timeline", "gone"),
    ],
)  # fmt: skip
def test_a_changed_fact_is_told_by_its_own_cause(tmp_path: Path, change: str, table: str, cause: str) -> None:
    assert causes(between(tmp_path, change)) == {table: {cause: 1}}


LATER = "update core.fct_episode set as_of_day = 101"


@pytest.mark.fault("F39")
def test_a_day_later_what_happened_on_it_is_new_and_what_was_known_before_is_late(tmp_path: Path) -> None:
    rows = "insert into services.timeline (service_key, episode_key, day) values ('t8', 'e0', 101), ('t9', 'e1', 100)"
    exits = "update core.fct_episode set exit_day = 101 where episode_key = 'e2'"
    found = between(tmp_path, LATER, rows, exits, as_of=AS_OF.replace(day=2))
    assert causes(found) == {"services.timeline": {"late": 1, "new": 1}, "core.fct_episode": {"new": 1}}
    assert found.about[0] == "as of: 2026-11-01 -> 2026-11-02"
    assert ("open episodes", 4, 3) in found.headlines


def test_a_derived_row_follows_from_the_facts_of_its_episode(tmp_path: Path) -> None:
    found = between(
        tmp_path,
        "update aso.fct_score set score = 3 where assessment_key = 'a1'",
        "update aso.fct_assessment set total = 3 where assessment_key = 'a1'",
        "update aso.snapshot set total = 3 where assessment_key in ('a1', 'a2')",
    )
    assert causes(found) == {
        "aso.fct_score": {"corrected": 1},
        "aso.fct_assessment": {"corrected": 1},
        "aso.snapshot": {"corrected": 1, "other": 1},
    }


def test_where_no_fact_changed_a_changed_definition_is_the_cause(tmp_path: Path) -> None:
    found = between(
        tmp_path,
        "update aso.fct_assessment set is_restored = true",
        "update meta.definition set version = 2, value = 'every domain >= 2.5'",
    )
    assert causes(found)["aso.fct_assessment"] == {"definition": 4}
    assert found.definitions == ["restored: every domain >= 3.0 (version 1) -> every domain >= 2.5 (version 2)"]


def test_where_nothing_else_changed_time_or_the_code_is_the_cause(tmp_path: Path) -> None:
    moved = "update core.fct_episode set last_seen_day = 9 where episode_key = 'e3'"
    assert causes(between(tmp_path / "time", LATER, moved, as_of=AS_OF.replace(day=2))) == {
        "core.fct_episode": {"time": 1}
    }
    assert causes(between(tmp_path / "code", moved, code_version="0.2.0")) == {"core.fct_episode": {"code": 1}}


def test_no_key_of_a_row_is_shown(tmp_path: Path) -> None:
    found = between(tmp_path, "delete from services.timeline where episode_key = 'e1'")
    assert not any(key in line for line in lines(found) for key in ("e1", "t1", "s1"))


def test_releases_of_two_pseudonym_keys_cannot_be_compared(tmp_path: Path) -> None:
    with pytest.raises(VerifyError, match="different pseudonym keys"):
        between(tmp_path, key_id="another")
