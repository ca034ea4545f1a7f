"""The marts without dbt: the SQL that a build has compiled, run model by model in an order that DuckDB can follow.

What dbt adds (contracts, tests, a log) is left out; what the SQL says is the same. A test holds that both give equal marts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from graphlib import TopologicalSorter
from pathlib import Path

import duckdb

RELATION = re.compile(r'"build"\."(\w+)"\."(\w+)"')
SEEDS = "codes"
# Models outside staging that are views.
VIEWS = frozenset({"int_timeline"})


@dataclass(frozen=True)
class Model:
    """One compiled model: where it goes, and the query."""

    schema: str
    name: str
    sql: str

    @property
    def needs(self) -> set[str]:
        """The names of the models, seeds and landed tables that it reads."""
        return {name for _, name in RELATION.findall(self.sql)} - {self.name}

    def make(self, sql: str | None = None) -> str:
        """The statement that makes it, from another query when one is given."""
        kind = "view" if self.schema == "staging" or self.name in VIEWS else "table"
        return f'create or replace {kind} "build"."{self.schema}"."{self.name}" as ({sql or self.sql}\n)'


@dataclass(frozen=True)
class Project:
    """All compiled models, each after those that it reads."""

    models: Mapping[str, Model]

    @classmethod
    def compiled(cls, target: Path) -> Project:
        """The models that a `dbt build` left in its target folder."""
        found = {}
        for path in sorted((target / "compiled" / "aftercare" / "models").rglob("*.sql")):
            if path.parent.suffix != ".yml":
                room = path.parent.name
                schema = {"jds": "staging", "intermediate": "intermediate"}.get(room, room)
                found[path.stem] = Model(schema, path.stem, path.read_text(encoding="utf-8"))
        return cls.in_order(found)

    @classmethod
    def in_order(cls, found: Mapping[str, Model]) -> Project:
        """These models, each after those that it reads."""
        graph = {name: model.needs & set(found) for name, model in found.items()}
        return cls({name: found[name] for name in TopologicalSorter(graph).static_order()})

    @cached_property
    def by_schema(self) -> dict[str, list[str]]:
        """The names of the models of each schema."""
        rooms: dict[str, list[str]] = {}
        for name, model in self.models.items():
            rooms.setdefault(model.schema, []).append(name)
        return rooms

    def downstream(self, changed: str, wanted: Iterable[str]) -> list[str]:
        """The model and what depends on it, in order, as far as the wanted models need it."""
        after = [changed]
        for name, model in self.models.items():
            if name != changed and model.needs & set(after):
                after.append(name)
        needed = set(wanted)
        for name in reversed(list(self.models)):
            if name in needed:
                needed |= self.models[name].needs
        return [name for name in after if name in needed]

    def run(self, connection: duckdb.DuckDBPyConnection, names: Iterable[str] | None = None) -> None:
        """Make these models (all, unless told otherwise) in the database `build` of the connection."""
        for schema in self.by_schema:
            connection.execute(f'create schema if not exists "build"."{schema}"')
        for name in self.models if names is None else names:
            connection.execute(self.models[name].make())


def with_seeds(connection: duckdb.DuckDBPyConnection, built: Path) -> None:
    """Copy the code lists of a built file into the database `build` of the connection."""
    connection.execute(f"attach '{built}' as one_built (read_only)")
    connection.execute(f'create schema if not exists "build"."{SEEDS}"')
    for (name,) in connection.execute(
        "select table_name from duckdb_tables() where database_name = 'one_built' and schema_name = ?", [SEEDS]
    ).fetchall():
        connection.execute(f'create table "build"."{SEEDS}"."{name}" as from one_built."{SEEDS}"."{name}"')
    connection.execute("detach one_built")
