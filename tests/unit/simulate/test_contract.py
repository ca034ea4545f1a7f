"""A clean delivery is what the source contract says, and nothing else."""

import csv
import hashlib
import json

import pytest

from flows.extract.simulate import CLOSURE_PHRASES

COLUMNS = {
    "offices": "office_id name country_code region opened_on recording_started_on",
    "partners": "partner_id office_id name partner_type",
    "partner_trainings": "training_id partner_id topic completed_on attendees",
    "survivors": "survivor_id full_name alias date_of_birth birth_date_estimated gender nationality primary_language"
    " phone email address identity_number household_id consent_analytics consent_on merged_into is_deleted",
    "cases": "case_id office_id case_reference casework_type rescue_operation_id opened_on closed_on"
    " summary is_deleted",
    "aftercare_episodes": "episode_id survivor_id case_id office_id lead_partner_id rescue_date intake_date status"
    " exit_date closure_reason is_deleted",
    "aso_assessments": "assessment_id episode_id assessed_on entered_at stage assessor_id instrument_version setting"
    " notes is_deleted",
    "aso_scores": "assessment_id indicator_code score not_applicable is_deleted",
    "community_events": "attendance_id episode_id event_type event_name attended_on role hours partner_id is_deleted",
    "health_services": "health_service_id episode_id service_type planned_on delivered_on status sessions partner_id"
    " notes is_deleted",
    "legal_proceedings": "proceeding_id case_id survivor_id event_type occurred_on court notes is_deleted",
    "support_services": "support_service_id episode_id service_category service_type started_on ended_on status"
    " quantity unit partner_id notes is_deleted",
}
SERVICE_STATUS = "planned delivered missed cancelled"
CODES = {
    "partners.partner_type": "government ngo shelter clinic legal_aid school employer other",
    "survivors.gender": "female male other unknown",
    "cases.casework_type": "forced_labour bonded_labour sex_trafficking online_sexual_exploitation sexual_violence"
    " intimate_partner_violence police_abuse land_theft citizenship_rights other",
    "aftercare_episodes.status": "active follow_up closed reopened",
    "aso_assessments.stage": "initial interim final follow_up",
    "aso_assessments.setting": "community family shelter other",
    "aso_scores.indicator_code": "SAF1 SAF2 SAF3 LEG1 LEG2 LEG3 MEN1 MEN2 MEN3 MEN4 ECO1 ECO2 ECO3 ECO4"
    " SOC1 SOC2 SOC3 PHY1 PHY2 PHY3",
    "aso_scores.score": "1 2 3 4",
    "community_events.event_type": "support_group survivor_leadership community_awareness skills_training"
    " family_day other",
    "community_events.role": "participant organiser leader",
    "health_services.service_type": "medical_check trauma_therapy counselling hospital_care sexual_reproductive_health"
    " dental nutrition substance_use other",
    "health_services.status": SERVICE_STATUS,
    "legal_proceedings.event_type": "complaint_filed statement_taken accompaniment release_certificate charge_sheet"
    " hearing testimony conviction acquittal compensation_ordered compensation_paid other",
    "support_services.service_category": "case_management shelter education livelihood basic_needs family_reintegration"
    " safety_planning referral other",
    "support_services.status": SERVICE_STATUS,
}
FORBIDDEN = {
    "a key twice": "select survivor_id from n.survivors group by all having count(*) > 1",
    "a score twice": "select 1 from n.aso_scores group by assessment_id, indicator_code having count(*) > 1",
    "an episode of nobody": "from n.aftercare_episodes anti join n.survivors using (survivor_id)",
    "an episode without case": "from n.aftercare_episodes anti join n.cases using (case_id)",
    "a form without episode": "from n.aso_assessments anti join n.aftercare_episodes using (episode_id)",
    "a score without form": "from n.aso_scores anti join n.aso_assessments using (assessment_id)",
    "an attendance without episode": "from n.community_events anti join n.aftercare_episodes using (episode_id)",
    "a support service without episode": "from n.support_services anti join n.aftercare_episodes using (episode_id)",
    "a legal event without case": "from n.legal_proceedings anti join n.cases using (case_id)",
    "merged into nobody": "from n.survivors s where merged_into is not null and merged_into not in "
    "(select survivor_id from n.survivors where merged_into is null)",
    "an exit that is not after intake": "from n.aftercare_episodes where exit_date <= intake_date",
    "an intake after as_of": "from n.aftercare_episodes where intake_date is null or intake_date > '2026-11-01'",
    "closed without exit": "from n.aftercare_episodes where (status = 'closed') <> (exit_date is not null)",
    "a reason without exit": "from n.aftercare_episodes where (closure_reason is null) <> (exit_date is null)",
    "a form before its lower bound": "from n.aso_assessments join n.aftercare_episodes using (episode_id) "
    "where assessed_on::date < least(rescue_date::date, intake_date::date - 90)",
    "a form of the future": "from n.aso_assessments where assessed_on > '2026-11-01'",
    "a delivery in the future": "from n.health_services where delivered_on > '2026-11-01' and status = 'delivered'",
    "an attendance out of care": "from n.community_events join n.aftercare_episodes using (episode_id) "
    "where attended_on >= exit_date or attended_on < intake_date or attended_on > '2026-11-01'",
    "a health service after exit": "from n.health_services join n.aftercare_episodes using (episode_id) "
    "where delivered_on >= exit_date or delivered_on < intake_date",
    "a legal event of the future": "from n.legal_proceedings where occurred_on > '2026-11-01'",
    "a stamp after extraction": "from n.aso_scores where modified_at > '2026-11-01T01:30:00Z'",
    "changed before created": "from n.aftercare_episodes where modified_at < created_at",
}


