"""outcomes.history: the headline figures of this release behind those of the releases that it goes on from."""

from datetime import date
from pathlib import Path

import duckdb
import pandas as pd

SQL = Path(__file__).with_suffix(".sql")


def remember(connection: duckdb.DuckDBPyConnection, figures: pd.DataFrame, *, release_id: str, as_of: date) -> int:
    """How many rows outcomes.history now has, with the figures (`ml.contracts.FIGURE`) that this release will publish.

    A release of the same or a later date is not in it: a date made again takes its own place, and a past date knows no
    later one. What later releases remember lies in their own history/<release_id>/ and is not touched.
    """
    connection.register("incoming", figures)
    facts = {"release_id": release_id, "as_of": as_of}
    connection.execute("begin")
    for statement in connection.extract_statements(SQL.read_text(encoding="utf-8")):
        connection.execute(statement, {name: facts[name] for name in statement.named_parameters})
    connection.execute("commit")
    connection.unregister("incoming")
    ((n,),) = connection.execute("select count(*) from outcomes.history").fetchall()
    return int(n)
