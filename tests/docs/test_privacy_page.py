"""docs/privacy.md: each claim names a test that exists, and every command and setting that it names does."""

from __future__ import annotations

import ast
import re

from flows.cli import cli
from flows.settings import PREFIX, Settings
from tests.architecture.tree import ROOT

PAGE = (ROOT / "docs" / "privacy.md").read_text(encoding="utf-8")
NAMED = re.compile(r"`(test_\w+\.py)::(test_\w+)`")


def test_each_test_that_a_claim_names_exists() -> None:
    named = NAMED.findall(PAGE)
    assert len(named) >= 25
    for file, function in named:
        (path,) = (ROOT / "tests").glob(f"*/{file}")
        functions = {
            node.name for node in ast.parse(path.read_text(encoding="utf-8")).body if isinstance(node, ast.FunctionDef)
        }
        assert function in functions, f"{file}::{function}"


def test_each_row_of_a_table_of_claims_names_a_test() -> None:
    tables = re.findall(r"\| claim \| shown by \|\n\| --- \| --- \|\n((?:\|.*\n)+)", PAGE)
    assert len(tables) >= 4
    for row in "".join(tables).splitlines():
        assert NAMED.search(row), row


def test_commands_and_settings_are_those_that_there_are() -> None:
    for name in re.findall(r"`aftercare ([a-z-]+)", PAGE):
        assert name in cli.commands
    for name in re.findall(rf"{PREFIX}([A-Z_]+)", PAGE):
        assert name.lower() in Settings.model_fields
