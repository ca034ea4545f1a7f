"""Random worlds: hundreds of survivors with histories as odd as the contract allows, in one delivery.

Each survivor's little world is independent of the others, save for shared cases and merges, so one delivery holds hundreds of cases.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import numpy as np

from flows.extract.contract import Column, jds
from flows.extract.pseudonymise import Key, pseudonym
from tests.oracle.contract import INDICATORS
from tests.unit.oracle.small import Delivery

AS_OF = date(2026, 11, 1)
FIRST = date(2021, 1, 1)
OFFICES = ("o1", "o2", "o3", "o4")
PARTNERS = ("p1", "p2", "p3", "p4", "p5")
# Phrases whose code nobody doubts; what other phrases mean is tested one by one elsewhere.
PHRASES = (
    "Restored", "Lost contact with the survivor", "Withdrew from the programme", "Transferred", "Relocated abroad",
    "Deceased", "Turned 18", "Project closed", "zzz", None,
)  # fmt: skip
STATUSES = ("active", "follow_up", "closed", "reopened", "asleep", None)
DONE = ("delivered", "delivered", "delivered", "planned", "missed", "cancelled", "odd", None)
STAMPS = ("2026-09-01T00:00:00Z", "2026-09-15T12:00:00Z", "2026-10-01T00:00:00Z", "2026-10-20T08:30:00+02:00")


@dataclass
class World:
    """A delivery in the making, and the one source of chance."""

    rng: np.random.Generator
    delivery: Delivery = field(default_factory=lambda: Delivery(bare=True))
    count: int = 0

    def chance(self, share: float) -> bool:
        """True in this share of calls."""
        return bool(self.rng.random() < share)

    def pick(self, *options: Any) -> Any:
        """One of the options."""
        return options[int(self.rng.integers(len(options)))]

    def whole(self, low: int, high: int) -> int:
        """A whole number from low to high, both included."""
        return int(self.rng.integers(low, high + 1))

    def new(self, prefix: str) -> str:
        """An id that nobody else has, in no order."""
        self.count += 1
        return f"{prefix}{self.whole(100, 999)}-{self.count}"

    def add(self, table: str, **values: object) -> dict[str, object]:
        """One more row, now and then deleted or dirty in a date."""
        common: dict[str, object] = {"modified_at": self.pick(*STAMPS)}
        if table not in ("offices", "partners", "partner_trainings") and self.chance(0.02):
            common["is_deleted"] = "true"
        self.delivery.add(table, **common | values)
        return self.delivery.rows[table][-1]

    def dirty(self, on: date | None, share: float = 0.01) -> object:
        """The date, in a small share of calls one that cannot be, or none."""
        return self.pick("2024-02-30", "1900-01-01", "1970-01-01", "soon", None) if self.chance(share) else on


def make_world(seed: int, survivors: int = 400, *, doubled: bool = True) -> Delivery:
    """A full delivery of that many survivors and all that happened to them; some rows twice unless `doubled` is false."""
    world = World(np.random.default_rng(seed))
    _places(world)
    people = [world.new("s") for _ in range(survivors)]
    cases = [world.new("c") for _ in range(max(1, survivors * 2 // 3))]
    for case in cases:
        _case(world, case)
    for person in people:
        _survivor(world, person, people)
    _cycles(world)
    for person in people:
        own = [cases[world.whole(0, len(cases) - 1)] for _ in range(world.pick(1, 1, 2))]
        _history(world, person, own)
    _merged_share_cases(world)
    _lawsuits(world, people, cases)
    _orphans(world)
    if doubled:
        _double(world)
    return world.delivery


def _places(world: World) -> None:
    for number, office in enumerate(OFFICES):
        start = (None, date(2022, 6, 1), date(2024, 1, 1), None)[number]
        world.add("offices", office_id=office, name=f"Office {number}", recording_started_on=start)
    for number, partner in enumerate(PARTNERS):
        world.add("partners", partner_id=partner, office_id=world.pick(*OFFICES, "o9"), name=f"Partner {number}",
                  partner_type=world.pick("clinic", "ngo", "bakery", None))  # fmt: skip
    for number in range(25):
        world.add("partner_trainings", training_id=f"t{number}", partner_id=world.pick(*PARTNERS, "p9"),
                  topic=world.pick("SAF", "aso_scoring", "cooking", None), completed_on=world.dirty(date(2024, 5, 5), 0.1),
                  attendees=world.pick(3, 12, None, "many"))  # fmt: skip


def _case(world: World, case: str) -> None:
    world.add("cases", case_id=case, office_id=world.pick(*OFFICES), opened_on=world.dirty(date(2021, 1, 1)),
              casework_type=world.pick("forced_labour", "sex_trafficking", "other", "piracy", None),
              rescue_operation_id=world.pick("r1", "r2", None))  # fmt: skip


def _survivor(world: World, person: str, people: list[str]) -> None:
    merged = None
    if world.chance(0.15):
        merged = world.pick(*people)
    elif world.chance(0.015):
        merged = "nobody"
    birth = date(world.whole(1930, 2025), 5, 17)
    world.add(
        "survivors", survivor_id=person, merged_into=merged, household_id=world.pick("h1", "h2", "h3", None),
        consent_analytics=world.pick(*["true"] * 18, "True", "false", "maybe", None),
        gender=world.pick("female", "male", "unknown", "x", None),
        primary_language=world.pick(*["sw"] * 9, "en", "luo" if world.chance(0.2) else "en", None),
        date_of_birth=world.pick(birth, birth, birth, None, date(1850, 1, 1), "2001-02-30", date(2027, 1, 1)),
        full_name=world.pick("A, B", 'C "D"', None, "É\nF"),
    )  # fmt: skip


def _cycles(world: World) -> None:
    """A record merged into itself, two into each other, three in a ring, each with a chain that runs into it."""
    records = world.delivery.rows["survivors"]
    for size in (1, 2, 3):
        ring = [records[world.whole(0, len(records) - 1)] for _ in range(size)]
        for place, record in enumerate(ring):
            record["merged_into"] = ring[(place + 1) % size]["survivor_id"]
        for _ in range(2):
            records[world.whole(0, len(records) - 1)]["merged_into"] = ring[0]["survivor_id"]


def _history(world: World, person: str, cases: list[str]) -> None:
    """The episodes of one person: each case has its own run of stays, some soon after one another."""
    for case in cases:
        intake = FIRST + timedelta(days=world.whole(0, 1800))
        for _ in range(world.pick(0, 1, 1, 1, 2, 2, 3, 4)):
            leaves = world.chance(0.65)
            exit_date = intake + timedelta(days=world.pick(0, 1, 10, 45, 120, 365, 400, 731, world.whole(0, 900)))
            _episode(world, person, case, intake, exit_date if leaves else None)
            gap = world.pick(-20, -1, 0, 1, 15, 29, 30, 31, 32, 90, 400)
            intake = exit_date + timedelta(days=gap)
            intake = (
                max(intake, FIRST)
                if intake < AS_OF + timedelta(days=20)
                else AS_OF - timedelta(days=world.whole(0, 40))
            )


def _episode(world: World, person: str, case: str, intake: date, exit_date: date | None) -> None:
    episode = world.new("e")
    if exit_date and world.chance(0.02):
        exit_date = intake - timedelta(days=world.whole(1, 9))
    rescue = intake - timedelta(days=world.pick(0, 1, 30, 89, 90, 91, 200, -5)) if world.chance(0.8) else None
    status = ("closed" if exit_date else "active") if world.chance(0.85) else world.pick(*STATUSES)
    world.add(
        "aftercare_episodes", episode_id=episode, survivor_id=person, case_id=case, office_id=world.pick(*OFFICES, "o9"),
        lead_partner_id=world.pick(*PARTNERS, "p9", None), rescue_date=world.dirty(rescue), intake_date=world.dirty(intake),
        status=status, exit_date=world.dirty(exit_date),
        closure_reason=world.pick(*PHRASES) if exit_date or world.chance(0.05) else None,
    )  # fmt: skip
    for _ in range(world.pick(0, 1, 2, 3, 4, 6)):
        _form(world, episode, intake, rescue, exit_date)
    for _ in range(world.pick(0, 1, 3, 6)):
        _service(world, episode, intake, exit_date)


def _form(world: World, episode: str, intake: date, rescue: date | None, exit_date: date | None) -> None:
    end = exit_date or AS_OF
    around = world.pick(
        intake, intake, intake, end, end, rescue or intake, intake + timedelta(days=365), end + timedelta(days=330)
    )
    offset = world.pick(
        0, 0, 1, -1, 30, 59, 60, 61, -59, -60, -61, -89, -90, -91, 183, 274, 365, 548, world.whole(-100, 700)
    )
    on = around + timedelta(days=offset)
    if on > AS_OF and not world.chance(0.1):
        on = AS_OF - timedelta(days=world.whole(0, 300))
    for _ in range(world.pick(1, 1, 1, 1, 2)):
        form = world.new("a")
        world.add(
            "aso_assessments", assessment_id=form, episode_id=episode, assessed_on=world.dirty(on, 0.02),
            entered_at=world.pick(None, f"{on}T08:00:00Z", f"{on}T08:00:00Z", f"{on}T10:00:00+01:00", "later"),
            stage=world.pick("initial", "interim", "final", "follow_up", "middle", None),
            assessor_id=world.pick("w1", "w2", None), instrument_version=world.pick("ASO-1", "ASO-2", None),
            setting=world.pick("community", "shelter", "tent", None),
        )  # fmt: skip
        _scores(world, form)


def _scores(world: World, form: str) -> None:
    level = world.pick(2, 3, 3, 4, 4)
    absent = world.pick(0.0, 0.0, 0.05, 0.3)
    for indicator in INDICATORS:
        if world.chance(absent / 2):
            continue
        score = min(4, max(1, level + world.pick(0, 0, 0, 0, 0, 1, -1)))
        score = world.pick("0", "5", "2.5", "Three", "4.0", "nan", "-1") if world.chance(0.005) else score
        world.add(
            "aso_scores", assessment_id=form, indicator_code="SAF9" if world.chance(0.004) else indicator,
            score=None if world.chance(absent) else score, not_applicable=world.pick(*["false"] * 12, None, "true"),
        )  # fmt: skip


def _service(world: World, episode: str, intake: date, exit_date: date | None) -> None:
    end = exit_date or AS_OF
    on = world.pick(intake, intake, end) + timedelta(
        days=world.pick(0, 0, 1, -1, 30, 31, 61, 91, 92, 121, 1200, world.whole(-60, 500))
    )
    if on > AS_OF and not world.chance(0.1):
        on = AS_OF - timedelta(days=world.whole(0, 200))
    partner, kind = world.pick(*PARTNERS, "p9", None), world.whole(0, 2)
    if kind == 0:
        world.add("community_events", attendance_id=world.new("k"), episode_id=episode, attended_on=world.dirty(on),
                  event_type=world.pick("support_group", "picnic", None), role=world.pick("leader", "cook", None),
                  hours=world.pick(1, 2.5, None, "two"), partner_id=partner)  # fmt: skip
    elif kind == 1:
        status = world.pick(*DONE)
        world.add("health_services", health_service_id=world.new("m"), episode_id=episode, status=status, partner_id=partner,
                  service_type=world.pick("dental", "trauma_therapy", "magic", None), sessions=world.pick(1, 3, None, 2.5),
                  planned_on=world.pick(on, None), delivered_on=world.dirty(on if status == "delivered" else None))  # fmt: skip
    else:
        world.add("support_services", support_service_id=world.new("u"), episode_id=episode, status=world.pick(*DONE),
                  service_category=world.pick("shelter", "education", "referral", "gift", None), started_on=world.dirty(on),
                  ended_on=world.pick(on, None), quantity=world.pick(1, 0.5, None), unit=world.pick("hour", "item", None),
                  partner_id=partner)  # fmt: skip


def _merged_share_cases(world: World) -> None:
    """A third of the merged people have their episodes in a case of the record they were merged into."""
    case_of = {row["survivor_id"]: row["case_id"] for row in world.delivery.rows["aftercare_episodes"]}
    merged = {row["survivor_id"]: row["merged_into"] for row in world.delivery.rows["survivors"]}
    for row in world.delivery.rows["aftercare_episodes"]:
        target = merged.get(row["survivor_id"])
        if target in case_of and world.chance(0.5):
            row["case_id"] = case_of[target]


def _lawsuits(world: World, people: list[str], cases: list[str]) -> None:
    case_of = {row["survivor_id"]: row["case_id"] for row in world.delivery.rows["aftercare_episodes"]}
    for _ in range(len(people)):
        person = world.pick(*people)
        case = case_of.get(person, cases[0]) if world.chance(0.8) else world.pick(*cases)
        named = world.pick(person, person, None, None, "nobody" if world.chance(0.05) else None)
        on = FIRST + timedelta(days=world.whole(-200, 2150))
        world.add("legal_proceedings", proceeding_id=world.new("l"), case_id=case, survivor_id=named,
                  event_type=world.pick("hearing", "conviction", "duel", None), occurred_on=world.dirty(on, 0.03))  # fmt: skip


def _orphans(world: World) -> None:
    for table, column in (
        ("aftercare_episodes", "survivor_id"), ("aftercare_episodes", "case_id"), ("aso_assessments", "episode_id"),
        ("aso_scores", "assessment_id"), ("community_events", "episode_id"), ("health_services", "episode_id"),
        ("legal_proceedings", "case_id"), ("support_services", "episode_id"),
    ):  # fmt: skip
        rows = world.delivery.rows[table]
        for _ in range(3):
            rows[world.whole(0, len(rows) - 1)][column] = world.pick(f"none-{world.whole(1, 9)}", None)
    for table, column in (
        ("survivors", "survivor_id"),
        ("aftercare_episodes", "episode_id"),
        ("aso_assessments", "assessment_id"),
    ):
        world.delivery.rows[table].append({**world.pick(*world.delivery.rows[table]), column: None})


CHANGED: dict[str, tuple[str, tuple[object, ...]]] = {
    "offices": ("region", ("West",)),
    "partners": ("partner_type", ("ngo", "shelter")),
    "partner_trainings": ("topic", ("LEG",)),
    "survivors": ("merged_into", (None,)),
    "cases": ("casework_type", ("land_theft",)),
    "aftercare_episodes": ("exit_date", (date(2026, 1, 1), None)),
    "aso_assessments": ("assessed_on", (date(2025, 5, 5), date(2026, 6, 6))),
    "aso_scores": ("score", (1, 4)),
    "community_events": ("attended_on", (date(2025, 1, 5),)),
    "health_services": ("status", ("delivered", "missed")),
    "legal_proceedings": ("survivor_id", (None,)),
    "support_services": ("quantity", (7,)),
}
HIDDEN = {
    "survivors": "phone",
    "cases": "summary",
    "aso_assessments": "notes",
    "health_services": "notes",
    "legal_proceedings": "court",
}


def _double(world: World) -> None:
    """Rows that come twice: the same once more, or another version of an older, a newer, an equal or no stamp."""
    for table, rows in world.delivery.rows.items():
        for row in list(rows):
            if not world.chance(0.005 if table == "aso_scores" else 0.04):
                continue
            for _ in range(world.pick(1, 1, 2)):
                rows.append(_version(world, table, row))
        order = world.rng.permutation(len(rows))
        world.delivery.rows[table] = [rows[number] for number in order]


def _version(world: World, table: str, row: dict[str, object]) -> dict[str, object]:
    kind = world.pick("exact", "changed", "hidden", "stamp", "unstamped", "deleted")
    if kind == "exact":
        return dict(row)
    column, options = CHANGED[table]
    copy = {**row, column: world.pick(*options)}
    if kind == "hidden":
        copy = {**row, HIDDEN.get(table, "created_at"): "2020-01-01T00:00:00Z"}
    if kind == "deleted" and table not in ("offices", "partners", "partner_trainings"):
        copy["is_deleted"] = world.pick("true", "false", None)
    stamps = {"stamp": world.pick("2019-01-01T00:00:00Z", "2026-10-30T00:00:00Z"), "unstamped": None}
    return {**copy, "modified_at": stamps.get(kind, world.pick(row["modified_at"], "2026-10-31T00:00:00Z"))}


def in_parts(delivery: Delivery, seed: int) -> list[Delivery]:
    """The delivery before it: a full one that lacks what came late and has what has vanished since, and one of changes.

    Gives four deliveries: an older full one, the full one, what changed after it, and what changed after that. The first row of a table
    that may not be empty is in both full ones.
    """
    rng = np.random.default_rng(seed)
    parts = [Delivery(bare=True) for _ in range(4)]
    for table, rows in delivery.rows.items():
        place = rng.choice(4, size=len(rows), p=[0.02, 0.78, 0.1, 0.1])
        needed = [] if jds().tables[table].may_be_empty else rows[:1]
        place[: len(needed)] = 1
        for row, number in zip(rows, place, strict=True):
            parts[number].rows[table].append(row)
            if number == 1 and (rng.random() < 0.7 or row in needed):
                parts[0].rows[table].append(row)
            if number > 1 and rng.random() < 0.5:
                parts[number - 1].rows[table].append(row)
    return parts


def with_keys(delivery: Delivery, key: Key) -> Delivery:
    """The same delivery with every id replaced by its pseudonym, so that ties by key fall the same way in both readings."""
    hashed = Delivery(bare=True)
    for table, rows in delivery.rows.items():
        columns = {column.name: column for column in jds().tables[table].columns if column.kind == "key"}
        hashed.rows[table] = [
            {name: _keyed(key, columns.get(name), value) for name, value in row.items()} for row in rows
        ]
    return hashed


def _keyed(key: Key, column: Column | None, value: object) -> object:
    return value if column is None or value is None else pseudonym(key, column.of, str(value))
