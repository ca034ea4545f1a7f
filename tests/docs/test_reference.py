"""What the documents say is what there is."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

from flows.cli import cli

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), ROOT / "deployments" / "RUNBOOK.md"]
PAGES = runpy.run_path(str(ROOT / "docs" / "generate.py"))["pages"]()


@pytest.mark.parametrize("name", sorted(PAGES))
def test_a_reference_page_is_what_its_source_says(name: str) -> None:
    assert (ROOT / "docs" / name).read_text(encoding="utf-8") == PAGES[name], "run make docs"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_command_named_in_a_document_exists(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    named = set(re.findall(r"(?:`|\.venv/bin/|^)aftercare ([a-z]+(?:-[a-z]+)*)", text, flags=re.M))
    assert named <= set(cli.commands)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_option_named_with_a_command_exists(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    for command, rest in re.findall(r"aftercare ([a-z]+(?:-[a-z]+)*)([^`\n|]*)", text):
        if command in cli.commands:
            named = [cli.commands[command], *getattr(cli.commands[command], "commands", {}).values()]
            known = {"--help"} | {option for one in named for parameter in one.params for option in parameter.opts}
            assert set(re.findall(r"(?<![\w-])--[a-z-]+", rest)) <= known, command


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_in_a_document_leads_somewhere(document: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", document.read_text(encoding="utf-8"))
    assert [link for link in links if not (document.parent / link).exists()] == []


def test_every_make_target_named_in_the_readme_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.M))
    named = set(re.findall(r"make ([a-z-]+)", (ROOT / "README.md").read_text(encoding="utf-8")))
    assert named - {"is"} <= targets | {"on", "help"}
