"""One small delivery in which each survivor meets one fault; what the marts make of her. One dbt run for all."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from flows.extract.pseudonymise import pseudonym
from flows.publish.content import content_hashes
from tests.bare import Project
from tests.faults.determinism import ZONES, shuffled, under
from tests.nights import KEY, built, stamp
from tests.unit.oracle.small import AS_OF, Delivery, on

pytestmark = pytest.mark.xdist_group("small")


def deliveries() -> list[Delivery]:
    """Two full deliveries: the second lacks a case of the first."""
    one = Delivery(bare=True).add("offices").add("partners")
    person(one, "F22")
    one.rows["aso_scores"].append(dict(one.rows["aso_scores"][0]))
    one.form("F23", 30, episode="F22").add("aso_scores", assessment_id="F23", indicator_code="SAF1", score=1)
    person(one, "F24").form("F24late", 20, episode="F24", form={"stage": "initial"})
    one.form("F24early", 10, episode="F24", form={"stage": "initial"})
    one.rows["aso_assessments"] = [row for row in one.rows["aso_assessments"] if row["assessment_id"] != "F24-0"]
    one.rows["aso_scores"] = [row for row in one.rows["aso_scores"] if row["assessment_id"] != "F24-0"]
    person(one, "F25", exit_date=on(300), status="closed").form("F25first", 0, episode="F25", form={"stage": "initial"})
    one.form("F25final", 290, episode="F25", form={"stage": "final"}, SAF=4)
    one.form("F25mid", 320, episode="F25", form={"stage": "interim"})
    person(one, "F26").form("F26", -91, episode="F26")
    person(one, "F26after", exit_date=on(100), status="closed").form("F26after", 130, episode="F26after")
    person(one, "F27", exit_date=on(-1), status="closed")
    for number, odd in enumerate((AS_OF.replace(year=2027), "1900-01-01", "9999-12-31", "2024-02-30", "tomorrow")):
        person(one, f"F28{number}", intake_date=odd)
    person(one, "F28service")
    for number, odd in enumerate(("1900-01-01", "2024-02-30", "9999-12-31", None)):
        one.add("community_events", attendance_id=f"F28{number}", episode_id="F28service", attended_on=odd)
    person(one, "F32closed", status="closed")
    person(one, "F32open", closure_reason="Restored")
    person(one, "F33").form("F33", 0, episode="F33", SAF1=5, SAF2=2.5, SAF3=None, LEG1="N/A")
    person(one, "F34").form("F34", 30, episode="F34", SAF1=1, SAF2=2, SAF3=4)
    one.add("community_events", attendance_id="F36", episode_id="nobody")
    person(one, "F37")
    for number, (start, end) in enumerate(((10, 40), (20, 60), (10, 40), (30, 5), (0, 1000), (0, 3650))):
        dates = {"started_on": on(start), "ended_on": on(end), "quantity": 1}
        one.add("support_services", support_service_id=f"F37{number}", episode_id="F37", **dates)
    person(one, "F42a", survivor={"merged_into": "F42b"}, case_id="F42c", exit_date=on(50), status="closed")
    person(one, "F42b", case_id="F42c", intake_date=on(60))
    person(one, "F44a", survivor={"merged_into": "F44b"})
    person(one, "F44b")
    one.form("F21old", 40, episode="F22", form={"instrument_version": "1"})
    one.form("F21new", 50, episode="F22", form={"instrument_version": "2"})
    person(one, "F45", exit_date=on(50), status="closed")
    one.add("aftercare_episodes", episode_id="F45again", survivor_id="F45", case_id="F45", intake_date=on(400))
    two = Delivery(bare=True)
    two.rows = {table: list(rows) for table, rows in one.rows.items()}
    person(one, "F40").form("F40", 5, episode="F40").add("community_events", attendance_id="F40", episode_id="F40")
    two.rows["survivors"] = list(one.rows["survivors"])
    two.rows["aftercare_episodes"] = list(one.rows["aftercare_episodes"])
    two.rows["community_events"] = list(one.rows["community_events"])
    back = next(row for row in one.rows["survivors"] if row["survivor_id"] == "F44a")
    two.rows["survivors"].remove(back)
    two.add("survivors", survivor_id="F44a", modified_at="2026-10-02T00:00:00Z")
    return [one, two]


def person(
    delivery: Delivery, name: str, survivor: dict | None = None, case_id: str = "", **episode: object
) -> Delivery:
    """A survivor with an episode of the same name, in a case of the same name unless another is given."""
    delivery.add("survivors", survivor_id=name, **(survivor or {}))
    if not any(row["case_id"] == (case_id or name) for row in delivery.rows["cases"]):
        delivery.add("cases", case_id=case_id or name)
    delivery.add("aftercare_episodes", episode_id=name, survivor_id=name, case_id=case_id or name, **episode)
    return delivery.form(f"{name}-0", 0, episode=name) if not episode else delivery


@dataclass(frozen=True)
class Small:
    """The two deliveries' folders, their build file, and what dbt compiled for it."""

    folders: list[Path]
    build: Path
    target: Path


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Small:
    folder = tmp_path_factory.mktemp("small")
    folders = [
        stamp(delivery.write(folder / str(number)), extracted_at=f"2026-11-0{number + 1}T01:30:00Z")
        for number, delivery in enumerate(deliveries())
    ]
    return Small(folders, built(folders, folder / "home", folder / "dbt", as_of=AS_OF), folder / "dbt")


