"""The same facts arriving otherwise: late, corrected, merged and un-merged, deleted and restored, in any order and split.

The end of a history is one full delivery of what holds at last. An arrival of it is a row of deliveries: each row's last version
comes in the last full one or after it, and older versions come anywhere, also after the last one. No two versions of a key
have one stamp: of those the contract says that nobody knows which holds (both are quarantined), and whether two such rows even
differ depends on whether they came together, so the order of arrival may be told from them.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import duckdb
import numpy as np

from flows.extract.contract import jds
from flows.warehouse import connect
from tests.bare import Project, with_seeds
from tests.nights import ready
from tests.property.readings import write
from tests.property.worlds import AS_OF, CHANGED
from tests.unit.oracle.small import Delivery

Row = dict[str, object]
REFERENCE = ("offices", "partners", "partner_trainings")
CHILDREN = ("aso_assessments", "community_events", "health_services", "support_services")
EARLIER = ("2025-03-01T00:00:00Z", "2025-09-01T00:00:00Z", "2026-02-01T00:00:00Z")


def as_forest(world: Delivery, seed: int) -> Delivery:
    """The world with its survivors merged into trees of any depth, without circles; it says so in place."""
    rng = np.random.default_rng(seed)
    records = [row for row in world.rows["survivors"] if row["survivor_id"] is not None]
    order = rng.permutation(len(records))
    for place, number in enumerate(order):
        into = records[order[int(rng.integers(place))]]["survivor_id"] if place and rng.random() < 0.4 else None
        records[number]["merged_into"] = into
    return world


def roots(world: Delivery) -> dict[object, object]:
    """Each survivor's end of the chain of merges."""
    into = {row["survivor_id"]: row["merged_into"] for row in world.rows["survivors"]}

    def end(key: object) -> object:
        return key if into.get(key) is None else end(into[key])

    return {key: end(key) for key in into}


def key_of(table: str, row: Row) -> tuple[object, ...]:
    """The row's key."""
    return tuple(row[column] for column in jds().tables[table].primary_key)


def older(rng: np.random.Generator, table: str, row: Row, people: list[object]) -> list[Row]:
    """Up to two versions of the row that held before: another value, another merge, deleted."""
    found = []
    for stamp in sorted(rng.choice(EARLIER, size=int(rng.integers(0, 3)), replace=False)):
        column, options = CHANGED[table]
        earlier = {**row, column: options[int(rng.integers(len(options)))], "modified_at": str(stamp)}
        if table == "survivors":
            earlier["merged_into"] = people[int(rng.integers(len(people)))] if rng.random() < 0.7 else None
        if table not in REFERENCE and rng.random() < 0.3:
            earlier["is_deleted"] = "true"
        found.append(earlier)
    return found


def arrival(end: Delivery, seed: int) -> tuple[list[Delivery], list[str]]:
    """Deliveries that lead to this end, and whether each is full or incremental; rows in any order."""
    rng = np.random.default_rng(seed)
    n_before, n_after = int(rng.integers(0, 3)), int(rng.integers(0, 4))
    modes = [str(mode) for mode in rng.choice(["full", "incremental"], size=n_before)]
    modes = [*(["full", *modes[1:]] if modes else []), "full", *["incremental"] * n_after]
    deliveries = [Delivery(bare=True) for _ in modes]
    people = [row["survivor_id"] for row in end.rows["survivors"]]
    for table, rows in end.rows.items():
        for row in rows:
            last = int(rng.integers(n_before, len(modes)))
            deliveries[last].rows[table].append(row)
            if None in key_of(table, row):
                continue
            for version in older(rng, table, row, people) if rng.random() < 0.3 else []:
                deliveries[int(rng.integers(len(modes)))].rows[table].append(version)
            for number, mode in enumerate(modes):
                is_base = mode == "full" and row is rows[0]  # a full delivery without a row in a table is refused
                if number != last and (is_base or rng.random() < 0.1):
                    deliveries[number].rows[table].append(row)
    _gone(rng, deliveries[:n_before], end)
    if n_before:
        like = end.rows["community_events"][0]
        deliveries[-1].rows["community_events"].append({**like, "attendance_id": "late", "episode_id": "gone-0"})
    for delivery in deliveries:
        for table, rows in delivery.rows.items():
            delivery.rows[table] = [rows[number] for number in rng.permutation(len(rows))]
    return deliveries, modes


def _gone(rng: np.random.Generator, before: list[Delivery], end: Delivery) -> None:
    """Episodes that were there before the last full delivery and are in none since: what hangs on them is tombstoned."""
    episodes = end.rows["aftercare_episodes"]
    for delivery in before:
        for number in range(5):
            like = episodes[int(rng.integers(len(episodes)))]
            delivery.rows["aftercare_episodes"].append({**like, "episode_id": f"gone-{number}"})


def made(folder: Path, deliveries: list[Delivery], modes: list[str], project: Project, seeds: Path) -> Path:
    """The build file of these deliveries, its marts made by the compiled SQL of a dbt build."""
    night = ready(write(folder / "deliveries", deliveries, modes), folder / "home", as_of=AS_OF)
    with connect(night.build_file) as connection:
        with_seeds(connection, seeds)
        project.run(connection)
    return night.build_file


def facts(hashes: Mapping[str, str]) -> dict[str, str]:
    """The content hashes of what says what happened; not of what counts the rows or names the deliveries."""
    return {name: digest for name, digest in hashes.items() if name not in ("meta.extract", "quality.conservation")}


def of_people(build: Path) -> dict[str, str]:
    """Whose each episode is, in a build file."""
    with duckdb.connect(str(build), read_only=True) as connection:
        return dict(connection.execute("select episode_key, survivor_key from core.fct_episode").fetchall())
