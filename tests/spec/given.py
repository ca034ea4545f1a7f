"""What an example says was recorded, as rows of a delivery. Each example has people, cases and an office of its own.

A word of the tables is a column of the source contract. A number in a column of dates is a day since the intake of that
episode; the usual intake is 2024-01-01. A name with a question mark before it is of a record that is not there.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta

from flows.extract.contract import jds
from flows.extract.pseudonymise import pseudonym
from tests.nights import KEY
from tests.oracle.contract import INDICATORS
from tests.spec.page import Example
from tests.unit.oracle.small import INTAKE, Delivery

# The first heading of a table: the source table, its key, and which word stands for which column.
WORDS: dict[str, tuple[str, str, dict[str, str]]] = {
    "office": ("offices", "office_id", {"recording since": "recording_started_on"}),
    "survivor": ("survivors", "survivor_id", {
        "born": "date_of_birth", "consent": "consent_analytics", "merged into": "merged_into", "household": "household_id",
        "gender": "gender",
    }),
    "case": ("cases", "case_id", {"casework": "casework_type"}),
    "episode": ("aftercare_episodes", "episode_id", {
        "survivor": "survivor_id", "case": "case_id", "office": "office_id", "partner": "lead_partner_id", "rescue": "rescue_date",
        "intake": "intake_date", "exit": "exit_date", "reason": "closure_reason", "status": "status",
    }),
    "assessment": ("aso_assessments", "assessment_id", {
        "episode": "episode_id", "day": "assessed_on", "entered": "entered_at", "assessor": "assessor_id", "JDS stage": "stage",
    }),
    "attendance": ("community_events", "attendance_id", {
        "episode": "episode_id", "day": "attended_on", "hours": "hours", "type": "event_type",
    }),
    "health service": ("health_services", "health_service_id", {
        "episode": "episode_id", "planned": "planned_on", "delivered": "delivered_on", "status": "status", "sessions": "sessions",
        "type": "service_type",
    }),
    "support service": ("support_services", "support_service_id", {
        "episode": "episode_id", "category": "service_category", "started": "started_on", "status": "status",
        "quantity": "quantity", "unit": "unit",
    }),
    "legal event": ("legal_proceedings", "proceeding_id", {
        "case": "case_id", "survivor": "survivor_id", "day": "occurred_on", "type": "event_type",
    }),
}  # fmt: skip
EVERY = {"modified": "modified_at", "deleted": "is_deleted"}
DOMAINS = tuple(dict.fromkeys(INDICATORS.values()))
SCORES = ("all", *DOMAINS)
USUAL = {
    "aftercare_episodes": {"survivor_id": "S1", "case_id": "C1", "office_id": "O1", "lead_partner_id": None, "intake_date": "2024-01-01"},
    "aso_assessments": {"episode_id": "E1"},
    "community_events": {"episode_id": "E1"},
    "health_services": {"episode_id": "E1"},
    "support_services": {"episode_id": "E1"},
    "legal_proceedings": {"case_id": "C1", "survivor_id": None},
    "survivors": {"household_id": None},
    "cases": {"office_id": "O1", "rescue_operation_id": None},
}  # fmt: skip
PARENTS = {"survivor": "survivors", "case": "cases", "office": "offices"}


@dataclass
class Recorded:
    """The rows of one example, and which name became which id."""

    number: int
    rows: list[tuple[str, dict[str, object]]] = field(default_factory=list)
    ids: dict[tuple[str, str], str] = field(default_factory=dict)

    def key_of(self, kind: str, name: str) -> str:
        """The pseudonym that the marts show for a name; offices and partners keep their id."""
        return self.ids[kind, name] if kind in ("office", "partner") else pseudonym(KEY, kind, self.ids[kind, name])

    def names(self) -> dict[Hashable, str]:
        """The name that each key stands for."""
        return {self.key_of(kind, name): name for kind, name in self.ids}


def kind_of(table: str, column: str) -> str | None:
    """Which kind of record a column names; None for a column that holds a value."""
    if column in ("office_id", "partner_id", "lead_partner_id"):
        return "office" if column == "office_id" else "partner"
    found = jds().tables[table].column(column)
    return found.of if found.kind == "key" else None


def record(example: Example, number: int) -> Recorded:
    """The rows of an example, with ids that no other example has."""
    told = Recorded(number)
    tables = {table.what: table for table in example.given}
    if "episode" not in tables:
        told.rows.append(("aftercare_episodes", {"episode_id": "E1", **USUAL["aftercare_episodes"]}))
    for what in WORDS:
        if what in tables:
            for line in tables[what].records():
                _add(told, what, line)
    _add_parents(told)
    _name(told)
    return told


def _add(told: Recorded, what: str, line: dict[str, str]) -> None:
    table, key, words = WORDS[what]
    values: dict[str, object] = dict(USUAL.get(table, {}))
    values[key] = line[what] or None
    scores = {word: text for word, text in line.items() if word in SCORES}
    for word, text in line.items():
        if word != what and word not in SCORES:
            values[(words | EVERY)[word]] = text or None
    is_first = not any(name == table and row[key] == values[key] for name, row in told.rows)
    told.rows.append((table, values))
    if table == "aso_assessments" and is_first:
        for item, (score, is_not_applicable) in _items(scores).items():
            row = {"indicator_code": item, "score": score, "not_applicable": is_not_applicable}
            told.rows.append(("aso_scores", {"assessment_id": line[what], **row}))


def _items(scores: dict[str, str]) -> dict[str, tuple[str | None, str]]:
    """Score and not-applicable mark of each item: `3` for all of a domain or `3 . n/a` one by one; a dot is not scored."""
    found = {}
    for domain in DOMAINS:
        items = [code for code, own in INDICATORS.items() if own == domain]
        texts = (scores.get(domain) or scores.get("all") or "3").split()
        for item, text in zip(items, texts * len(items) if len(texts) == 1 else texts, strict=len(texts) > 1):
            found[item] = (None if text in (".", "n/a") else text, "true" if text == "n/a" else "false")
    return found


def _add_parents(told: Recorded) -> None:
    """A row for each survivor, case and office that is named but not told of."""
    for kind, table in PARENTS.items():
        key = f"{kind}_id"
        there = {row[key] for name, row in told.rows if name == table}
        named = dict.fromkeys(row[key] for _, row in told.rows if row.get(key))
        for name in named:
            if name not in there and not str(name).startswith("?"):
                told.rows.append((table, {**USUAL.get(table, {}), key: name}))


def _name(told: Recorded) -> None:
    """Ids for names, so that within an example the keys sort as the names do; dates for days."""
    mentioned: dict[str, set[str]] = {}
    for table, row in told.rows:
        for column, value in row.items():
            if value is not None and (kind := kind_of(table, column)):
                mentioned.setdefault(kind, set()).add(str(value))
    for kind, names in mentioned.items():
        ids = [f"x{told.number}.{kind}.{place}" for place in range(len(names))]
        if kind not in ("office", "partner"):
            ids.sort(key=lambda one, kind=kind: pseudonym(KEY, kind, one))
        told.ids |= {(kind, name): one for name, one in zip(sorted(names), ids, strict=True)}
    _date(told)
    for table, row in told.rows:
        for column, value in row.items():
            if value is not None and (kind := kind_of(table, column)):
                row[column] = told.ids[kind, str(value)]


def _date(told: Recorded) -> None:
    intakes: dict[object, date] = {}
    for table, row in told.rows:
        if table == "aftercare_episodes":
            row["intake_date"] = _on(row["intake_date"], INTAKE)
            if isinstance(row["intake_date"], date):
                intakes.setdefault(row["episode_id"], row["intake_date"])
    for table, row in told.rows:
        own = row["intake_date"] if table == "aftercare_episodes" else intakes.get(row.get("episode_id"))
        for column in row:
            if jds().tables[table].column(column).kind == "date":
                row[column] = _on(row[column], own if isinstance(own, date) else INTAKE)


def _on(cell: object, intake: date) -> object:
    """The date of a day since intake; a date as text is one; anything else stays as it is."""
    text = str(cell)
    if text.lstrip("-").isdigit():
        return intake + timedelta(days=int(text))
    try:
        return date.fromisoformat(text)
    except ValueError:
        return cell


def one_delivery(told: Iterable[Recorded]) -> Delivery:
    """All examples in one delivery."""
    delivery = Delivery(bare=True)
    for one in told:
        for table, row in one.rows:
            delivery.add(table, **row)
    return delivery
