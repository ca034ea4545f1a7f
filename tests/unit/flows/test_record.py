"""What a night leaves to read in Prefect of what may leave: rows of share/ and nothing else."""

from pathlib import Path
from typing import Any

import pytest

from flows import record
from tests.shares import full_share, write_facts


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, Any]]:
    """The artifacts that were made, by key."""
    found: dict[str, dict[str, Any]] = {}
    for kind in ("table", "link"):
        monkeypatch.setattr(record, f"create_{kind}_artifact", lambda key, **told: found.update({key: told}))
    return found


def test_counts_curves_and_changes_are_told_as_they_stand_in_share(
    made: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    full_share(tmp_path / "share", offices=2, partners=2)
    record.tell_shared(tmp_path)
    assert made.keys() == {"counts", "curves", "changed"}
    counts = {row["group"]: row["n_episodes"] for row in made["counts"]["table"]}
    assert counts["forced_labour"] == "100"
    assert counts["other"] == ""  # hidden
    head = next(row for row in made["curves"]["table"] if row["curve_name"] == "restoration" and row["month"] == "24")
    assert (head["estimate_percent"], head["lower_percent"], head["drawn"]) == ("41", "38", "█" * 8)
    assert {row["stratum"] for row in made["curves"]["table"]} == {"overall"}
    assert len(made["changed"]["table"]) == 3


def test_a_table_without_rows_has_no_artifact(made: dict[str, dict[str, Any]], tmp_path: Path) -> None:
    (tmp_path / "share").mkdir()
    write_facts(tmp_path / "share", [])
    record.tell_shared(tmp_path)
    assert made == {}


def test_the_report_is_linked_on_loopback(made: dict[str, dict[str, Any]]) -> None:
    record.tell_report()
    assert made["report"]["link"] == "http://127.0.0.1:4201/"
