"""All that a home holds on one person: every row of every layer that has a key of hers."""

import json
from dataclasses import dataclass, field

import duckdb

from flows.erase.held import everything, working
from flows.erase.keys import Relation, close, n_doomed
from flows.erase.request import Unknown, people_of, unknown
from flows.extract.pseudonymise import Key
from flows.publish.files import refusing
from flows.warehouse import Home


@dataclass
class Held:
    """A row about the person: its table, its columns that are filled, and in which parts of the home it stands just so."""

    table: str
    row: dict[str, str]
    where: list[str] = field(default_factory=list)


def held_on(home: Home, key: Key, person: str) -> list[Held]:
    """Every row about the person whose survivor or episode key this is, equal rows of several deliveries or releases once.

    Raises Unknown where nothing is held under that key.
    """
    found: dict[tuple[str, str], Held] = {}
    with (
        working(home, key) as connection,
        refusing("looking for the person"),
        everything(connection, home) as relations,
    ):
        if unknown(connection, relations, [person]):
            raise Unknown(1)
        people_of(connection, relations, [person])
        close(connection, relations)
        for relation in relations:
            for row in _rows(connection, relation):
                text = json.dumps(row, sort_keys=True)
                held = found.setdefault((relation.name, text), Held(relation.name, row))
                held.where.append(relation.where)
    return list(found.values())


def _rows(connection: duckdb.DuckDBPyConnection, relation: Relation) -> list[dict[str, str]]:
    if not n_doomed(connection, relation):
        return []
    cursor = connection.execute(f"select * from {relation.sql} where {relation.is_doomed}")
    names = [str(column[0]) for column in cursor.description or []]
    rows = [
        {name: str(value) for name, value in zip(names, row, strict=True) if value is not None}
        for row in cursor.fetchall()
    ]
    for row in rows:
        row.pop("extract_sequence", None)  # the part of the home says it
    return rows


def as_json(held: list[Held]) -> str:
    """All of it as one JSON document."""
    return json.dumps([{"table": one.table, "in": one.where, "row": one.row} for one in held], indent=1)


def as_lines(held: list[Held]) -> list[str]:
    """All of it as text: a heading for each table, then a line for each row and where it stands."""
    lines: list[str] = []
    for table in dict.fromkeys(one.table for one in held):
        rows = [one for one in held if one.table == table]
        lines.append(f"{table}: {len(rows):,} rows")
        for one in rows:
            told = ", ".join(f"{name} {value}" for name, value in one.row.items())
            lines.append(f"  {told}\n    in {'; '.join(one.where)}")
    return lines
