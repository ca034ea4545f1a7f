"""docs/mapping.md says what the code holds."""

from __future__ import annotations

import re

from flows.extract.mapping import spec
from flows.extract.mapping.expression import FUNCTIONS
from flows.extract.mapping.shipped import names
from flows.settings import PROJECT

PAGE = (PROJECT / "docs" / "mapping.md").read_text(encoding="utf-8")
BY_OPERATOR = {"~~", "!~~", "~~*", "!~~*", "nullif"}  # `like`, and named with the operators


def test_every_function_is_listed_and_no_other() -> None:
    listed = PAGE.split("and the functions ")[1].split("`as_date`")[0]
    operators = set(PAGE.split("and the functions `")[1].split("`")[0].split())
    assert set(re.findall(r"[a-z_]{3,}", listed)) | operators == FUNCTIONS - BY_OPERATOR


def test_every_needed_column_is_listed() -> None:
    for table, columns in spec.NEEDED.items():
        if table != "delivery":
            row = next(line for line in PAGE.splitlines() if line.startswith(f"| {table} |"))
            assert set(re.findall(r"`(\w+)`", row)) == columns


def test_every_shipped_mapping_is_listed() -> None:
    assert all(f"| `{name}` |" in PAGE for name in names())
