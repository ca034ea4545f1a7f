"""The landing door: what is known about a delivery before anything is loaded.

The caller counts and passes check_id, n_checked, n_failed. Where a fact does not exist (a database has no file hash,
an incremental delivery may be empty) the caller delivers 0 checked, which is not applicable; leaving it out is an
error.
"""

from expectations.checks import Check
from expectations.suites.rules import SOURCE_TABLES, group

NEVER_EMPTY = {"survivors", "aftercare_episodes"}


def _of_table(table: str) -> list[Check]:
    """The five checks that every delivered table passes."""
    file = {
        f"{table}.file_hash": "A file that differs from its manifest was cut or changed on the way.",
        f"{table}.required_columns": "Columns are matched by name, so a missing one cannot be guessed.",
    }
    rows = {f"{table}.row_count": "A file cut at the end of a line reads well; only the manifest's count shows it."}
    extra = {f"{table}.extra_columns": "A column that the contract does not classify is dropped, and nobody reads it."}
    empty = {f"{table}.not_empty": "An empty table is far more often a failed export than an office without work."}
    return [
        *group("conformance", "file", file, severity="block"),
        *group("completeness", "file", rows, severity="block"),
        *group("conformance", "file", extra),
        *group("completeness", "file", empty, severity="block" if table in NEVER_EMPTY else "warn"),
    ]


_EXTRA = {"delivery.extra_tables": "A table that the contract does not know is left where it is, and nobody reads it."}
_TIMELINESS = {
    "delivery.gap": "An incremental delivery that starts after the last one ended leaves changes out.",
    "delivery.without_base": "An incremental delivery says nothing about the rows that a full one would have held.",
}
_KEY = {"delivery.key_rotated": "Pseudonyms under a new key do not match those of earlier releases."}

CHECKS: list[Check] = [
    *(check for table in SOURCE_TABLES for check in _of_table(table)),
    *group("conformance", "file", _EXTRA),
    *group("completeness", "timeliness", _TIMELINESS),
    *group("conformance", "key", _KEY),
]
