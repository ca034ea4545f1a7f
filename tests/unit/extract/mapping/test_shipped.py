"""The shipped mappings on hand-made exports: what people, stays, assessments and services come to."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from flows.extract.cells import landed_value
from flows.extract.contract import Contract, jds
from flows.extract.land import land
from flows.extract.mapping.delivery import MappedDelivery, open_mapped
from flows.extract.mapping.shipped import load
from flows.extract.url import SourceError
from flows.warehouse import connect
from tests.hmis_export import EXPORT_START, LATE_PROJECT, LATE_START, TWICE, write_export
from tests.htcds_delivery import write_htcds
from tests.nights import KEY
from tests.unit.extract.mapping.small import read_csv, rows

INDICATORS = (
    "MENTAL_HEALTH", "GENERAL_HEALTH", "DENTAL_HEALTH", "EMPLOYED", "INCOME_ANY", "SCHOOL", "INSURED", "FLEEING", "DV_RECENT",
)  # fmt: skip
FORMS = ("%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%m/%d/%Y")


def hmis_contract() -> Contract:
    """The contract with the codes of the HMIS instrument."""
    return replace(jds(), codes=jds().codes | {"indicator": INDICATORS})


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_export(tmp_path_factory.mktemp("hmis"))


@pytest.fixture(scope="module")
def hmis(export: Path) -> MappedDelivery:
    mapping = load("hmis", hmis_contract(), {"consent_analytics": "true"})
    assert mapping
    return open_mapped(export, mapping, hmis_contract())


def day(text: str | None) -> date | None:
    """The day of a text in one of the export's forms; this test's own reading of them."""
    for form in FORMS:
        try:
            return datetime.strptime(text or "", form).date()  # noqa: DTZ007
        except ValueError:
            continue
    return None


def test_hmis_an_enrolment_is_an_episode_and_one_entered_twice_is_one(export: Path, hmis: MappedDelivery) -> None:
    source = read_csv(export / "Enrollment.csv")
    keys = {(row["PersonalID"], row["ProjectID"], day(row["EntryDate"])) for row in source}
    assert len(source) - len(keys) == TWICE
    found = rows(hmis, "aftercare_episodes", "survivor_id", "office_id", "intake_date")
    assert {(person, office, date.fromisoformat(str(intake))) for person, office, intake in found} == keys
    assert len(found) == len(keys)
    assert max(Counter(person for person, *_ in found).values()) > 1


def test_hmis_exits_become_closures_that_the_contract_knows(export: Path, hmis: MappedDelivery) -> None:
    left = {row["EnrollmentID"]: row for row in read_csv(export / "Exit.csv")}
    wanted = {"410": "program_end", "421": "program_end", "312": "relocated", "116": "other", "204": "transferred",
              "30": "lost_contact", "99": "other", "24": "deceased"}  # fmt: skip
    column = jds().tables["aftercare_episodes"].column("closure_reason")
    with hmis.reading(None) as connection:
        found = connection.execute(
            f"select status, {landed_value(column, jds())}, count(*) from ({hmis.scan('aftercare_episodes')}) group by all"
        ).fetchall()
    enrolled = {
        row["EnrollmentID"] for row in read_csv(export / "Enrollment.csv") if not str(row["EnrollmentID"]).endswith("x")
    }
    expected = Counter(wanted[str(left[one]["Destination"])] for one in enrolled if one in left)
    assert {code: n for status, code, n in found if status == "closed"} == expected
    assert [code for status, code, _ in found if status == "active"] == [None]


def test_hmis_one_assessment_is_one_date_and_stage_of_an_episode(export: Path, hmis: MappedDelivery) -> None:
    stay = {
        row["EnrollmentID"]: (row["PersonalID"], row["ProjectID"], day(row["EntryDate"]))
        for row in read_csv(export / "Enrollment.csv")
    }
    stages = {"1": "initial", "2": "interim", "5": "interim", "3": "final"}
    expected = {
        (stay[row["EnrollmentID"]], day(row["InformationDate"]), stages[str(row["DataCollectionStage"])])
        for table in ("HealthAndDV", "EmploymentEducation", "IncomeBenefits")
        for row in read_csv(export / f"{table}.csv")
    }
    found = rows(hmis, "aso_assessments", "assessment_id", "assessed_on", "stage")
    assert len(found) == len(expected)
    assert Counter(stage for *_, stage in found) == Counter(stage for *_, stage in expected)
    assert {date.fromisoformat(str(on)) for _, on, _ in found} == {on for _, on, _ in expected}


def test_hmis_an_answer_that_was_not_given_is_null_never_a_score(export: Path, hmis: MappedDelivery) -> None:
    answers = Counter(row["MentalHealthStatus"] for row in read_csv(export / "HealthAndDV.csv"))
    found = Counter(
        score for code, score in rows(hmis, "aso_scores", "indicator_code", "score") if code == "MENTAL_HEALTH"
    )
    assert sum(answers[code] for code in ("8", "9", "99", "")) == found[None] > 0
    assert {code: n for code, n in found.items() if code} == {
        code: answers[str(code)] for code in "12345" if answers[code]
    }
    scored = {(code, score) for code, score in rows(hmis, "aso_scores", "indicator_code", "score") if score}
    assert {code for code, _ in scored} == set(INDICATORS)
    assert {score for code, score in scored if code == "SCHOOL"} == {"1", "2", "3", "4", "5"}
    assert {score for code, score in scored if code in {"EMPLOYED", "FLEEING", "INSURED", "INCOME_ANY"}} == {"0", "1"}


def test_hmis_questions_for_survivors_of_violence_do_not_apply_to_others(export: Path, hmis: MappedDelivery) -> None:
    others = sum(row["DomesticViolenceSurvivor"] == "0" for row in read_csv(export / "HealthAndDV.csv"))
    found = Counter(rows(hmis, "aso_scores", "indicator_code", "not_applicable"))
    assert found["DV_RECENT", "true"] == found["FLEEING", "true"] == others > 0
    assert found["MENTAL_HEALTH", None] == found["DV_RECENT", "true"] + found["DV_RECENT", "false"]


def test_hmis_observation_begins_with_the_export_or_with_the_project(hmis: MappedDelivery) -> None:
    began = dict(rows(hmis, "offices", "office_id", "recording_started_on"))
    assert began.pop(LATE_PROJECT) == str(LATE_START)
    assert set(began.values()) == {str(EXPORT_START)}
    episodes = rows(hmis, "aftercare_episodes", "office_id", "intake_date")
    assert sum(office == LATE_PROJECT and str(intake) < str(LATE_START) for office, intake in episodes) > 5


def test_hmis_services_are_counted_once_and_deleted_ones_are_said_to_be(export: Path, hmis: MappedDelivery) -> None:
    source = read_csv(export / "Services.csv")
    health, support = rows(hmis, "health_services", "is_deleted"), rows(hmis, "support_services", "is_deleted")
    assert len(health) + len(support) == len(source)
    assert sum(row == ("true",) for row in health + support) == sum(bool(row["DateDeleted"]) for row in source) > 0
    assert {row for (row,) in rows(hmis, "support_services", "service_category")} <= set(
        jds().codes["service_category"]
    )


def test_hmis_fy2026_has_a_column_sex_instead(tmp_path: Path) -> None:
    write_export(tmp_path, clients=8)
    path = tmp_path / "Client.csv"
    header, *lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([header.replace("Woman,Man,", "Sex,Unused,"), *lines]) + "\n", encoding="utf-8")
    mapping = load("hmis", hmis_contract(), {"consent_analytics": "true"})
    assert mapping
    sexes = Counter({"1": "male", "0": "female"}[str(row["Sex"])] for row in read_csv(path))
    assert (
        Counter(gender for (gender,) in rows(open_mapped(tmp_path, mapping, hmis_contract()), "survivors", "gender"))
        == sexes
    )


def test_hmis_nobody_is_taken_in_where_consent_is_decided_against(export: Path) -> None:
    mapping = load("hmis", hmis_contract(), {"consent_analytics": "false"})
    assert mapping
    assert set(rows(open_mapped(export, mapping, hmis_contract()), "survivors", "consent_analytics")) == {("false",)}


def test_hmis_under_another_instrument_is_refused() -> None:
    given = {"consent_analytics": "true"}
    assert load("hmis", hmis_contract(), given, instrument="hmis")
    with pytest.raises(SourceError, match="scores the instrument hmis, and another one is in force"):
        load("hmis", hmis_contract(), given, instrument="aso")


def test_hmis_lands_with_no_cell_unreadable_and_no_person_in_clear(hmis: MappedDelivery, tmp_path: Path) -> None:
    extract = land(tmp_path / "raw", hmis, hmis_contract(), KEY)
    assert extract.facts["mapping"] == hmis.facts.mapping
    with connect() as connection:
        for table in jds().tables:
            found = connection.execute(
                f"select count(*), count(unreadable) from read_parquet('{extract.file(table)}')"
            ).fetchall()
            assert found == [(hmis.facts.rows[table], 0)], table
            for column in jds().tables[table].columns:
                if column.kind in {"code", "closure"}:
                    unknown = connection.execute(
                        f"select count(*) from read_parquet('{extract.file(table)}') where starts_with({column.landed_as}, '#')"
                    ).fetchall()
                    assert unknown == [(0,)], (table, column.name)
    content = b"".join(path.read_bytes() for path in extract.folder.rglob("*") if path.is_file())
    assert not any(word in content for word in (b"First1", b"Last1", b"900000001", b"C00001"))


def test_htcds_people_cases_exploitation_and_referrals(tmp_path: Path) -> None:
    mapping = load("htcds", jds())
    assert mapping
    delivery = open_mapped(write_htcds(tmp_path), mapping, jds())
    people = rows(delivery, "survivors", "survivor_id", "consent_analytics", "gender")
    assert len(people) == 40
    assert Counter(consent for _, consent, _ in people) == {"true": 32, "false": 4, None: 4}
    kinds = Counter(kind for (kind,) in rows(delivery, "cases", "casework_type"))
    assert kinds == {"sex_trafficking": 10, "bonded_labour": 5, "forced_labour": 15, "other": 10}
    categories = Counter(one for (one,) in rows(delivery, "support_services", "service_category"))
    assert categories["referral"] == 8
    closed = Counter(rows(delivery, "aftercare_episodes", "status", "closure_reason"))
    assert closed["closed", "transferred"] == 5
    assert closed["active", None] == 14
    assert rows(delivery, "offices", "office_id", "country_code") == [("O1", "KE")]
    assert rows(delivery, "partners", "partner_type") == [("clinic",), ("government",), ("ngo",)]


def test_htcds_a_file_that_is_not_what_the_manifest_says_is_refused(tmp_path: Path) -> None:
    mapping = load("htcds", jds())
    assert mapping
    folder = write_htcds(tmp_path)
    (folder / "Case.csv").write_text((folder / "Case.csv").read_text() + "\n", encoding="utf-8")
    with pytest.raises(Exception, match="SHA-256 is not the manifest's"):
        open_mapped(folder, mapping, jds())


def test_the_export_is_the_same_each_time_and_has_what_real_ones_have(export: Path, tmp_path: Path) -> None:
    again = write_export(tmp_path)
    assert all((again / path.name).read_bytes() == path.read_bytes() for path in export.glob("*.csv"))
    entries = [str(row["EntryDate"]) for row in read_csv(export / "Enrollment.csv")]
    assert {len(text.replace("/", "-").split("-")[0]) for text in entries} == {2, 4}
    assert min(one for text in entries if (one := day(text))) < EXPORT_START - timedelta(days=90)
