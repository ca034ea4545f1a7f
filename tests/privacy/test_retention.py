"""P11: each layer has a term; the day before nothing goes, on the day exactly what is due."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from flows import access
from flows.extract.land import extracts
from flows.publish import audit
from flows.publish.release import release_folder, verify
from flows.retention import apply, terms
from flows.warehouse import Home
from tests.conftest import WholeNight
from tests.nights import settings_for

pytestmark = pytest.mark.xdist_group("clean")
AT = datetime(2026, 12, 1, tzinfo=UTC)


def extract(raw: Path, sequence: int, landed_for: str, mode: str) -> None:
    folder = raw / f"{sequence:06d}-abcdef01"
    folder.mkdir(parents=True)
    facts = {
        "sequence": sequence,
        "landed_for": landed_for,
        "mode": mode,
        "extracted_at": f"{landed_for}T01:00:00+00:00",
    }
    (folder / "extract.json").write_text(json.dumps(facts), encoding="utf-8")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Two whole generations of deliveries and one that is in use, a failed run and a line of the log; nothing is published."""
    home = Home(tmp_path / "home")
    for sequence, day, mode in [
        (1, "2026-01-01", "full"), (2, "2026-01-05", "incremental"), (3, "2026-02-01", "full"),
        (4, "2026-02-03", "incremental"), (5, "2026-03-01", "full"), (6, "2026-03-02", "incremental"),
    ]:  # fmt: skip
        extract(home.raw, sequence, day, mode)
    (home.runs / "20260301T010203000000-abcdef01").mkdir(parents=True)
    access.record(home, "sql", at=datetime(2026, 3, 1, 12, tzinfo=UTC))
    access.record(home, "sql", at=datetime(2026, 3, 9, 12, tzinfo=UTC))
    return home


def sequences(home: Home) -> list[int]:
    return [one.sequence for one in extracts(home.raw)]


TERMS = {"keep_raw_days": 100, "keep_failed_days": 14, "keep_log_days": 30}


@pytest.mark.parametrize(
    ("layer", "due", "left"),
    [
        ("raw", date(2026, 1, 5) + timedelta(100), [3, 4, 5, 6]),
        ("raw", date(2026, 2, 3) + timedelta(100), [5, 6]),
        ("raw", date(2099, 1, 1), [5, 6]),
    ],
)
def test_P11_raw_deliveries_go_in_generations_on_the_day_and_never_what_is_needed(
    home: Home, layer: str, due: date, left: list[int]
) -> None:
    settings = settings_for(home.root, **TERMS)
    if due.year < 2099:
        before = {
            term.name for term in terms(home, settings) if term.layer == layer and term.is_due(due - timedelta(1))
        }
        on = {term.name for term in terms(home, settings) if term.layer == layer and term.is_due(due)}
        assert len(on) == len(before) + 2
    apply(home, settings, due, at=AT)
    assert sequences(home) == left


def test_P11_builds_of_failed_runs_and_lines_of_the_log_go_on_their_day(home: Home) -> None:
    settings = settings_for(home.root, **TERMS)
    assert apply(home, settings, date(2026, 3, 14), at=AT) == []
    assert [term.layer for term in apply(home, settings, date(2026, 3, 15), at=AT)] == ["runs"]
    assert list(home.runs.iterdir()) == []
    assert apply(home, settings, date(2026, 3, 30), at=AT) == []
    assert [term.layer for term in apply(home, settings, date(2026, 3, 31), at=AT)] == ["access log"]
    assert [line["at"][:10] for line in access.lines(home)] == ["2026-03-09"]
    access.record(home, "sql", at=AT)
    assert len(access.lines(home)) == 2
    assert audit.lines(home)[-1].facts == {"removed": {"access log": 1}}


def test_P11_without_a_term_raw_deliveries_stay(home: Home) -> None:
    settings = settings_for(home.root)
    assert not [term for term in terms(home, settings) if term.layer == "raw" and term.due]


def test_P11_what_a_kept_release_was_built_from_stays_and_case_work_goes(
    clean_night: WholeNight, a_copy: Callable[[WholeNight], WholeNight]
) -> None:
    home = Home(a_copy(clean_night).home)
    settings = settings_for(home.root, keep_raw_days=1, keep_casework_days=10)
    since = next(term.since for term in terms(home, settings) if term.layer == "case-work")
    assert not [one for one in apply(home, settings, since + timedelta(9), at=AT) if one.layer == "case-work"]
    gone = apply(home, settings, since + timedelta(3650), at=AT)
    assert {term.layer for term in gone} >= {"case-work"}
    assert len(extracts(home.raw)) == 1
    assert not (home.casework / "casework.duckdb").exists()
    verify(release_folder(home))
