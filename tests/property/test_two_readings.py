"""Hundreds of random survivors in one delivery: the marts and the second reading agree on every cell.

F26, F27, F28, F32, F36, F42, F43, F45, F61; R15, R16.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.nights import tree_hash
from tests.property.readings import disagreement
from tests.property.worlds import AS_OF, in_parts, make_world


@pytest.fixture(scope="session")
def dbt_target(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where dbt keeps what it has parsed between runs of one worker."""
    return tmp_path_factory.mktemp("dbt")


def test_F43_F45_R15_marts_agree_with_the_second_reading(tmp_path: Path, dbt_target: Path) -> None:
    assert disagreement(tmp_path, dbt_target, [make_world(1)], as_of=AS_OF) == {}


def test_F40_R16_several_deliveries_agree_with_the_second_reading(tmp_path: Path, dbt_target: Path) -> None:
    deliveries = in_parts(make_world(2, 300), 2)
    modes = ["full", "full", "incremental", "incremental"]
    assert disagreement(tmp_path, dbt_target, deliveries, as_of=AS_OF, modes=modes) == {}


@pytest.mark.slow
@pytest.mark.parametrize("seed", [11, 12, 13])
def test_more_worlds_agree(tmp_path: Path, dbt_target: Path, seed: int) -> None:
    assert disagreement(tmp_path / "full", dbt_target, [make_world(seed, 800)], as_of=AS_OF) == {}
    deliveries, modes = in_parts(make_world(seed + 100, 800), seed), ["full", "full", "incremental", "incremental"]
    assert disagreement(tmp_path / "parts", dbt_target, deliveries, as_of=AS_OF, modes=modes) == {}


def test_a_world_is_made_of_its_seed(tmp_path: Path) -> None:
    one, other = (make_world(7, 20).write(tmp_path / name / "delivery") for name in ("one", "other"))
    assert list(tree_hash(one).values()) == list(tree_hash(other).values())
    assert make_world(8, 20).rows != make_world(7, 20).rows
