"""What stays as it was published: two releases a night apart would tell, by their difference, what happened to one person.

A row is published anew in a new month of as_of, or when a number of people behind it moved by the threshold or more. Until then the
row of the last release stands, a row that is gone too, and a new row waits. A changed definition, a raised threshold or a new form of
the tables publishes everything anew: what is compared then is not the same thing.
"""

from collections.abc import Mapping, Sequence

from flows.publish.sharing.cells import Key, Row, State, Tables

# What is no number of people moves when it moves.
FREE = frozenset({"risk_indicators", "model_cards", "checks_summary", "checks_spoken", "definitions", "trainings"})


def at_rest(tables: Tables, past: State | None, *, month: str, threshold: int, definitions: str) -> Tables:
    """The rows to publish: new ones, and those of the last release where they are not to move yet."""
    if past is None or (past.month, past.threshold, past.definitions) != (month, threshold, definitions):
        return tables
    return {
        table: list(rows) if table in FREE else _rows(rows, past.tables.get(table, {}), threshold)
        for table, rows in tables.items()
    }


def _rows(rows: Sequence[Row], before: Mapping[Key, Row], threshold: int) -> list[Row]:
    if not before:
        return list(rows)
    now = {row.key: row for row in rows}
    order = [*now, *(key for key in before if key not in now)]
    kept = (_row(now.get(key), before.get(key), threshold) for key in order)
    return [row for row in kept if row is not None]


def _row(now: Row | None, before: Row | None, threshold: int) -> Row | None:
    counts, known = (dict(row.counts) if row else {} for row in (now, before))
    moved = max((abs(counts.get(name, 0) - known.get(name, 0)) for name in counts | known), default=0)
    return now if moved >= threshold else before
