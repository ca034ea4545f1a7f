"""What landing knows of a delivery, as counts for the landing door.

A delivery whose hash, row count or columns were wrong was refused before; these counts say that it was looked at.
"""

import pandas as pd

from flows.extract.contract import jds
from flows.night import Night


def landing_counts(night: Night) -> pd.DataFrame:
    """check_id, n_checked, n_failed for every check of the landing door."""
    facts, standing = night.facts, night.standing
    rows: list[tuple[str, int, int]] = []
    for table in jds().tables.values():
        n_rows = facts.rows[table.name]
        rows += [
            (f"{table.name}.file_hash", len(facts.sha256[table.name]), 0),
            (f"{table.name}.row_count", 1, 0),
            (f"{table.name}.required_columns", len(table.columns), 0),
            (f"{table.name}.extra_columns", len(table.columns), facts.extra_columns[table.name]),
            (f"{table.name}.not_empty", int(facts.mode == "full"), int(facts.mode == "full" and n_rows == 0)),
        ]
    rows += [
        ("delivery.extra_tables", len(jds().tables), facts.extra_tables),
        ("delivery.gap", 1, int(standing.is_gap)),
        ("delivery.without_base", 1, int(standing.is_without_base)),
        ("delivery.key_rotated", 1, int(standing.is_key_rotated)),
    ]
    return pd.DataFrame(rows, columns=["check_id", "n_checked", "n_failed"])


def extract_rows(night: Night) -> pd.DataFrame:
    """Rows of meta.extract: one for each delivery in scope and table."""
    return pd.DataFrame(
        [
            {
                "extract_id": extract.facts["extract_id"],
                "source_table": table,
                "n_rows": facts["rows"],
                "sha256": " ".join(facts["sha256"]),
                "mode": extract.facts["mode"],
            }
            for extract in night.scope
            for table, facts in extract.facts["tables"].items()
        ]
    )
