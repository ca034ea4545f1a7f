"""A build file with rows behind every shared table, of about `n` episodes, with groups of all sizes, by a seed."""

import random
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from flows.publish.tables import AGE_BANDS, CASEWORK_TYPES, GENDERS, OUTCOMES
from tests.unit.publish.builds import make_build

DOMAINS = ("SAF", "LEG", "TOTAL")
EXTRA = {
    "outcomes.history": (
        "release_id varchar, as_of date, measure varchar, stratum varchar, stratum_value varchar, estimate double, "
        "lower double, upper double, n integer, definition_version integer, is_break boolean"
    ),
    "models.fairness": (
        "model_name varchar, model_id varchar, group_kind varchar, group_value varchar, metric varchar, "
        "estimate double, lower double, upper double, n integer, n_positive integer, status varchar"
    ),
    "services.description": (
        "measure varchar, category varchar, stratum varchar, stratum_value varchar, month integer, estimate double, "
        "lower_quartile double, upper_quartile double, n integer"
    ),
    "outcomes.training_need": (
        "partner_id varchar, kind varchar, code varchar, measure varchar, n integer, observed double, "
        "expected double, ratio double, lower double, upper double, probability_below double, n_trainings integer, "
        "last_training_quarter varchar, status varchar, reason varchar"
    ),
}
Episode = dict[str, Any]
Rows = list[tuple[Any, ...]]


def people(n: int, seed: int) -> list[Episode]:
    """Episodes with groups of very different sizes; the same first ones for the same seed, however many."""
    episodes = []
    for number in range(n):
        draw = random.Random(seed * 1_000_003 + number)
        office = min(4, int(draw.expovariate(0.9)))
        episodes.append(
            {
                "key": f"e{seed}-{number}",
                "survivor": f"s{seed}-{number - number % 17 // 16}",
                "office_id": f"O{office}",
                "partner_id": draw.choice([f"P{office}{i}" for i in (0, 0, 0, 1, 2)] + [None]),
                "casework_type": CASEWORK_TYPES[min(9, int(draw.expovariate(0.6)))],
                "gender": GENDERS[min(3, int(draw.expovariate(1.2)))],
                "age_band": AGE_BANDS[min(6, int(draw.expovariate(0.5)))],
                "outcome": OUTCOMES[min(9, int(draw.expovariate(0.4)))],
                "stays_months": draw.expovariate(1 / 20),
                "score": draw.random(),
            }
        )
    return episodes


