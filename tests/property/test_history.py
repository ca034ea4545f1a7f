"""Whatever the order in which the same facts arrive, the marts are those of one full delivery of how it ended. R15, R16, F61."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from flows.extract.simulate import Parameters, write_delivery
from flows.publish.content import content_hashes
from tests.bare import Project
from tests.nights import KEY, built
from tests.property.arrivals import arrival, as_forest, facts, made, of_people, roots
from tests.property.corrections import WRONG, read_csv, wrong_at_first
from tests.property.readings import second_reading, write
from tests.property.worlds import AS_OF, make_world, with_keys
from tests.unit.oracle.small import Delivery


@dataclass(frozen=True)
class End:
    """How a random history ended: the facts, their marts by dbt in one full delivery, and the compiled project."""

    world: Delivery
    build: Path
    project: Project


@pytest.fixture(scope="module")
def end(tmp_path_factory: pytest.TempPathFactory) -> End:
    """A hundred and fifty survivors in a random forest of merges."""
    folder, world = tmp_path_factory.mktemp("end"), as_forest(make_world(31, 150, doubled=False), 31)
    build = built(write(folder / "delivery", [world]), folder / "home", folder / "dbt", as_of=AS_OF)
    return End(world, build, Project.compiled(folder / "dbt"))


def test_a_forest_of_merges_is_the_people_at_its_roots(end: End, tmp_path: Path) -> None:
    depth = roots(end.world)
    assert sum(key != root for key, root in depth.items()) > 30
    theirs = second_reading(tmp_path, [end.world], as_of=AS_OF)["core.fct_episode"]
    assert of_people(end.build) == dict(zip(theirs["episode_key"], theirs["survivor_key"], strict=True))
    keyed = with_keys(end.world, KEY)
    root_of = roots(keyed)
    owner = {row["episode_id"]: row["survivor_id"] for row in keyed.rows["aftercare_episodes"]}
    assert {key: root_of[owner[key]] for key in of_people(end.build)} == of_people(end.build)


def arrived(end: End, folder: Path, seed: int) -> dict[str, str]:
    """The content hash of each mart when the same facts have come in a random way."""
    deliveries, modes = arrival(end.world, seed)
    return facts(content_hashes(made(folder, deliveries, modes, end.project, end.build)))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_any_arrival_of_the_same_facts_gives_the_same_marts(end: End, tmp_path: Path, seed: int) -> None:
    assert arrived(end, tmp_path, seed) == facts(content_hashes(end.build))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10, 40))
def test_many_more_arrivals_give_the_same_marts(end: End, tmp_path: Path, seed: int) -> None:
    assert arrived(end, tmp_path, seed) == facts(content_hashes(end.build))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(40, 50))
def test_other_forests_give_the_same_marts_however_they_grow(end: End, tmp_path: Path, seed: int) -> None:
    """Each forest is another end of the same people; what came before it were merges that were taken back."""
    world = as_forest(make_world(31, 150, doubled=False), seed)
    whole = made(tmp_path / "whole", [world], ["full"], end.project, end.build)
    deliveries, modes = arrival(world, seed)
    found = made(tmp_path / "arrived", deliveries, modes, end.project, end.build)
    assert facts(content_hashes(found)) == facts(content_hashes(whole))


def test_a_delivery_with_30_percent_corrected_reproduces_the_truth(end: End, tmp_path: Path) -> None:
    as_of = date(2026, 11, 1)
    truth = read_csv(write_delivery(tmp_path / "delivery", Parameters(survivors=300)).folder)
    first, corrected = wrong_at_first(truth, 1, 0.3)
    n_rows = sum(len(truth.rows[table]) for table in WRONG)
    assert 0.28 * n_rows < sum(map(len, corrected.rows.values())) < 0.32 * n_rows
    assert as_of == AS_OF
    clean, wrong, right = (
        facts(content_hashes(made(tmp_path / name, deliveries, modes, end.project, end.build)))
        for name, deliveries, modes in (
            ("clean", [truth], ["full"]),
            ("wrong", [first], ["full"]),
            ("right", [first, corrected], ["full", "incremental"]),
        )
    )
    assert right == clean
    different = {name for name in clean if clean[name] != wrong[name]}
    assert {"core.fct_episode", "aso.fct_score", "aso.snapshot", "aso.change", "services.episode_month"} <= different