@pytest.fixture(scope="module")
def marts(small: Small) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(str(small.build), read_only=True)


def episode(marts: duckdb.DuckDBPyConnection, name: str, columns: str = "episode_number") -> list[tuple]:
    """Columns of the episode with this id; no row where it is not in the marts."""
    return marts.execute(
        f"select {columns} from core.fct_episode where episode_key = ?", [pseudonym(KEY, "episode", name)]
    ).fetchall()


def bucket(marts: duckdb.DuckDBPyConnection, model: str, kind: str, name: str) -> list[tuple]:
    """Bucket and rule of the rows with this id."""
    query = f"select bucket, rule from intermediate.int_{model}_row where {kind}_key = ? order by all"
    return marts.execute(query, [pseudonym(KEY, kind, name)]).fetchall()


def test_F22_an_exact_duplicate_is_collapsed(marts: duckdb.DuckDBPyConnection) -> None:
    query = "select n_collapsed from quality.conservation where source_table = 'aso_scores'"
    assert marts.execute(query).fetchall() == [(1,)]
    assert episode(marts, "F22", "n_assessments") == [(4,)]


def test_F23_two_scores_of_one_stamp_are_quarantined(marts: duckdb.DuckDBPyConnection) -> None:
    form = pseudonym(KEY, "assessment", "F23")
    query = "select score, score_status from aso.fct_score where assessment_key = ? and indicator_code = 'SAF1'"
    assert marts.execute(query, [form]).fetchall() == [(None, "missing")]
    query = "select n_rows from quality.quarantine where source_table = 'aso_scores' and rule = 'duplicate_conflict'"
    assert marts.execute(query).fetchall() == [(2,)]


def test_F26_an_assessment_before_the_window_is_quarantined_and_one_after_exit_is_kept(
    marts: duckdb.DuckDBPyConnection,
) -> None:
    assert bucket(marts, "assessment", "assessment", "F26") == [("quarantined", "before_window")]
    assert bucket(marts, "assessment", "assessment", "F26after") == [("out", None)]


def test_F27_an_exit_before_intake_is_quarantined(marts: duckdb.DuckDBPyConnection) -> None:
    assert bucket(marts, "episode", "episode", "F27") == [("quarantined", "exit_before_intake")]
    assert episode(marts, "F27") == []


@pytest.mark.parametrize(
    ("name", "rule"),
    [("F280", "intake_after_as_of"), ("F281", "impossible_date"), ("F282", "intake_after_as_of"), ("F283", "impossible_date"),
     ("F284", "impossible_date")],
)  # fmt: skip
def test_F28_a_date_that_cannot_be_quarantines_the_episode(
    marts: duckdb.DuckDBPyConnection, name: str, rule: str
) -> None:
    assert bucket(marts, "episode", "episode", name) == [("quarantined", rule)]


