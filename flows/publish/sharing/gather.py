"""The exact rows behind each shared table, read from the marts. A mart that is not there yet gives no rows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

import duckdb

from flows.publish import content
from flows.publish.sharing.cells import Row, Tables
from flows.publish.tables import AGE_BANDS, CASEWORK_TYPES, GENDERS, OUTCOMES

SQL = Path(__file__).parent / "sql"

# Lists of groups are fixed, never read from the data: a group with nobody in it looks like any other hidden one.
GROUPS: dict[str, tuple[str, ...]] = {
    "casework_type": CASEWORK_TYPES,
    "outcome": OUTCOMES,
    "age_band": AGE_BANDS,
    "gender": GENDERS,
}
STRATA = ("overall", "casework_type", "age_band", "severity", "office_id")
ALL = "all"

Found = list[dict[str, Any]]


@dataclass(frozen=True)
class Marts:
    """The marts of a release, attached as `marts`: which tables and columns there are, and how groups are called."""

    connection: duckdb.DuckDBPyConnection
    tables: Mapping[str, Mapping[str, str]]
    offices: Mapping[str, str]
    partners: Mapping[str, str]

    def has(self, table: str, *columns: str) -> bool:
        """Whether a table is there with these columns."""
        return table in self.tables and set(columns) <= self.tables[table].keys()

    def ask(self, query: str) -> Found:
        """The rows of a query as mappings."""
        cursor = self.connection.execute(query)
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def table(self, table: str, *columns: str) -> Found:
        """All rows of a table, some columns, in a fixed order; none where it or a column is not there."""
        if not self.has(table, *columns):
            return []
        return self.ask(
            f"select {', '.join(map(content.quoted, columns))} from marts.{content.quoted(table)} order by all"
        )

    def label(self, stratum: str, value: str) -> str | None:
        """What a group is called; None for a value that is no group of the stratum."""
        if stratum == "overall":
            return ALL if value == ALL else None
        if stratum == "office_id":
            return self.offices.get(value)
        if stratum in GROUPS:
            return value if value in GROUPS[stratum] else None
        return value if stratum == "severity" and len(value) <= 20 else None


def marts_of(connection: duckdb.DuckDBPyConnection) -> Marts:
    """What is attached as `marts`."""
    names = {}
    for kind in ("office", "partner"):
        query = f"select {kind}_id::varchar, coalesce(name, {kind}_id)::varchar from marts.core.dim_{kind} order by 1"
        names[kind] = dict(connection.execute(query).fetchall())
    return Marts(connection, content.tables_of(connection, "marts"), names["office"], names["partner"])


def number(value: object) -> float | None:
    """A finite number, or None."""
    return float(value) if isinstance(value, int | float) and isfinite(value) else None


def whole(value: object) -> int:
    """A number of people: never negative, 0 where it is not known."""
    return max(0, int(number(value) or 0))


def told(found: Mapping[str, Any], *columns: str) -> dict[str, Any]:
    """The columns of a row that are no number of people, as JSON takes them."""
    return {name: _plain(found[name]) for name in columns}


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | str):
        return value
    return number(value) if isinstance(value, float) else str(value)


def by_group(marts: Marts, dimension: str) -> list[Row]:
    """Episodes and people by group; what is in no known group is counted with the rest."""
    column = "office_id" if dimension == "office" else dimension
    found = marts.connection.execute(
        f"select {content.quoted(column)}::varchar, count(*), count(distinct survivor_key) "
        "from marts.core.fct_episode group by 1"
    ).fetchall()
    labels = dict(marts.offices) if dimension == "office" else {name: name for name in GROUPS[dimension]}
    rest = "unknown" if "unknown" in labels or dimension == "office" else "other"
    counts: dict[str, int] = dict.fromkeys(labels, 0)
    people: dict[str, int] = dict.fromkeys(labels, 0)
    for name, n_episodes, n_people in found:
        group = name if name in labels else rest
        labels.setdefault(group, group)
        counts[group] = counts.get(group, 0) + n_episodes
        people[group] = people.get(group, 0) + n_people
    return [Row((name,), {"n": counts[name], "people": people[name]}, {"label": labels[name]}) for name in labels]


def read_sql(name: str) -> str:
    """The text of a query that lies beside."""
    return (SQL / f"{name}.sql").read_text(encoding="utf-8")


Gather = Callable[[Marts], Sequence[Row]]


def gather(marts: Marts, gatherers: Mapping[str, Gather]) -> Tables:
    """The exact rows of every table."""
    return {name: list(gatherer(marts)) for name, gatherer in gatherers.items()}
