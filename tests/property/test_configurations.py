"""Under other definitions, and with another instrument, the marts and the second reading still agree on every cell."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from flows.definitions import ACCEPTED, FIXED, Definitions, definitions_of, shipped
from tests.nights import KEY, built
from tests.oracle.compare import differences
from tests.oracle.rules import ASO, HMIS, reading_by
from tests.property.readings import read_again, ties, write
from tests.property.worlds import AS_OF, make_world, with_keys
from tests.unit.oracle.small import Delivery

OTHER = {
    "restoration_cutoff": 2.0,
    "restoration_rule": "all_items_ge_cutoff",
    "minimum_scored_domains": 4,
    "minimum_item_share": "1/2",
    "initial_window_days": 45,
    "end_window_days": 30,
    "mid_target_days": 120,
    "sustained_from_days": 100,
    "sustained_target_days": 200.5,
    "sustained_to_days": 900,
    "continuation_days": 14,
    "earliest_assessment_days": 30,
    "recent_days": 61,
    "measurable_change": 0.05,
    "substantial_change": 0.4,
    "earliest_plausible_date": "2024-01-31",
    "language_pool": 1000,
}


def as_given(values: dict[str, object]) -> dict[str, dict[str, object]]:
    return {name: {"version": 2, "value": value, "since": "2026-12-01"} for name, value in values.items()}


def differ(one: dict[str, pd.DataFrame], other: dict[str, pd.DataFrame]) -> bool:
    return any(not one[table].equals(other[table]) for table in one)


# Read by no mart of the second reading: the need model's capacity, and what services.description calls low and in time, which
# dbt's unit tests hold.
ELSEWHERE = {"support_capacity", "low_domain", "unmet_need_days"}


def test_every_definition_that_can_be_set_is_set_here() -> None:
    assert set(OTHER) | ELSEWHERE == set(ACCEPTED) | {"restoration_cutoff"} == set(shipped("aso")) - FIXED


def test_under_other_definitions_the_marts_agree_and_each_of_them_counts(tmp_path: Path) -> None:
    """A definition that the marts left out of account would show: without it the second reading says something else."""
    world = make_world(5, 60)
    definitions = Definitions("aso", as_given(OTHER))
    raw = write(tmp_path / "raw ids", [world])
    build = built(raw, tmp_path / "home", tmp_path / "dbt", as_of=AS_OF, variables=definitions.as_json())
    keyed = write(tmp_path / "keyed", [with_keys(world, KEY)])
    with reading_by("aso", **OTHER):
        marts = read_again(keyed, as_of=AS_OF)
    assert differences(build, marts) | ties(build, marts["services.timeline"]) == {}
    idle = []
    for name in OTHER:
        with reading_by("aso", **{other: value for other, value in OTHER.items() if other != name}):
            if not differ(marts, read_again(keyed, as_of=AS_OF)):
                idle.append(name)
    assert idle == []


# Nine items of the ASO stand for those of the other instrument; the others are not delivered.
STAND_FOR = dict(zip(["MEN1", "PHY1", "PHY2", "PHY3", "ECO1", "ECO2", "ECO3", "SAF1", "SAF2"], HMIS, strict=True))


def as_hmis(world: Delivery) -> Delivery:
    """The same people, assessed with the items of an HMIS export; a yes or no is whether a score is even."""
    turned = Delivery(bare=True)
    for table, rows in world.rows.items():
        turned.rows[table] = rows if table != "aso_scores" else [_turned(row) for row in rows if _is_kept(row)]
    return turned


def _is_kept(row: dict[str, object]) -> bool:
    return row["indicator_code"] in STAND_FOR or row["indicator_code"] not in ASO


def _turned(row: dict[str, object]) -> dict[str, object]:
    code, score = STAND_FOR.get(str(row["indicator_code"]), "NOT_LISTED"), row["score"]
    item = HMIS.get(code)
    if item and item.most == 1 and isinstance(score, int):
        score = score % 2
    if item and item.most == 5 and isinstance(score, int):
        score = score + 1 if item.best == 5 else 5 - score
    return {**row, "indicator_code": code, "score": score}


def test_another_instrument_agrees_with_the_second_reading(tmp_path: Path) -> None:
    world = as_hmis(make_world(6, 100))
    definitions = definitions_of("hmis", None)
    build = built(
        write(tmp_path / "raw ids", [world]),
        tmp_path / "home",
        tmp_path / "dbt",
        as_of=AS_OF,
        variables=definitions.as_json(),
    )
    with reading_by("hmis"):
        marts = read_again(write(tmp_path / "keyed", [with_keys(world, KEY)]), as_of=AS_OF)
    assert differences(build, marts) == {}
    forms = marts["aso.fct_assessment"]
    assert forms["is_restored"].any()
    assert not forms["is_restored"].all()
    assert forms["leg"].isna().all()
    assert forms["saf"].notna().any()
