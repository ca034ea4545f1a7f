"""The marts against the second reading of the contract, cell by cell; and equal facts in other clothes give equal marts."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from flows.console import ConsoleReporter
from flows.extract.simulate import Parameters, write_delivery, write_next, write_parts
from flows.publish.release import content_hashes
from flows.run import run_night
from tests.nights import KEY, built, settings_for
from tests.oracle import read_marts
from tests.oracle.compare import differences, with_pseudonyms

AS_OF = date(2026, 11, 1)
SMALL = Parameters(survivors=400)
# Two forms with equal stamps and equally many items are told apart by key, and pseudonyms do not sort as ids do: this seed has none.
NO_TIES = Parameters(survivors=400, seed=7)
# What names the deliveries themselves, or is filled after dbt.
NOT_OF_THE_FACTS = {"meta.extract", "meta.release", "quality.check"}

pytestmark = pytest.mark.xdist_group("second reading")


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where dbt keeps what it parsed, for all builds of this file."""
    return tmp_path_factory.mktemp("dbt")


@pytest.fixture(scope="module")
def csv_hashes(tmp_path_factory: pytest.TempPathFactory, target: Path) -> dict[str, str]:
    """Content hashes of the marts of the clean CSV delivery."""
    folder = tmp_path_factory.mktemp("csv")
    source = write_delivery(folder / "delivery", SMALL).folder
    return _facts(content_hashes(built([source], folder / "home", target, as_of=AS_OF)))


def _facts(hashes: dict[str, str]) -> dict[str, str]:
    return {table: digest for table, digest in hashes.items() if table not in NOT_OF_THE_FACTS and "." in table}


@pytest.mark.slow  # tests/property/test_two_readings.py holds it in CI, of worlds with more edges than the simulator's
def test_every_cell_of_a_dirty_delivery_is_what_the_second_reading_says(tmp_path: Path, target: Path) -> None:
    source = write_delivery(tmp_path / "delivery", Parameters(survivors=1200), faults=True).folder
    build = built([source], tmp_path / "home", target, as_of=AS_OF)
    assert differences(build, with_pseudonyms(read_marts([source], as_of=AS_OF), KEY)) == {}


@pytest.mark.slow  # tests/property/test_landing_forms.py holds in CI that both land alike
def test_parquet_gives_the_same_marts_as_csv(tmp_path: Path, target: Path, csv_hashes: dict[str, str]) -> None:
    source = write_delivery(tmp_path / "delivery", SMALL, fmt="parquet").folder
    assert _facts(content_hashes(built([source], tmp_path / "home", target, as_of=AS_OF))) == csv_hashes


@pytest.mark.slow  # tests/property/test_history.py holds in CI that any arrival gives the same marts
def test_three_incremental_deliveries_give_the_same_marts_as_one_full(
    tmp_path: Path, target: Path, csv_hashes: dict[str, str]
) -> None:
    sources = [part.folder for part in write_parts(tmp_path / "part", SMALL, parts=3)]
    assert _facts(content_hashes(built(sources, tmp_path / "home", target, as_of=AS_OF))) == csv_hashes


@pytest.mark.slow  # three whole nights; tests/property reads several deliveries with corrections, merges and deletes in the fast run
def test_following_nights_with_corrections_merges_and_deletes_are_what_the_second_reading_says(tmp_path: Path) -> None:
    first = write_delivery(tmp_path / "1", NO_TIES).folder
    second = write_next(tmp_path / "2", first).folder
    third = write_next(tmp_path / "3", second, mode="incremental").folder
    last = date(2026, 11, 3)
    for source in (first, second, third):
        run_night(settings_for(tmp_path / "home"), source, ConsoleReporter(), as_of=last)
    marts = with_pseudonyms(read_marts([first, second, third], as_of=last), KEY)
    assert differences(tmp_path / "home" / "current" / "marts.duckdb", marts) == {}
