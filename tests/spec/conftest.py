"""All examples of all rules in one delivery, built once a session; the same delivery in the second reading."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from tests.bare import Project
from tests.conftest import alone
from tests.nights import KEY, built
from tests.oracle.buckets import sort_into_buckets
from tests.oracle.delivery import read_scope
from tests.property.readings import read_again, write
from tests.property.worlds import AS_OF, with_keys
from tests.spec.found import Reader, of_python, of_sql
from tests.spec.given import Recorded, one_delivery, record
from tests.spec.page import Example, examples


@dataclass(frozen=True)
class Batch:
    """The examples with what was recorded for each, both readings of the marts, and the compiled project."""

    told: dict[str, tuple[Example, Recorded]]
    build: Path
    sql: Reader
    python: Reader
    project: Project


def told() -> dict[str, tuple[Example, Recorded]]:
    """Each example and what it records, by name."""
    return {example.name: (example, record(example, number)) for number, example in enumerate(examples())}


@pytest.fixture(scope="session")
def batch(common: Path) -> Iterator[Batch]:
    """The one build that all examples share."""
    all_told, folder = told(), common / "spec"
    delivery = one_delivery(recorded for _, recorded in all_told.values())
    with alone(common / "spec.lock"):
        if not (folder / "done").exists():
            shutil.rmtree(folder, ignore_errors=True)
            keyed = write(folder / "keyed", [with_keys(delivery, KEY)])
            made = built(write(folder / "raw ids", [delivery]), folder / "home", folder / "dbt", as_of=AS_OF)
            (folder / "done").write_text(str(made), encoding="utf-8")
    build, keyed = Path((folder / "done").read_text(encoding="utf-8")), [folder / "keyed" / "0"]
    with duckdb.connect(str(build), read_only=True) as connection:
        house = sort_into_buckets(read_scope(keyed), as_of=AS_OF)
        yield Batch(
            told=all_told,
            build=build,
            sql=of_sql(connection),
            python=of_python(read_again(keyed, as_of=AS_OF), house),
            project=Project.compiled(folder / "dbt"),
        )
