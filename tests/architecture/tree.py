"""The shipped Python files as syntax trees."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("flows", "expectations", "ml")


def shipped(*rooms: str) -> list[Path]:
    """The Python files of these rooms (of all three without any), relative to the root."""
    return sorted(path.relative_to(ROOT) for room in rooms or ROOMS for path in (ROOT / room).rglob("*.py"))


@cache
def parsed(path: Path) -> ast.Module:
    """The syntax tree of a file, its path relative to the root."""
    return ast.parse((ROOT / path).read_text(encoding="utf-8"))


def imports(path: Path) -> set[str]:
    """The full names of everything the file imports, inside functions too; `a.b` for `from a import b`."""
    found = set()
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {node.module, *(f"{node.module}.{name.name}" for name in node.names)}
    return found


def imports_any(path: Path, *modules: str) -> set[str]:
    """Which of the modules the file imports, or something below."""
    return {
        module for module in modules if any(name == module or name.startswith(f"{module}.") for name in imports(path))
    }


def calls(path: Path) -> Iterator[str]:
    """The dotted name of everything the file calls, such as `datetime.now`."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func)


def attributes(path: Path) -> Iterator[str]:
    """Every dotted name the file uses."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, (ast.Attribute, ast.Name)):
            yield ast.unparse(node)


def texts(path: Path) -> Iterator[str]:
    """Every text constant of the file; an f-string with `?` where something is put in."""
    parts = {id(part) for node in ast.walk(parsed(path)) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in parts:
            yield node.value
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "?" for part in node.values)
