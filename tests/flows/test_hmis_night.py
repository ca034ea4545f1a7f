"""A hand-made HMIS export of 200 people goes through to a release: episodes, stages, domains and curves as they should be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from flows.night import Unchanged
from flows.run import run_night
from flows.warehouse import connect
from tests.database.test_marts import Silent
from tests.hmis_export import CLIENTS, EXPORT_START, LATE_PROJECT, LATE_START, TWICE, write_export
from tests.nights import settings_for
from tests.unit.extract.mapping.small import read_csv
from tests.unit.extract.mapping.test_shipped import day

pytestmark = pytest.mark.xdist_group("hmis")  # what they share is made once

Ask = Callable[[str], list[tuple[object, ...]]]


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_export(tmp_path_factory.mktemp("hmis") / "export")


@pytest.fixture(scope="module")
def ask(export: Path, tmp_path_factory: pytest.TempPathFactory) -> Ask:
    """Queries the release of one night on the export."""
    home = tmp_path_factory.mktemp("home")
    settings = settings_for(home, mapping="hmis", mapping_parameters="consent_analytics=true")
    made = run_night(settings, export, Silent())
    assert not isinstance(made, Unchanged)

    def answer(query: str) -> list[tuple[object, ...]]:
        with connect(made / "marts.duckdb", read_only=True) as marts:
            return marts.execute(query).fetchall()

    return answer


def test_every_row_is_accounted_for_and_none_is_quarantined(ask: Ask) -> None:
    assert ask("select sum(n_quarantined), sum(n_excluded) from quality.conservation") == [(0, 0)]
    assert ask("select count(*) from quality.conservation where n_in <> n_out + n_collapsed + n_tombstoned") == [(0,)]


def test_people_and_episodes_are_those_of_the_export(export: Path, ask: Ask) -> None:
    deleted = {row["PersonalID"] for row in read_csv(export / "Client.csv") if row["DateDeleted"]}
    stays = [row for row in read_csv(export / "Enrollment.csv") if row["PersonalID"] not in deleted]
    twice = sum(str(row["EnrollmentID"]).endswith("x") for row in stays)
    assert 0 < twice <= TWICE
    assert ask("select count(*) from core.dim_survivor") == [(CLIENTS - len(deleted),)]
    [(episodes, collapsed)] = ask(
        "select n_out, n_collapsed from quality.conservation where source_table = 'aftercare_episodes'"
    )
    assert int(str(episodes)) + int(str(collapsed)) == len(stays) - twice
    [(several,)] = ask(
        "select count(*) from (from core.fct_episode select survivor_key group by all having count(*) > 1)"
    )
    assert int(str(several)) > 20


def test_who_came_before_the_export_or_her_project_began_is_a_late_entry(export: Path, ask: Ask) -> None:
    deleted = {row["PersonalID"] for row in read_csv(export / "Client.csv") if row["DateDeleted"]}
    expected: Counter[tuple[str, int]] = Counter()
    for row in read_csv(export / "Enrollment.csv"):
        began, entry = LATE_START if row["ProjectID"] == LATE_PROJECT else EXPORT_START, day(row["EntryDate"])
        if row["PersonalID"] not in deleted and not str(row["EnrollmentID"]).endswith("x") and entry and entry < began:
            expected[f"Project {row['ProjectID']}", (began - entry).days] += 1
    found = ask(
        "select name, entry_day from core.fct_episode join core.dim_office using (office_id) where entry_day > 0"
    )
    assert Counter((str(name), int(str(at))) for name, at in found) == expected
    assert sum(number for (office, _), number in expected.items() if office == f"Project {LATE_PROJECT}") > 10
    assert ask("select count(*) from core.fct_episode where entry_day > 0 and exit_day <= entry_day") == [(0,)]


def test_stages_are_those_of_the_collection_and_people_get_better(ask: Ask) -> None:
    totals = {
        str(stage): (int(str(n)), float(str(mean)))
        for stage, n, mean in ask("select stage, count(*), avg(total) from aso.snapshot group by 1")
    }
    [(episodes,)] = ask("select count(*) from core.fct_episode")
    assert totals["initial"][0] > 0.95 * int(str(episodes))
    assert totals["end"][0] > 100
    assert totals["mid"][0] > 100
    assert 1 <= totals["initial"][1] < totals["mid"][1] < totals["end"][1] <= 4
    assert {code for (code,) in ask("select distinct domain_code from aso.fct_score")} == {"MEN", "PHY", "ECO", "SAF"}


def test_curves_rise_and_stay_within_their_bounds(ask: Ask) -> None:
    curves = ask(
        "select curve_name, list(estimate order by day), min(estimate), max(estimate) from outcomes.curve "
        "where stratum = 'overall' and state = 'restored' group by all"
    )
    assert {str(name) for name, *_ in curves} >= {"restoration_detection_date", "restoration_npmle"}
    for _, estimates, low, high in curves:
        listed = [float(one) for one in estimates]  # type: ignore[attr-defined]
        assert listed == sorted(listed)
        assert 0 <= float(str(low)) < 0.2
        assert 0.3 < float(str(high)) <= 1


def test_no_check_fails_but_for_what_hmis_has_no_words_for(ask: Ask) -> None:
    found = {
        str(check)
        for (check,) in ask("select check_id from quality.\"check\" where status in ('warn', 'fail', 'error')")
    }
    empty = {f"{table}.not_empty" for table in ("community_events", "legal_proceedings", "partner_trainings")}
    assert found - {"outcomes.curve.headline_present"} == empty
