"""docs/faults.md: each fault of the catalogue, what the pipeline does, what people read, and the tests that hold it.

A test belongs to a fault by its name (`test_F17_…`) or by the mark `@pytest.mark.fault("F17")`.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
CATALOGUE = Path(__file__).with_name("catalogue.yml")
NUMBER = re.compile(r"(?:^test|_)f(\d+)(?=_|$)", re.IGNORECASE)


@dataclass(frozen=True)
class Fault:
    """One fault: its id, what happens, what the pipeline then does, and what people read: check ids in backticks, or an exit code."""

    id: str
    group: str
    fault: str
    behaviour: str
    says: str


def catalogue() -> list[Fault]:
    """All faults in their order."""
    groups = yaml.safe_load(CATALOGUE.read_text(encoding="utf-8"))
    return [Fault(id, group, *texts) for group, faults in groups.items() for id, texts in faults.items()]


def by_fault() -> dict[str, list[str]]:
    """Fault -> `file::test` of every test that names it, sorted."""
    found: dict[str, list[str]] = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                for fault in _named(node):
                    found.setdefault(fault, []).append(f"{path.relative_to(ROOT)}::{node.name}")
    return found


def _named(node: ast.FunctionDef) -> set[str]:
    marked = {
        str(argument.value)
        for decorator in node.decorator_list
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pytest.mark.fault"
        for argument in decorator.args
        if isinstance(argument, ast.Constant)
    }
    return marked | {f"F{number}" for number in NUMBER.findall(node.name)}


def faults_page(head: str) -> str:
    """The page as it is written."""
    tests, faults = by_fault(), catalogue()
    n_tests = len({test for fault in faults for test in tests.get(fault.id, [])})
    parts = [
        head + "# What can go wrong, and what then happens\n",
        f"{len(faults)} faults, each injected by a test: {n_tests} in all, "
        f"{sum(fault.id in tests for fault in faults)} of {len(faults)} faults with one at least. Nothing that is refused or held "
        "moves what is live: the last release stays as it is, byte for byte. What people read is the text of the refusal and its exit code "
        "(`deployments/RUNBOOK.md`), or a check (`aftercare checks --failed --guidance`).\n",
    ]
    for group in dict.fromkeys(fault.group for fault in faults):
        rows = [
            f"| {one.id} | {one.fault} | {one.behaviour} | {one.says} | {_shown(tests.get(one.id, []))} |"
            for one in faults
            if one.group == group
        ]
        head_row = "| id | fault | what the pipeline does | what people read | tests |\n| --- | --- | --- | --- | --- |"
        parts.append(f"## {group}\n\n{head_row}\n" + "\n".join(rows) + "\n")
    return "\n".join(parts)


def _shown(tests: list[str]) -> str:
    by_file: dict[str, list[str]] = {}
    for test in tests:
        file, name = test.split("::")
        by_file.setdefault(file, []).append(name)
    return "<br>".join(f"`{file}`: " + ", ".join(f"`{name}`" for name in names) for file, names in by_file.items())