@pytest.mark.parametrize("name", ["F280", "F281", "F283"])
def test_F28_a_service_date_that_cannot_be_is_no_day(marts: duckdb.DuckDBPyConnection, name: str) -> None:
    query = "select day, is_delivered, sequence from services.timeline where service_key = ?"
    assert marts.execute(query, [pseudonym(KEY, "attendance", name)]).fetchall() == [(None, True, None)]


def test_F28_a_service_of_the_year_9999_is_quarantined(marts: duckdb.DuckDBPyConnection) -> None:
    assert bucket(marts, "community", "attendance", "F282") == [("quarantined", "after_as_of")]


def test_F32_closed_without_exit_is_quarantined(marts: duckdb.DuckDBPyConnection) -> None:
    assert bucket(marts, "episode", "episode", "F32closed") == [("quarantined", "closed_without_exit")]


def test_F32_open_with_a_closure_reason_is_kept_and_counted(marts: duckdb.DuckDBPyConnection) -> None:
    assert episode(marts, "F32open", "outcome, event, exit_day") == [("open", 0, None)]
    query = "select n_failed from intermediate.check_count where check_id = 'aftercare_episodes.open_with_reason'"
    assert marts.execute(query).fetchall() == [(1,)]


def test_F33_scores_that_cannot_be_are_kept_apart_from_missing_ones(marts: duckdb.DuckDBPyConnection) -> None:
    form = pseudonym(KEY, "assessment", "F33")
    query = "select n_scored, n_missing, n_not_applicable, saf, leg, is_restored from aso.fct_assessment where assessment_key = ?"
    assert marts.execute(query, [form]).fetchall() == [(16, 4, 0, None, 3.0, True)]
    query = "select n_rows from quality.quarantine where source_table = 'aso_scores' and rule = 'score_domain'"
    assert marts.execute(query).fetchall() == [(3,)]


def test_F36_an_orphan_is_quarantined(marts: duckdb.DuckDBPyConnection) -> None:
    assert bucket(marts, "community", "attendance", "F36") == [("quarantined", "orphan")]


def test_F40_a_case_deleted_at_the_source_is_gone_with_all_below_it(marts: duckdb.DuckDBPyConnection) -> None:
    assert episode(marts, "F40") == []
    assert bucket(marts, "episode", "episode", "F40") == [("tombstoned", None)]
    assert bucket(marts, "community", "attendance", "F40") == [("tombstoned", None)]
    query = "select n_failed from intermediate.check_count where check_id = 'cases.mass_delete'"
    assert marts.execute(query).fetchall() == [(1,)]


def test_F42_a_merged_person_is_one_and_her_stays_are_joined(marts: duckdb.DuckDBPyConnection) -> None:
    survivor = pseudonym(KEY, "survivor", "F42b")
    query = "select episode_key, exit_day from core.fct_episode where case_key = ?"
    assert marts.execute(query, [pseudonym(KEY, "case", "F42c")]).fetchall() == [
        (pseudonym(KEY, "episode", "F42a"), None)
    ]
    assert episode(marts, "F42a", "survivor_key") == [(survivor,)]
    assert bucket(marts, "survivor", "survivor", "F42a") == [("collapsed", None)]


def test_F45_a_second_stay_is_an_episode_of_its_own(marts: duckdb.DuckDBPyConnection) -> None:
    assert episode(marts, "F45") == [(1,)]
    assert episode(marts, "F45again") == [(2,)]


def stages(marts: duckdb.DuckDBPyConnection, name: str) -> dict[int, str]:
    """Day and stage of every assessment of the episode with this id."""
    query = "select day, stage from aso.fct_assessment where episode_key = ? order by day"
    return dict(marts.execute(query, [pseudonym(KEY, "episode", name)]).fetchall())


