"""A hand-made HMIS CSV export of about 200 people, written from the public format: what a real one is like, in small.

It holds mixed date forms in one column, several enrolments a person, enrolments entered twice on one day, deleted records, answers not
given, a project whose people came before it recorded them, and people who get better at different speeds. The same bytes each time.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from datetime import date, datetime, time, timedelta
from pathlib import Path
from random import Random

from tests.hmis_columns import COLUMNS

CLIENTS = 200
EXPORT_DATE = date(2026, 11, 1)
EXPORT_START = date(2023, 1, 1)
LATE_PROJECT, LATE_START = "P4", date(2024, 7, 1)
TWICE = 6
FORMS = ("%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%m/%d/%Y")
NOT_GIVEN = ("8", "9", "99", "")
Row = dict[str, str]


class Export:
    """The tables of an export under way."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.tables: dict[str, list[Row]] = defaultdict(list)

    def mixed(self, day: date) -> str:
        """A day in one of the forms that stand mixed in one column."""
        form = self.random.choices(FORMS, weights=(6, 3, 2))[0]
        return datetime.combine(day, time(9, 30)).strftime(form)

    def add(self, table: str, entered: date, **given: str) -> Row:
        """One more row of a table, entered and updated on a day."""
        row = dict.fromkeys(COLUMNS[table], "") | {"ExportID": "X1", "UserID": f"U{self.random.randint(1, 5)}"}
        row |= {name: self.mixed(entered) for name in ("DateCreated", "DateUpdated") if name in row}
        assert set(given) <= set(row), set(given) - set(row)
        self.tables[table].append(row | given)
        return self.tables[table][-1]

    def answer(self, value: int) -> str:
        """A code, or that it was not given."""
        return self.random.choice(NOT_GIVEN) if self.random.random() < 0.06 else str(value)


