"""The command in this process, and what must hold when it refuses."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from flows.cli import main
from tests.nights import tree_hash

Command = Callable[..., "Said"]


@dataclass(frozen=True)
class Said:
    """How the command ended and what it wrote."""

    code: int
    out: str
    err: str


def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], home: Path, *arguments: object) -> Said:
    """`aftercare` with these arguments on a home, in this process."""
    monkeypatch.setenv("AFTERCARE_HOME", str(home))
    monkeypatch.setattr(sys, "argv", ["aftercare", *map(str, arguments)])
    capsys.readouterr()
    code = 0
    try:
        main()
    except SystemExit as ended:
        code = int(ended.code or 0)
    said = capsys.readouterr()
    return Said(code, said.out, said.err)


def visible(home: Path) -> dict[str, str]:
    """Every byte that a reader of the home can see, and the raw extracts: no refused run may change them."""
    assert not list((home / "raw").glob(".landing-*")), "a half-landed delivery was left behind"
    assert not list((home / "releases").glob(".building-*")), "a half-built release was left behind"
    return tree_hash(home / "releases", home / "current", home / "raw", home / "history", home / "models")


def refusal(text: str) -> str:
    """The last paragraph that the command wrote, as one line."""
    found = re.findall(r"^[a-z ]+ refused \(exit \d+\): .*$", text, re.MULTILINE)
    assert len(found) == 1, "one paragraph says what was refused"
    return found[0]
