"""`dbt build` runs alone on the made-up example: every node, every unit test, and the rows a reader would expect."""

from pathlib import Path

import duckdb
import pytest
import yaml

from tests.dbt.conftest import Example

pytestmark = pytest.mark.xdist_group("dbt example")


def test_build_alone_succeeds(example: Example) -> None:
    assert example.exit_code == 0, example.said[-3000:]
    assert {result["status"] for result in example.results} == {"success", "pass"}


@pytest.mark.parametrize(
    ("kind", "folder", "pattern"),
    [("model", "models", "*.sql"), ("seed", "seeds", "*.csv"), ("snapshot", "snapshots", "*.yml")],
)
def test_every_file_of_the_project_was_run(example: Example, kind: str, folder: str, pattern: str) -> None:
    files = {path.stem for path in (example.folder / folder).rglob(pattern) if not path.stem.startswith("_")}
    assert {node.split(".")[-1] for node in example.statuses(kind)} == files


def test_every_unit_test_passed(example: Example) -> None:
    """As many as are written down: none is skipped, disabled or hidden by another of its name."""
    written = [test["name"] for file in _unit_test_files(example.folder) for test in file["unit_tests"]]
    statuses = example.statuses("unit_test")
    assert sorted(node.split(".")[-1] for node in statuses) == sorted(written)
    assert len(set(written)) == len(written) >= 90
    assert set(statuses.values()) == {"pass"}


def test_no_source_is_needed(example: Example) -> None:
    sources = {node for node in example.manifest["sources"]}
    needed = {
        parent
        for node in example.nodes("model", "snapshot")
        for parent in node["depends_on"]["nodes"]
        if parent in sources
    }
    assert not needed


def test_episodes_of_the_example(marts: duckdb.DuckDBPyConnection) -> None:
    rows = marts.execute(
        "select episode_key, survivor_key, age_band, entry_day, exit_day, last_seen_day, status, outcome, restored_left_day, "
        "restored_right_day, event, n_assessments from core.fct_episode order by episode_key"
    ).fetchall()
    assert rows == [
        ("episode-1", "survivor-1", "18-24", 0, 344, 648, "closed", "restored", 172, 339, 1, 4),
        ("episode-13", "survivor-13", "50+", 0, None, 0, "other", "open", None, None, 0, 0),
        ("episode-2", "survivor-2", "12-17", 0, None, 177, "active", "open", 177, None, 0, 3),
        # Two records of one person, two intakes nineteen days apart: one episode.
        ("episode-4", "survivor-5", "35-49", 0, 365, 354, "closed", "lost_contact", 354, None, 2, 2),
        ("episode-8", "survivor-8", "35-49", 90, 393, 2, "closed", "other", None, None, 3, 1),
        ("episode-9", "survivor-9", "unknown", 0, None, 31, "follow_up", "open", None, None, 0, 0),
    ]


def test_stages_of_the_example(marts: duckdb.DuckDBPyConnection) -> None:
    rows = marts.execute("select episode_key, stage, assessment_key, day from aso.snapshot order by 1, 4").fetchall()
    assert rows == [
        ("episode-1", "initial", "form-1", -2),
        ("episode-1", "mid", "form-2", 172),
        ("episode-1", "end", "form-3", 339),
        ("episode-1", "sustained", "form-4", 648),
        ("episode-2", "initial", "form-5", 9),
        ("episode-2", "mid", "form-7", 177),
        ("episode-4", "initial", "form-9", 4),
        ("episode-4", "end", "form-10", 354),
        ("episode-8", "initial", "form-11", 2),
    ]


def test_what_is_put_aside_in_the_example(marts: duckdb.DuckDBPyConnection) -> None:
    rows = marts.execute("select source_table, rule, n_rows from quality.quarantine").fetchall()
    assert set(rows) == {
        ("aftercare_episodes", "exit_before_intake", 1),
        ("aftercare_episodes", "intake_after_as_of", 1),
        ("aftercare_episodes", "orphan", 1),
        ("aftercare_episodes", "parent_quarantined", 1),
        ("aso_assessments", "after_as_of", 1),
        ("aso_assessments", "before_window", 1),
        ("aso_assessments", "orphan", 1),
        ("aso_assessments", "parent_quarantined", 1),
        ("aso_scores", "orphan", 1),
        ("aso_scores", "parent_quarantined", 20),
        ("aso_scores", "score_domain", 2),
        ("aso_scores", "unknown_indicator", 1),
        ("community_events", "after_as_of", 1),
        ("health_services", "after_as_of", 1),
        ("legal_proceedings", "orphan", 1),
        ("partner_trainings", "orphan", 1),
        ("partner_trainings", "parent_quarantined", 1),
        ("partners", "orphan", 1),
        ("survivors", "merge_cycle", 2),
        ("survivors", "merged_into_missing", 1),
    }


def test_every_row_of_the_example_is_in_one_bucket(marts: duckdb.DuckDBPyConnection) -> None:
    rows = marts.execute(
        "select source_table, n_in, n_out + n_quarantined + n_collapsed + n_tombstoned + n_excluded from quality.conservation"
    ).fetchall()
    assert len(rows) == 12
    assert [row for row in rows if row[1] != row[2]] == []
    assert all(n_in > 0 for _, n_in, _ in rows)


def test_tables_of_later_stages_are_declared_and_empty(marts: duckdb.DuckDBPyConnection) -> None:
    for table in (
        "quality.check",
        "outcomes.curve",
        "outcomes.optimal_time",
        "models.risk_indicator",
        "services.effect",
        "services.effect_check",
    ):
        assert marts.execute(f"select count(*) from {table}").fetchone() == (0,)


def test_corrections_of_forms_are_kept(marts: duckdb.DuckDBPyConnection) -> None:
    """One version each after a first night, known since as_of and not since the clock's now."""
    assert marts.execute(
        "select count(*), count(distinct assessment_key), any_value(dbt_valid_from)::date::varchar, count(dbt_valid_to) "
        "from history.assessment_history"
    ).fetchone() == (10, 10, "2026-10-31", 0)


def _unit_test_files(folder: Path) -> list[dict[str, list[dict[str, str]]]]:
    return [
        yaml.safe_load(path.read_text(encoding="utf-8"))
        for path in sorted((folder / "models" / "unit_tests").glob("*.yml"))
    ]