def write_export(folder: Path, *, clients: int = CLIENTS, seed: int = 7) -> Path:
    """The folder, with one CSV file a table."""
    export = Export(seed)
    _places(export)
    for number in range(clients):
        _client(export, number)
    _enter_twice(export)
    folder.mkdir(parents=True, exist_ok=True)
    for table, columns in COLUMNS.items():
        with (folder / f"{table}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, columns)
            writer.writeheader()
            writer.writerows(export.tables[table])
    return folder


def _places(export: Export) -> None:
    export.tables["Export"] = [
        dict.fromkeys(COLUMNS["Export"], "")
        | {"ExportID": "X1", "ExportDate": f"{EXPORT_DATE} 02:30:00", "ExportStartDate": str(EXPORT_START),
           "ExportEndDate": str(EXPORT_DATE), "CSVVersion": "2024 v1.6", "HashStatus": "1", "SourceName": "Test"}
    ]  # fmt: skip
    began = date(2019, 1, 1)
    for organization in ("O1", "O2"):
        export.add("Organization", began, OrganizationID=organization, OrganizationName=f"Organization {organization}")
    for project, kind in (("P1", "2"), ("P2", "0"), ("P3", "6"), (LATE_PROJECT, "13")):
        start = LATE_START if project == LATE_PROJECT else began
        export.add(
            "Project", began, ProjectID=project, OrganizationID="O1" if project < "P3" else "O2", ProjectName=f"Project {project}",
            OperatingStartDate=export.mixed(start), ProjectType=kind,
        )  # fmt: skip


def _client(export: Export, number: int) -> None:
    draw, person = export.random, f"C{number:05d}"
    woman = draw.random() < 0.7
    entry = EXPORT_START + timedelta(days=draw.randint(-200, 1100))
    export.add(
        "Client", entry, PersonalID=person, FirstName=f"First{number}", LastName=f"Last{number}", SSN=f"{900000000 + number}",
        DOB=export.mixed(date(draw.randint(1965, 2006), draw.randint(1, 12), draw.randint(1, 28))), DOBDataQuality=draw.choice("1112"),
        Woman=str(int(woman)), Man=str(int(not woman)), NonBinary="0", Transgender="0",
        DateDeleted=export.mixed(EXPORT_DATE - timedelta(days=9)) if number % 67 == 66 else "",
    )  # fmt: skip
    stays = draw.choices((1, 2, 3), weights=(70, 22, 8))[0]
    for stay in range(stays):
        out = _stay(export, person, f"{person}-{stay}", entry)
        if out is None:
            return
        entry = out + timedelta(days=draw.randint(10, 240))
        if entry > EXPORT_DATE - timedelta(days=30):
            return


def _stay(export: Export, person: str, enrollment: str, entry: date) -> date | None:
    """One enrolment with all that belongs to it; the day it ended, None where it goes on."""
    draw = export.random
    project = draw.choice(("P1", "P1", "P2", "P3", LATE_PROJECT))
    seen_from = LATE_START if project == LATE_PROJECT else EXPORT_START
    days = max(int(draw.weibullvariate(520, 1.4)) + 20, (seen_from - entry).days + 5)
    out = entry + timedelta(days=days)
    last = min(out, EXPORT_DATE - timedelta(days=1))
    ids = {"EnrollmentID": enrollment, "PersonalID": person}
    export.add(
        "Enrollment",
        last,
        **ids,
        ProjectID=project,
        EntryDate=export.mixed(entry),
        HouseholdID=f"H{enrollment}",
        RelationshipToHoH="1",
    )
    pace, start = draw.uniform(0.1, 1.3), draw.uniform(0.0, 0.5)
    days_of = [(entry, "1"), (entry + timedelta(days=183), "2")]
    days_of += [(entry + timedelta(days=365 * year), "5") for year in range(1, 4)]
    days_of = [(day, stage) for day, stage in days_of if day <= last]
    if out <= EXPORT_DATE:
        days_of.append((out, "3"))
    for day, stage in days_of:
        _assess(export, ids, day, stage, min(1.0, start + pace * (day - entry).days / 500))
    _serve(export, ids, entry, last, project)
    if out > EXPORT_DATE:
        return None
    destination = draw.choices(
        ("410", "421", "312", "116", "204", "30", "99", "24"), weights=(30, 15, 14, 10, 5, 14, 5, 1)
    )[0]
    export.add("Exit", out, ExitID=f"E{enrollment}", **ids, ExitDate=export.mixed(out), Destination=destination)
    return out


def _assess(export: Export, ids: Row, day: date, stage: str, level: float) -> None:
    """The three records of one assessment; `level` 0 is worst, 1 best. Now and then one of them was left out."""
    draw, answer = export.random, export.answer
    when = {"InformationDate": export.mixed(day), "DataCollectionStage": stage, **ids}
    key = f"{ids['EnrollmentID']}-{stage}-{day:%Y%m%d}"
    near = lambda low, high: round(low + (high - low) * min(1, max(0, level + draw.gauss(0, 0.12))))  # noqa: E731
    survivor = draw.random() < 0.7
    export.add(
        "HealthAndDV", day, HealthAndDVID=f"D{key}", **when, DomesticViolenceSurvivor=str(int(survivor)),
        WhenOccurred=answer(near(1, 4)) if survivor else "", CurrentlyFleeing=answer(1 - near(0, 1)) if survivor else "",
        GeneralHealthStatus=answer(near(5, 1)), DentalHealthStatus=answer(near(5, 1)), MentalHealthStatus=answer(near(5, 1)),
    )  # fmt: skip
    if draw.random() < 0.95:
        export.add(
            "EmploymentEducation", day, EmploymentEducationID=f"M{key}", **when, Employed=answer(near(0, 1)),
            SchoolStatus=answer((5, 6, 2, 1, 4)[near(0, 4)]),
        )  # fmt: skip
    export.add(
        "IncomeBenefits", day, IncomeBenefitsID=f"I{key}", **when, IncomeFromAnySource=answer(near(0, 1)),
        InsuranceFromAnySource=answer(near(0, 1)),
    )  # fmt: skip


def _serve(export: Export, ids: Row, entry: date, last: date, project: str) -> None:
    """Services of a stay: bed nights in the shelter, else now and then a service connection, a referral or money."""
    draw, day, number = export.random, entry, 0
    while day <= last:
        record, kind = draw.choice(
            (("142", "14"), ("142", "8"), ("142", "6"), ("161", "3"), ("151", "1"), ("144", "2"))
        )
        if project == "P2":
            record, kind = "200", "200"
        amount = {"FAAmount": f"{draw.randint(50, 900)}.00"} if record == "151" else {}
        export.add(
            "Services", day, ServicesID=f"S{ids['EnrollmentID']}-{number}", **ids, DateProvided=export.mixed(day), RecordType=record,
            TypeProvided=kind, **amount, DateDeleted=export.mixed(last) if draw.random() < 0.01 else "",
        )  # fmt: skip
        day, number = day + timedelta(days=draw.randint(10, 45)), number + 1


def _enter_twice(export: Export) -> None:
    """Some enrolments stand twice: same person, project and day under another id, entered anew two days later."""
    for row in list(export.tables["Enrollment"])[:: CLIENTS // TWICE][:TWICE]:
        twin = row | {"EnrollmentID": row["EnrollmentID"] + "x", "DateUpdated": str(EXPORT_DATE - timedelta(days=2))}
        export.tables["Enrollment"].append(twin)
        for exit_row in [one for one in export.tables["Exit"] if one["EnrollmentID"] == row["EnrollmentID"]]:
            export.tables["Exit"].append(
                exit_row | {"ExitID": exit_row["ExitID"] + "x", "EnrollmentID": twin["EnrollmentID"]}
            )
