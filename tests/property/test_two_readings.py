"""Hundreds of random survivors in one delivery: the marts and the second reading agree on every cell.

F26, F27, F28, F32, F36, F42, F43, F45, F61; R15, R16.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from flows.publish.content import content_hashes
from tests.nights import built, tree_hash
from tests.property.readings import disagreement, write
from tests.property.worlds import AS_OF, in_parts, make_world
from tests.unit.oracle.small import Delivery

FOUR = ["full", "full", "incremental", "incremental"]


@pytest.fixture(scope="session")
def dbt_target(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where dbt keeps what it has parsed between runs of one worker."""
    return tmp_path_factory.mktemp("dbt")


def test_F43_F45_R15_marts_agree_with_the_second_reading(tmp_path: Path, dbt_target: Path) -> None:
    assert disagreement(tmp_path, dbt_target, [make_world(1, 250)], as_of=AS_OF) == {}


def test_F40_R16_several_deliveries_agree_with_the_second_reading(tmp_path: Path, dbt_target: Path) -> None:
    deliveries = in_parts(make_world(2, 150), 2)
    assert disagreement(tmp_path, dbt_target, deliveries, as_of=AS_OF, modes=FOUR) == {}


@pytest.mark.slow
@pytest.mark.parametrize("seed", [11, 12, 13])
def test_more_worlds_agree(tmp_path: Path, dbt_target: Path, seed: int) -> None:
    assert disagreement(tmp_path / "full", dbt_target, [make_world(seed, 800)], as_of=AS_OF) == {}
    deliveries = in_parts(make_world(seed + 100, 800), seed)
    assert disagreement(tmp_path / "parts", dbt_target, deliveries, as_of=AS_OF, modes=FOUR) == {}


@pytest.mark.slow
def test_F61_R16_the_order_of_rows_changes_no_mart(tmp_path: Path, dbt_target: Path) -> None:
    world, rng = make_world(3, 150), np.random.default_rng(3)
    turned = Delivery(bare=True)
    for table, rows in world.rows.items():
        turned.rows[table] = [rows[number] for number in rng.permutation(len(rows))]
    hashes = []
    for name, delivery in (("one", world), ("other", turned)):
        source = write(tmp_path / name / "delivery", [delivery])
        found = content_hashes(built(source, tmp_path / name / "home", dbt_target, as_of=AS_OF))
        hashes.append({table: value for table, value in found.items() if table != "meta.extract"})
    assert hashes[0] == hashes[1]


def test_a_world_is_made_of_its_seed(tmp_path: Path) -> None:
    one, other = (make_world(7, 20).write(tmp_path / name / "delivery") for name in ("one", "other"))
    assert list(tree_hash(one).values()) == list(tree_hash(other).values())
    assert make_world(8, 20).rows != make_world(7, 20).rows
