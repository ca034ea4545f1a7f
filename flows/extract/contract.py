"""The JDS source contract as data: which tables and columns come in, how each lands, how sensitive it is.

Read from `jds.yml` beside this file. A column that is not classified refuses to load.
"""

import csv
import hashlib
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from flows.errors import ContractError

# The code lists that dbt has too: one owner, the seed.
DEFAULT_INSTRUMENT = "aso"
CODE_SEEDS = Path(__file__).resolve().parents[2] / "dbt_project" / "seeds" / "codes"
CLASSES = frozenset({"direct", "quasi", "sensitive", "free_text", "none"})
PLAIN_KINDS = frozenset({"drop", "birth_year", "closure", "text", "date", "timestamp", "bool", "int", "number"})
# A column of these classes may land only as a pseudonym, a year or a code, never as it came.
NEVER_AS_IT_CAME = frozenset({"direct", "free_text"})


@dataclass(frozen=True)
class Column:
    """One column of a source table: its name, how it lands (`kind`), its list or key kind (`of`), its sensitivity."""

    name: str
    kind: str
    of: str
    sensitivity: str
    optional: bool = False

    @property
    def landed_as(self) -> str | None:
        """The name of the raw column; None where the column never lands."""
        if self.kind == "drop":
            return None
        if self.kind == "key":
            return self.name.removesuffix("_id") + "_key"
        return {"birth_year": "birth_year", "closure": "closure_code"}.get(self.kind, self.name)


@dataclass(frozen=True)
class Table:
    """One source table: its columns in contract order and its key."""

    name: str
    primary_key: tuple[str, ...]
    columns: tuple[Column, ...]
    is_reference: bool
    may_be_empty: bool

    def column(self, name: str) -> Column:
        """The column of that name; KeyError where there is none."""
        return {column.name: column for column in self.columns}[name]

    @property
    def landed_key(self) -> tuple[str, ...]:
        """The raw names of the primary key's columns."""
        return tuple(self.column(name).landed_as or name for name in self.primary_key)


@dataclass(frozen=True)
class Contract:
    """The whole contract: tables by name, code lists by name, closure patterns in the order they are tried."""

    schema_version: str
    tables: dict[str, Table]
    codes: dict[str, tuple[str, ...]]
    closure_patterns: tuple[tuple[str, str], ...] = field(default=())

    @property
    def fingerprint(self) -> str:
        """A hash of all of it: raw files landed under another one may hold other codes."""
        return hashlib.sha256(repr(self).encode()).hexdigest()[:16]


def _column(table: str, name: str, spec: dict[str, Any]) -> Column:
    kind, _, of = str(spec.get("as", "")).partition(":")
    sensitivity = spec.get("class")
    classified = sensitivity in CLASSES and (kind in PLAIN_KINDS or (kind in {"key", "code"} and of))
    as_it_came = kind not in {"drop", "key", "birth_year", "closure"}
    if not classified or (sensitivity in NEVER_AS_IT_CAME and as_it_came):
        raise ContractError(
            f"column {name} of the contract has no valid classification",
            stage="landing",
            table=table,
            next_step="give the column a kind (as) and a sensitivity (class) in flows/extract/jds.yml",
        )
    return Column(name, kind, of, str(sensitivity), bool(spec.get("optional", False)))


def parse(document: dict[str, Any], patterns: tuple[tuple[str, str], ...] = ()) -> Contract:
    """The contract from its YAML document; ContractError naming the table where a column is not classified."""
    tables = {}
    for name, spec in document["tables"].items():
        columns = dict(spec["columns"])
        if not spec.get("reference", False):
            columns |= document["soft_delete"]
        columns |= document["common"]
        tables[name] = Table(
            name=name,
            primary_key=tuple(spec["primary_key"]),
            columns=tuple(_column(name, column, how) for column, how in columns.items()),
            is_reference=bool(spec.get("reference", False)),
            may_be_empty=bool(spec.get("may_be_empty", True)),
        )
    codes = {name: tuple(str(value) for value in values) for name, values in document["codes"].items()}
    return Contract(str(document["schema_version"]), tables, codes, patterns)


def instruments(instrument: str | None = None) -> dict[str, tuple[str, ...]]:
    """Indicator codes by instrument, of the one that is named or of all, in the order of the seed.

    Raises ContractError with the names there are where the one named is not known.
    """
    found: dict[str, tuple[str, ...]] = {}
    for row in _rows(CODE_SEEDS / "indicators.csv"):
        found[row["instrument"]] = (*found.get(row["instrument"], ()), row["indicator_code"])
    if instrument is None:
        return found
    if instrument not in found:
        raise ContractError(
            "there is no instrument of this name",
            stage="landing",
            table="aso_scores",
            next_step=f"use one of: {', '.join(found)}; an instrument is a row of instruments.csv in {CODE_SEEDS.name}/",
        )
    return {instrument: found[instrument]}


@cache
def jds(instrument: str | None = None) -> Contract:
    """The JDS contract that ships with the project; `indicator` lists the codes of the instrument, or of all where none is named.

    A delivery lands under all, so that what has landed serves whichever instrument is in force: dbt decides which codes count.
    Raises ContractError for an instrument that is not known.
    """
    here = Path(__file__).parent
    document = yaml.safe_load((here / "jds.yml").read_text(encoding="utf-8"))
    codes = dict.fromkeys(code for listed in instruments(instrument).values() for code in listed)
    document["codes"]["indicator"] = list(codes)
    patterns = tuple((row["pattern"], row["code"]) for row in _rows(here / "closure_reasons.csv"))
    return parse(document, patterns)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
