"""A session of statements on one release: at a terminal with history and completion, from a pipe without."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

import duckdb

from flows.publish.release import current_release, open_release
from flows.query import QueryError, note, result
from flows.warehouse import Home

HISTORY = ".aftercare_sql_history"  # in the user's own home folder
MOST_KEPT = 1000
DELIMITERS = " \t\n,;()[]=<>+-*/%|'\""
_NAMES = """
    select schema_name || '.' || table_name from duckdb_tables() where database_name = current_database()
    union all
    select column_name from duckdb_columns() where database_name = current_database()
    union all
    select keyword_name from duckdb_keywords() where keyword_category = 'reserved'
    union all
    select function_name from duckdb_functions() where function_type = 'aggregate' and regexp_matches(function_name, '^[a-z_]+$')
"""


def shell(home: Home, *, fmt: str, at: datetime, keep_history: bool = True) -> None:
    """Read statements, each ended by `;`, and print their results. One release for the whole session."""
    with open_release(home) as connection:
        if not sys.stdin.isatty():
            for statement in statements(sys.stdin):
                note(home, statement, at)
                print(result(connection, statement, fmt))
            return
        print(
            f"{current_release(home)}, read-only. End a statement with ; and the session with Ctrl-D. Tab completes. Try: show all tables;"
        )
        with _edited(connection, Path.home() / HISTORY if keep_history else None):
            for statement in statements(_typed()):
                note(home, statement, at)
                _say(connection, statement, fmt)


def statements(lines: Iterator[str]) -> Iterator[str]:
    """The lines put together until one ends with `;`; a line without even its end throws away what was begun."""
    pending = ""
    for line in lines:
        pending = f"{pending}{line}" if line else ""
        if pending.rstrip().endswith(";"):
            yield pending
            pending = ""
    if pending.strip():
        yield pending


def _typed() -> Iterator[str]:
    """What a person types; Ctrl-C throws the begun statement away, Ctrl-D ends."""
    begun = False
    while True:
        try:
            line = input("  ... " if begun else "sql > ") + "\n"
        except KeyboardInterrupt:
            print()
            line = ""
        except EOFError:
            print()
            return
        begun = not line.rstrip().endswith(";") if line.strip() else begun and line == "\n"
        yield line


def _say(connection: duckdb.DuckDBPyConnection, statement: str, fmt: str) -> None:
    try:
        print(result(connection, statement, fmt))
    except QueryError as error:
        print(error.text())


@contextmanager
def _edited(connection: duckdb.DuckDBPyConnection, history: Path | None) -> Iterator[None]:
    """The line editor with completion, and with what was typed before where that is to be kept; only the user can read it."""
    import readline

    known = names(connection)
    readline.set_completer_delims(DELIMITERS)
    readline.set_completer(lambda text, number: [*completions(text, known), None][number])
    readline.parse_and_bind("tab: complete")
    if history:
        with suppress(OSError):
            readline.read_history_file(history)
    try:
        yield
    finally:
        readline.set_completer(None)
        if history:
            readline.set_history_length(MOST_KEPT)
            with suppress(OSError):  # a home folder that cannot be written costs the history, not the session
                os.close(os.open(history, os.O_WRONLY | os.O_CREAT, 0o600))
                history.chmod(0o600)
                readline.write_history_file(history)


def names(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Everything that can be completed: tables with their schema, columns, keywords, aggregates."""
    return sorted({name for (name,) in connection.execute(_NAMES).fetchall()})


def completions(text: str, known: list[str]) -> list[str]:
    """The names that begin as a text does, whatever its case; after an alias and a dot, columns."""
    start = text.lower()
    found = [name for name in known if name.startswith(start)]
    alias, dot, column = start.rpartition(".")
    if found or not dot:
        return found
    return [f"{text[: len(alias)]}.{name}" for name in known if name.startswith(column) and "." not in name]
