"""What became of the input rows, counted."""

from __future__ import annotations

from collections import Counter

import pandas as pd

from tests.oracle.buckets import BUCKETS, House


def conservation(house: House) -> pd.DataFrame:
    """One row per source table: how many rows came in and where they went."""
    # READING: n_in counts every row of the deliveries in scope; a key that is gone has no row and is not counted, its
    # children are.
    lines = []
    for table, rows in house.scope.rows.items():
        count = Counter(row.bucket for row in rows)
        lines.append(
            {"source_table": table, "n_in": len(rows), **{f"n_{bucket}": count[bucket] for bucket in reversed(BUCKETS)}}
        )
    order = ["source_table", "n_in", "n_out", "n_quarantined", "n_collapsed", "n_tombstoned", "n_excluded"]
    return pd.DataFrame(lines)[order]


def quarantine(house: House) -> pd.DataFrame:
    """One row per source table and rule: how many rows are quarantined by it."""
    count = Counter(
        (row.table, row.rule) for rows in house.scope.rows.values() for row in rows if row.bucket == "quarantined"
    )
    lines = [(table, rule, n_rows) for (table, rule), n_rows in sorted(count.items())]
    return pd.DataFrame(lines, columns=["source_table", "rule", "n_rows"])
