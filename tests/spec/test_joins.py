"""No model holds every row of one table against every row of another: quick on a small delivery, without end on a large one.

DuckDB does so where the condition of a left join names its left side alone, beside the key. Three models may, once each: what they hold
against are the few items of the instrument, or the dates that assessments are due on.
"""

from __future__ import annotations

import duckdb

from tests.spec.conftest import Batch

AGAINST_A_SHORT_LIST = {"int_assessment": 1, "fct_score": 1, "int_episode_recording": 1}


def every_row_with_every_row(connection: duckdb.DuckDBPyConnection, sql: str) -> int:
    """How many joins of a query do so."""
    return connection.execute(f"explain {sql}").fetchall()[0][1].count("BLOCKWISE_NL_JOIN")


def test_no_model_joins_all_with_all(batch: Batch) -> None:
    with duckdb.connect(str(batch.build), read_only=True) as connection:
        found = {name: every_row_with_every_row(connection, model.sql) for name, model in batch.project.models.items()}
    assert {name: n for name, n in found.items() if n > AGAINST_A_SHORT_LIST.get(name, 0)} == {}


def test_such_a_join_is_seen(batch: Batch) -> None:
    sql = batch.project.models["int_episode_fate"].sql
    key = "case when one_each.bucket = 'out' then one_each.root_episode_key end = root.episode_key"
    assert key in sql
    slow = sql.replace(key, "one_each.root_episode_key = root.episode_key and one_each.bucket = 'out'")
    with duckdb.connect(str(batch.build), read_only=True) as connection:
        assert every_row_with_every_row(connection, slow)
