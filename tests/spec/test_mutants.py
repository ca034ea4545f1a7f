"""Every rule is held by an example: change a cut-off, a window, a tie or a precedence by a hair and that example fails."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from flows.publish.content import content_hashes
from tests.spec.conftest import Batch
from tests.spec.found import of_sql, wrong
from tests.spec.mutation import Mutant, faults, mutants
from tests.spec.page import examples, pages

ALL = mutants()
SAMPLE = ALL[::8]


@pytest.fixture(scope="module")
def scratch(batch: Batch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """A copy of the build, to spoil; compiled SQL names the file."""
    copy = shutil.copy(batch.build, tmp_path_factory.mktemp("mutants") / batch.build.name)
    with duckdb.connect(str(copy)) as connection:
        yield connection


def notices(connection: duckdb.DuckDBPyConnection, batch: Batch, mutant: Mutant) -> bool:
    return bool(faults(connection, batch, mutant))


@pytest.mark.parametrize("mutant", SAMPLE, ids=lambda mutant: mutant.name)
def test_a_changed_rule_is_noticed(scratch: duckdb.DuckDBPyConnection, batch: Batch, mutant: Mutant) -> None:
    assert notices(scratch, batch, mutant)


@pytest.mark.slow
@pytest.mark.parametrize("mutant", [one for one in ALL if one not in SAMPLE], ids=lambda mutant: mutant.name)
def test_every_other_changed_rule_is_noticed(scratch: duckdb.DuckDBPyConnection, batch: Batch, mutant: Mutant) -> None:
    assert notices(scratch, batch, mutant)


def test_every_changed_rule_names_an_example_and_every_page_has_one() -> None:
    known = {example.name: example.page for example in examples()}
    assert [mutant.rule for mutant in ALL if mutant.caught_by not in known] == []
    assert {known[mutant.caught_by] for mutant in ALL} == {page.name for page in pages()}
    assert len({mutant.name for mutant in ALL}) == len(ALL)


def test_the_compiled_models_alone_make_the_marts_that_dbt_makes(
    scratch: duckdb.DuckDBPyConnection, batch: Batch, tmp_path: Path
) -> None:
    """Else a changed rule would be noticed for another reason than the change."""
    copy = Path(shutil.copy(batch.build, tmp_path / batch.build.name))
    with duckdb.connect(str(copy)) as connection:
        batch.project.run(connection)
        assert [name for name, (example, told) in batch.told.items() if wrong(example, of_sql(connection), told)] == []
    assert content_hashes(copy) == content_hashes(batch.build)