def make_full_build(path: Path, *, n: int = 400, seed: int = 1, as_of: date = date(2026, 11, 1)) -> Path:
    """The build file."""
    make_build(path, n_episodes=0, stamp="full")
    episodes = people(n, seed)
    with duckdb.connect(str(path)) as connection:
        for table in ("core.dim_office", "outcomes.curve"):
            connection.execute(f"delete from {table}")
        for table, columns in EXTRA.items():
            connection.execute(f"create or replace table {table} ({columns})")
        _insert(connection, "core.dim_office", [(f"O{i}", f"Office {i}", "XX", "r") for i in range(5)])
        partners = [(f"P{i}{j}", f"O{i}", f"Partner {i}{j}", "ngo") for i in range(5) for j in range(3)]
        _insert(connection, "core.dim_partner", partners)
        _episodes(connection, episodes)
        _insert(connection, "outcomes.curve", _curves(episodes))
        _insert(connection, "outcomes.optimal_time", _optimal(episodes))
        _insert(connection, "outcomes.history", _history(episodes, as_of))
        _insert(connection, "models.metric", [("need", "m1", "auc", "test", 0.7123, 0.65, 0.78, len(episodes) // 4)])
        _insert(connection, "models.card", [("need", "m1", as_of, True, "first")])
        _insert(connection, "models.fairness", _fairness(episodes))
        _insert(connection, "services.description", _services(episodes))
        _insert(connection, "services.effect", _effects(episodes))
        for kind in ("office", "partner"):
            _insert(connection, f"outcomes.{kind}", _compared(episodes, kind))
        _insert(connection, "outcomes.training_need", _needs(episodes))
    return path


def _insert(connection: duckdb.DuckDBPyConnection, table: str, rows: Rows, columns: str = "") -> None:
    """All rows in one statement: one a row is slow."""
    if rows:
        values = ", ".join("(" + ", ".join(map(_literal, row)) + ")" for row in rows)
        connection.execute(f"insert into {table} {columns} values {values}")


def _literal(value: Any) -> str:
    if value is None:
        return "null"
    return str(value) if isinstance(value, int | float) else f"'{value}'"


def _episodes(connection: duckdb.DuckDBPyConnection, episodes: list[Episode]) -> None:
    names = ("office_id", "partner_id", "casework_type", "gender", "age_band", "outcome")
    _rows = [(one["key"], one["survivor"], *(one[name] for name in names)) for one in episodes]
    _insert(connection, "core.fct_episode", _rows, f"(episode_key, survivor_key, {', '.join(names)})")
    connection.execute(
        "update core.fct_episode set exit_day = 400, as_of_day = 700, has_end = hash(episode_key) % 3 > 0, "
        "n_assessments = hash(episode_key) % 5, "
        "has_initial = hash(episode_key) % 20 > 0"
    )
    changes = []
    for one in episodes:
        for number, domain in enumerate(DOMAINS):
            part = (one["score"] * (number + 1)) % 1
            if part < 0.9:
                better, best = part > 0.3, part > 0.6
                changes.append((one["key"], domain, 2.0, 2.0 + part, part, better, best, part < 0.05, None))
    _insert(connection, "aso.change", changes)


def _strata(episodes: list[Episode]) -> list[tuple[str, str, list[Episode]]]:
    found = [("overall", "all", episodes)]
    for stratum in ("casework_type", "age_band", "office_id"):
        for value in sorted({one[stratum] for one in episodes}):
            found.append((stratum, value, [one for one in episodes if one[stratum] == value]))
    return found


def _curves(episodes: list[Episode]) -> Rows:
    rows = []
    for stratum, value, members in _strata(episodes):
        for month in range(0, 37, 3):
            n = sum(one["stays_months"] >= month for one in members)
            gone = 1 - n / len(members)
            for state, share in (("restored", 0.7), ("lost", 0.2), ("other_exit", 0.1)):
                e = gone * share
                rows.append(("restoration", stratum, value, 30.4375 * month, state, e, e * 0.9, e * 1.1, n, "panel"))
            rows.append(("restoration", stratum, value, 30.4375 * month, "in_care", 1 - gone, 0, 1, n, "panel"))
    return rows


def _optimal(episodes: list[Episode]) -> Rows:
    return [
        (question, stratum, value, 14.4, 11.2, 19.7, "12-18", len([m for m in members if m["score"] > 0.02]),
         "estimated", None, 1)
        for question in ("plateau", "restricted_mean")
        for stratum, value, members in _strata(episodes)
    ]  # fmt: skip


def _history(episodes: list[Episode], as_of: date) -> Rows:
    return [
        (f"2026-{month:02d}-{day:02d}-0001", date(2026, month, day), "restored_24m", stratum, value, 0.41, 0.3, 0.5,
         int(len(members) * month / 12), 1, False)
        for month in range(9, as_of.month + 1)
        for day in (1, 2)
        for stratum, value, members in _strata(episodes)
    ]  # fmt: skip


def _fairness(episodes: list[Episode]) -> Rows:
    kinds = {"sex": "gender", "age_band": "age_band", "casework_type": "casework_type", "office_id": "office_id"}
    rows = []
    for kind, column in kinds.items():
        for value in sorted({one[column] for one in episodes}):
            members = [one for one in episodes if one[column] == value and one["score"] < 0.8]
            positive = sum(one["score"] < 0.2 for one in members)
            rows.append(("need", "m1", kind, value, "calibration", 0.98, 0.8, 1.2, len(members), positive, "pass"))
    return rows


def _services(episodes: list[Episode]) -> Rows:
    rows: Rows = []
    for stratum, value, members in _strata(episodes):
        n = len(members)
        rows.append(("days_to_first", "health", stratum, value, None, 23.4, 10.0, 41.0, n))
        unmet = sum(one["score"] < 0.3 for one in members)
        rows.append(("unmet_need", "legal", stratum, value, None, unmet / n, None, None, n))
        rows.append(("sessions_per_month", "health", stratum, value, 3, 1.52, 1.0, 2.0, n))
    return rows


def _effects(episodes: list[Episode]) -> Rows:
    n = float(len(episodes))
    return [
        (
            "early_health",
            "early",
            "late",
            "risk_difference",
            24,
            0.0612,
            -0.01,
            0.13,
            n / 3,
            "estimated",
            None,
            "words",
        ),
        ("small", "a", "b", "risk_difference", 24, 0.1, 0.0, 0.2, 9.7, "estimated", None, "9.7 people"),
        ("no", "a", "b", "risk_difference", 24, None, None, None, None, "refused", "too few", "refused"),
    ]


def _compared(episodes: list[Episode], kind: str) -> Rows:
    rows = []
    for value in sorted({one[f"{kind}_id"] for one in episodes} - {None}):
        members = [one for one in episodes if one[f"{kind}_id"] == value and one["score"] < 0.9]
        n = len(members)
        lost = sum(one["outcome"] in ("lost_contact", "withdrew") for one in members) / max(n, 1)
        rows.append((value, "lost_12m", n, lost, 0.3, lost / 0.3, 0.5, 1.6, 1.02, "estimated", None))
        rows.append((value, "gain_saf", n, 0.61, 0.5, 1.22, 0.9, 1.5, 1.1, "estimated", None))
    return rows


def _needs(episodes: list[Episode]) -> Rows:
    rows = []
    for value in sorted({one["partner_id"] for one in episodes} - {None}):
        n = sum(one["partner_id"] == value and one["score"] < 0.9 for one in episodes)
        rows.append(
            (value, "domain", "SAF", "gain_saf", n, 0.61, 0.5, 1.2, 0.9, 1.5, 0.12, 2, "2026Q1", "as_expected", None)
        )
    return rows