@pytest.fixture(scope="module")
def night(clean, opened):
    return opened(n=clean)


def test_the_manifest_counts_and_hashes_what_is_there(clean):
    manifest = json.loads((clean.folder / "manifest.json").read_text())
    assert (manifest["source"], manifest["schema_version"], manifest["mode"]) == ("jds", "1", "full")
    assert (manifest["extracted_at"], manifest["since"]) == ("2026-11-01T01:30:00Z", None)
    assert set(manifest["tables"]) == set(COLUMNS)
    for table, entry in manifest["tables"].items():
        content = (clean.folder / entry["file"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == entry["sha256"]
        with (clean.folder / entry["file"]).open(encoding="utf-8", newline="") as file:
            assert sum(1 for _ in csv.DictReader(file)) == entry["rows"] == clean.rows[table]


def test_nothing_but_the_delivery_is_in_its_folder(clean):
    assert {path.name for path in clean.folder.iterdir()} == {"manifest.json", *(f"{table}.csv" for table in COLUMNS)}


@pytest.mark.parametrize("table", COLUMNS)
def test_every_column_is_there(clean, table):
    header = (clean.folder / f"{table}.csv").read_text(encoding="utf-8").splitlines()[0].split(",")
    assert sorted(header) == sorted([*COLUMNS[table].split(), "modified_at", "created_at"])


@pytest.mark.parametrize("column", CODES)
def test_codes_come_from_their_list(night, column):
    table, name = column.split(".")
    found = {
        code for (code,) in night.sql(f"select distinct {name} from n.{table} where {name} is not null").fetchall()
    }
    assert found <= set(CODES[column].split())
    assert len(found) >= 3


def test_closure_reasons_are_the_phrases_that_are_shipped(night):
    found = {text for (text,) in night.sql("select distinct closure_reason from n.aftercare_episodes").fetchall()}
    assert found - {None} <= {text for texts in CLOSURE_PHRASES.values() for text in texts}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_a_clean_delivery_has_no(night, what):
    assert night.sql(FORBIDDEN[what]).fetchall() == []


def test_what_is_normal_is_there(night):
    counts = {
        "refused consent": "select count(*) from n.survivors where consent_analytics = 'false'",
        "unknown consent": "select count(*) from n.survivors where consent_analytics is null",
        "merged": "select count(merged_into) from n.survivors",
        "deleted": "select count(*) from n.health_services where is_deleted = 'true'",
        "missed": "select count(*) from n.health_services where status = 'missed'",
        "planned ahead": "select count(*) from n.health_services "
        "where status = 'planned' and planned_on > '2026-11-01'",
        "whole case": "select count(*) - count(survivor_id) from n.legal_proceedings",
        "missing": "select count(*) from n.aso_scores where score is null and not_applicable = 'false'",
        "not applicable": "select count(*) from n.aso_scores where not_applicable = 'true'",
        "no row": "select 20 * count(distinct assessment_id) - count(*) from n.aso_scores",
        "before intake": "select count(*) from n.aso_assessments join n.aftercare_episodes using (episode_id) "
        "where assessed_on < intake_date",
        "late entry": "select count(*) from n.aftercare_episodes join n.offices using (office_id) "
        "where recording_started_on > intake_date",
        "re-entered forms": "select count(*) from n.aso_assessments where entered_at > created_at",
    }
    assert {what for what, query in counts.items() if night.sql(query).fetchall()[0][0] < 1} == set()


def test_dates_stamps_and_booleans_are_written_as_agreed(night):
    row = night.sql("select intake_date, modified_at, is_deleted from n.aftercare_episodes limit 1").fetchall()[0]
    assert [len(text) for text in row[:2]] == [10, 20]
    assert row[1].endswith("Z")
    assert row[2] in ("true", "false")
