"""The night's own SQL on a delivery that has not landed: the models of dbt_project, rendered and run in memory.

The rules of a row (which is a duplicate, an orphan, out of its dates) stand in those models alone. Here they are rendered as dbt would,
with the few words of dbt that they use, so that what is said before a delivery is what the night will do with it.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import jinja2
import yaml

from flows.warehouse import literal


@dataclass
class Models:
    """The models of a dbt project on one connection, each built when it is first asked for.

    Tables of `raw` are there before. `variables` are those that the night would give dbt: its instrument and definitions.
    """

    connection: duckdb.DuckDBPyConnection
    project: Path
    variables: Mapping[str, Any] = field(default_factory=dict)
    built: set[str] = field(default_factory=set)

    def build(self, name: str) -> str:
        """The name, once its relation is there with everything it refers to. Raises KeyError where the project has no such model."""
        if name not in self.built:
            path = self._paths[name]
            if path.suffix == ".csv":
                self._seed(name, path)
            else:
                self._model(name, path)
            self.built.add(name)
        return name

    def forget(self, name: str) -> None:
        """Drop what was built under a name, which nothing asks for any more."""
        self.connection.execute(f'drop {_kind(name)} if exists "{name}"')
        self.built.discard(name)

    def definition(self, name: str) -> Any:
        """The value of a definition: as the run gives it, else the project's."""
        return {**self._words["definitions"], **self._words["given"]}[name]["value"]

    def _model(self, name: str, path: Path) -> None:
        needed: list[str] = []
        text = self._render(path, needed.append)
        for one in needed:
            self.build(one)
        self.connection.execute(f'create {_kind(name)} "{name}" as {text}')

    def _seed(self, name: str, path: Path) -> None:
        relation = self.connection.read_csv(str(path), header=True, dtype=self._seed_types[name])
        self.connection.register(f"{name}#seed", relation)
        self.connection.execute(f'create table "{name}" as select * from "{name}#seed"')
        self.connection.unregister(f"{name}#seed")

    def _render(self, path: Path, needed: Callable[[str], None]) -> str:
        def ref(name: str) -> str:
            needed(name)
            return name

        words = {
            "ref": ref,
            "source": lambda schema, table: f"{schema}.{table}",
            "var": self._words.__getitem__,
            "target": SimpleNamespace(name="night", schema="main"),
        }
        macros = {
            name: macro for name, macro in vars(_compiled(self._macros).make_module(words)).items() if callable(macro)
        }
        return _compiled(path.read_text(encoding="utf-8")).render(words | macros)

    @cached_property
    def _macros(self) -> str:
        return "".join(path.read_text(encoding="utf-8") for path in sorted((self.project / "macros").glob("*.sql")))

    @cached_property
    def _words(self) -> dict[str, Any]:
        document = yaml.safe_load((self.project / "dbt_project.yml").read_text(encoding="utf-8"))
        return {**document["vars"], **self.variables}

    @cached_property
    def _seed_types(self) -> dict[str, dict[str, str]]:
        document = yaml.safe_load((self.project / "seeds" / "codes" / "_codes.yml").read_text(encoding="utf-8"))
        return {seed["name"]: seed["config"]["column_types"] for seed in document["seeds"]}

    @cached_property
    def _paths(self) -> dict[str, Path]:
        return {path.stem: path for path in self._files()}

    def _files(self) -> Iterator[Path]:
        yield from (self.project / "models" / "staging").rglob("*.sql")
        yield from (self.project / "models" / "intermediate").glob("*.sql")
        yield from (self.project / "seeds" / "codes").glob("*.csv")


@lru_cache(maxsize=256)
def _compiled(text: str) -> jinja2.Template:
    """A text of dbt's project as a template, compiled once a process: the macros are in each of its models."""
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, extensions=["jinja2.ext.do"], autoescape=False)
    return environment.from_string(text)


def _kind(name: str) -> str:
    """As dbt_project.yml says: what is staged is a view."""
    return "view" if name.startswith("stg_") else "table"


def nothing_known_before(models: Models) -> None:
    """Say to the models that no key was known before this delivery: it is looked at alone."""
    columns = "table_name varchar, key varchar, was_gone boolean, is_gone boolean"
    models.connection.execute(f"create table int_key_known_before ({columns})")
    models.built.add("int_key_known_before")


def run_facts(models: Models, *, as_of: str, is_full: bool, extracted_on: str) -> None:
    """Make `raw.run`, which says what the night would know of itself."""
    models.connection.execute("create schema if not exists raw")
    models.connection.execute(
        f"create table raw.run as select {literal(as_of)}::date as as_of, {is_full} as has_full_delivery, "
        f"{literal(extracted_on)}::date as extracted_on"
    )
