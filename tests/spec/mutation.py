"""Rules changed by a hair: the marts are made again from the changed SQL, and the example named beside must fail."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb
import yaml

from tests.spec.conftest import Batch
from tests.spec.found import FATES, GOES_TO, of_sql, wrong

FILE = Path(__file__).parent / "mutants.yml"


@dataclass(frozen=True)
class Mutant:
    """One changed rule: the model, what is put for what in its compiled SQL, and the example that must notice."""

    rule: str
    model: str
    swap: dict[str, str]
    caught_by: str

    @property
    def name(self) -> str:
        """What its test is called by."""
        return f"{self.model}: {self.rule}"


def mutants() -> list[Mutant]:
    """All changed rules."""
    return [Mutant(**one) for one in yaml.safe_load(FILE.read_text(encoding="utf-8"))]


def changed(sql: str, swap: dict[str, str]) -> str:
    """The SQL with each text put for the other; each must stand in it."""
    for was, becomes in swap.items():
        assert was in sql, f"{was!r} is not in the model any more"
        sql = sql.replace(was, becomes)
    return sql


def faults(connection: duckdb.DuckDBPyConnection, batch: Batch, mutant: Mutant) -> list[str]:
    """What the example says of the changed rule; the database is as it was afterwards."""
    example, recorded = batch.told[mutant.caught_by]
    wanted = {table.what.rpartition(".")[2] for table in example.expected} - {GOES_TO}
    if any(table.what == GOES_TO for table in example.expected):
        wanted |= {model for model, _ in FATES.values()}
    model = batch.project.models[mutant.model]
    connection.execute("begin")
    try:
        connection.execute(model.make(changed(model.sql, mutant.swap)))
        batch.project.run(connection, batch.project.downstream(mutant.model, wanted)[1:])
        return wrong(example, of_sql(connection), recorded)
    finally:
        connection.execute("rollback")
