"""A small hand-made delivery in the words of HTCDS 2.0, with its manifest: people who are not survivors, referrals, withheld consent."""

from __future__ import annotations

import csv
import hashlib
import json
from datetime import date, timedelta
from pathlib import Path

RECORD = ["Id", "IsDeleted", "CreatedDate", "LastModifiedDate"]
COLUMNS = {
    "Organization": [*RECORD, "org_Name", "org_ShippingCountry", "org_ShippingState", "org_Type"],
    "Person": [*RECORD, "prs_FirstName", "prs_MiddleName", "prs_SecondName", "prs_Birthdate", "prs_Gender", "prs_Deceased",
               "prs_PrimaryLanguage", "prs_Citizenship", "prs_IdentityNumber", "prs_Email", "prs_HomePhone",
               "prs_MobilePhone",
               "prs_MailingStreet", "prs_MailingPostalCode", "prs_MailingCity", "prs_MailingState", "prs_MailingCountry",
               "vic_TraffickingStatus",
               "vic_TypeOfExploitation", "vic_TypeOfSexExploitation", "vic_MethodsOfControl"],
    "Case": [*RECORD, "OrganizationId", "PersonId", "ClosedDate", "cas_Status", "cas_ReasonForCaseClosure", "cas_IncomingReferralDate",
             "cas_ReferredOrganisation", "cas_ReasonForOutgoingReferral", "cas_OutgoingReferralDate", "cas_OutgoingReferralDetails"],
    "SupportPlan": [*RECORD, "CaseId", "spl_Objectives", "spl_ActionPlan", "spl_PlannedEndDate", "spl_ActualEndDate", "spl_Type"],
    "Consent": [*RECORD, "PersonId", "con_Consent"],
}  # fmt: skip
KINDS = ("SexualExploitation", "ForcedLabour", "ForcedLabour;ForcedMarriage", "OrganRemoval")
PLANS = ("Education", "Health", "SocialCare", "Livelihood")
Row = dict[str, str]


def write_htcds(folder: Path, *, people: int = 40) -> Path:
    """The folder, with one CSV file a table and manifest.json."""
    tables: dict[str, list[Row]] = {table: [] for table in COLUMNS}
    for number, kind in enumerate(("NGO", "LawEnforcement", "HealthServiceOrganisation"), start=1):
        _add(
            tables,
            "Organization",
            f"O{number}",
            date(2020, 1, 1),
            org_Name=f"Organisation {number}",
            org_ShippingCountry="KE",
            org_Type=kind,
        )
    for number in range(people):
        _person(tables, number)
    _add(tables, "Person", "W1", date(2024, 1, 1), prs_FirstName="A case worker", prs_Gender="Feminine")
    folder.mkdir(parents=True, exist_ok=True)
    entries = {table: _write(folder, table, rows) for table, rows in tables.items()}
    facts = {
        "source": "htcds",
        "schema_version": "1",
        "extract_id": "htcds-1",
        "extracted_at": "2026-11-01T01:30:00Z",
        "mode": "full",
    }
    (folder / "manifest.json").write_text(
        json.dumps({**facts, "mode": "full", "since": None, "tables": entries}), encoding="utf-8"
    )
    return folder


def _person(tables: dict[str, list[Row]], number: int) -> None:
    person, case = f"P{number}", f"K{number}"
    came = date(2024, 1, 1) + timedelta(days=11 * number)
    left = came + timedelta(days=200 + 5 * number) if number % 3 else None
    _add(
        tables, "Person", person, came, prs_FirstName="Amina", prs_SecondName=f"Okello{number}",
        prs_Birthdate=f"{1980 + number % 25}-05-06",
        prs_Gender="Feminine" if number % 4 else "NonConforming", prs_MobilePhone="+254700000000",
        vic_TraffickingStatus="ActualVictimOfTrafficking", vic_TypeOfExploitation=KINDS[number % 4],
        vic_MethodsOfControl="DebtBondage" if number % 8 == 1 else "",
    )  # fmt: skip
    if number % 10 != 9:
        _add(tables, "Consent", f"A{number}", came, PersonId=person, con_Consent=str(number % 10 != 8).lower())
    given = {"cas_Status": "Active"}
    if left:
        status = "ClosedReferred" if number % 5 == 0 else "Closed"
        given = {"cas_Status": status, "ClosedDate": f"{left}T10:00:00Z", "cas_ReasonForCaseClosure": "all goals met"}
    if number % 5 == 0:
        given |= {"cas_OutgoingReferralDate": str(came + timedelta(days=90)), "cas_ReferredOrganisation": "O3"}
    _add(tables, "Case", case, came, OrganizationId="O1", PersonId=person, cas_IncomingReferralDate=str(came), **given)
    for plan in range(3):
        day = came + timedelta(days=30 * (plan + 1))
        _add(
            tables, "SupportPlan", f"L{number}-{plan}", day, CaseId=case, spl_Type=PLANS[(number + plan) % 4],
            spl_ActualEndDate=str(day + timedelta(days=20)),
        )  # fmt: skip


def _add(tables: dict[str, list[Row]], table: str, key: str, day: date, **given: str) -> None:
    stamp = f"{day}T09:00:00.000Z"
    row = dict.fromkeys(COLUMNS[table], "") | {
        "Id": key,
        "IsDeleted": "false",
        "CreatedDate": stamp,
        "LastModifiedDate": stamp,
    }
    assert set(given) <= set(row), set(given) - set(row)
    tables[table].append(row | given)


def _write(folder: Path, table: str, rows: list[Row]) -> dict[str, object]:
    path = folder / f"{table}.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS[table])
        writer.writeheader()
        writer.writerows(rows)
    return {"file": path.name, "rows": len(rows), "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
