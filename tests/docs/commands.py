"""Every command that the documents name: from shell blocks, indented blocks, and words set as code."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from tests.architecture.tree import ROOT

DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), ROOT / "deployments" / "RUNBOOK.md"]
GENERATED = {"commands.md", "settings.md", "marts.md", "checks.md", "rules.md", "source.md", "lineage.md"}
INLINE = re.compile(r"`((?:AFTERCARE_\w+=\S+ )?(?:\.venv/bin/)?aftercare [^`\n]+)`")
SHELL = re.compile(r"^```sh\n(.*?)^```", re.M | re.S)
INDENTED = re.compile(r"(?:^    (?:aftercare|docker|python|prefect) .*\n?)+", re.M)


@dataclass(frozen=True)
class Documented:
    """A command as a document has it, without its folder and without what is said beside it."""

    text: str
    document: str

    @property
    def words(self) -> str:
        """What follows `aftercare`; nothing for another program."""
        return self.text.removeprefix("aftercare ") if self.text.startswith("aftercare ") else ""


def documented() -> list[Documented]:
    """Each command once, in the order of the documents."""
    found: dict[str, Documented] = {}
    for path in DOCUMENTS:
        if path.name in GENERATED:
            continue
        for text in _commands(path):
            found.setdefault(text, Documented(text, str(path.relative_to(ROOT))))
    return list(found.values())


def _commands(path: Path) -> list[str]:
    text = path.read_text(encoding="utf-8")
    lines = [line for block in SHELL.findall(text) for line in block.splitlines()]
    lines += [line for block in INDENTED.findall(text) for line in block.splitlines()]
    plain = SHELL.sub("", text)
    return [bare for line in [*lines, *INLINE.findall(plain)] if (bare := _bare(line))]


def _bare(line: str) -> str:
    """A command line without a remark at its end, its folder, and blanks around."""
    return re.sub(r"\s+#\s.*$", "", line).strip().replace(".venv/bin/", "").removesuffix(" then")