def n_failed(marts: duckdb.DuckDBPyConnection, check_id: str) -> int:
    """How many rows fail a check."""
    query = "select n_failed from intermediate.check_count where check_id = ?"
    return int(marts.execute(query, [check_id]).fetchall()[0][0])


def test_F21_forms_of_two_versions_of_the_instrument_stay_apart(marts: duckdb.DuckDBPyConnection) -> None:
    query = "select instrument_version, count(*) from aso.fct_assessment where instrument_version is not null group by all order by 1"
    assert marts.execute(query).fetchall() == [("1", 1), ("2", 1)]


def test_F24_of_two_initial_assessments_the_earlier_is_the_initial_one(marts: duckdb.DuckDBPyConnection) -> None:
    assert stages(marts, "F24")[10] == "initial"
    assert stages(marts, "F24")[20] != "initial"
    query = "select day from aso.snapshot where episode_key = ? and stage = 'initial'"
    assert marts.execute(query, [pseudonym(KEY, "episode", "F24")]).fetchall() == [(10,)]


def test_F25_a_mid_form_after_the_final_one_is_flagged_and_moves_no_interval(marts: duckdb.DuckDBPyConnection) -> None:
    """Stages follow from days; what JDS calls them stands beside, and where the two disagree a check counts it."""
    assert stages(marts, "F25") == {0: "initial", 290: "mid", 320: "end"}
    query = "select day, stage_raw from aso.fct_assessment where episode_key = ? order by day"
    rows = marts.execute(query, [pseudonym(KEY, "episode", "F25")]).fetchall()
    assert rows == [(0, "initial"), (290, "final"), (320, "interim")]
    assert episode(marts, "F25", "exit_day, restored_left_day, restored_right_day, event") == [(300, None, 0, 1)]
    assert n_failed(marts, "aso_assessments.stage_disagrees") >= 2


def test_F34_a_domain_is_the_mean_of_its_items_whatever_else_is_said(marts: duckdb.DuckDBPyConnection) -> None:
    """The contract has no domain scores: one that is delivered is a column too many (F14), so it can contradict nothing."""
    query = "select saf from aso.fct_assessment where assessment_key = ?"
    ((mean,),) = marts.execute(query, [pseudonym(KEY, "assessment", "F34")]).fetchall()
    assert mean == pytest.approx(7 / 3)
    assert n_failed(marts, "aso.fct_assessment.means_in_range") == 0


def test_F37_services_that_overlap_last_long_or_end_before_they_start_keep_their_first_day(
    marts: duckdb.DuckDBPyConnection,
) -> None:
    """No length is taken from their dates, and two records of one thing under two keys are two records."""
    query = "select day, quantity from services.timeline where episode_key = ? order by sequence"
    rows = marts.execute(query, [pseudonym(KEY, "episode", "F37")]).fetchall()
    assert sorted(day for day, _ in rows) == [0, 0, 10, 10, 20, 30]
    assert {quantity for _, quantity in rows} == {1}


def test_F44_a_merge_that_is_taken_back_gives_two_people_again(marts: duckdb.DuckDBPyConnection) -> None:
    assert bucket(marts, "survivor", "survivor", "F44a") == [("out", None)]
    assert episode(marts, "F44a", "survivor_key, episode_number") == [(pseudonym(KEY, "survivor", "F44a"), 1)]
    assert episode(marts, "F44b", "survivor_key, episode_number") == [(pseudonym(KEY, "survivor", "F44b"), 1)]


@pytest.mark.parametrize(("zone", "threads"), list(zip(ZONES[1:], (1, 2, 1, 2, 1), strict=True)))
def test_F30_F60_F61_zone_threads_and_order_of_rows_move_no_content_hash(
    small: Small, tmp_path: Path, zone: str, threads: int
) -> None:
    folders = [
        shuffled(folder, tmp_path / folder.name, seed=threads + number) for number, folder in enumerate(small.folders)
    ]
    found = under(zone, threads, folders, tmp_path / "home", Project.compiled(small.target), small.build, as_of=AS_OF)
    wanted = content_hashes(small.build)
    assert {name for name in wanted if found[name] != wanted[name]} == set()
    assert len(wanted) > 30
