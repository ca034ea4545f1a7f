"""The rules as pages: markdown with small tables, each example a heading, what is recorded and what comes out."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

RULES = Path(__file__).parent / "rules"
ORDER = (
    "episode", "days", "outcome", "restored", "interval", "stage", "two-forms", "change",
    "timeline", "month", "merge", "consent", "bucket", "caseload",
)  # fmt: skip
MORE = "…"


@dataclass(frozen=True)
class Table:
    """A table of text: its headings and its rows; `more` when the last line says that there are others."""

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    more: bool = False

    @property
    def what(self) -> str:
        """The first heading: what the rows are."""
        return self.headings[0]

    @property
    def is_expected(self) -> bool:
        """Whether it says what comes out: a mart has a dot in its name."""
        return "." in self.what or self.what == "goes to"

    def records(self) -> list[dict[str, str]]:
        """The rows by heading."""
        return [dict(zip(self.headings, row, strict=True)) for row in self.rows]


@dataclass
class Example:
    """One example of a rule, under the page's name and its heading."""

    page: str
    title: str
    tables: list[Table] = field(default_factory=list)

    @property
    def name(self) -> str:
        """What a test is called by."""
        return f"{self.page}: {self.title}"

    @property
    def given(self) -> list[Table]:
        """What is recorded."""
        return [table for table in self.tables if not table.is_expected]

    @property
    def expected(self) -> list[Table]:
        """What comes out."""
        return [table for table in self.tables if table.is_expected]


@dataclass(frozen=True)
class Page:
    """One definition: its text as it stands, who owns it, and its examples."""

    name: str
    text: str
    owners: tuple[str, ...]
    definitions: tuple[str, ...]
    examples: tuple[Example, ...]


def read_page(path: Path) -> Page:
    """The page of a file; its second paragraph names the owner models and the entries of meta.definition."""
    text = path.read_text(encoding="utf-8")
    owner, _, versions = next(line for line in text.splitlines() if line.startswith("Owner: ")).partition("In `meta.")
    _, *parts = re.split(r"^## ", text, flags=re.M)
    return Page(
        name=path.stem,
        text=text,
        owners=tuple(re.findall(r"`(\w+)`", owner)),
        definitions=tuple(re.findall(r"`(\w+)`", versions.partition(":")[2])),
        examples=tuple(_example(path.stem, part) for part in parts),
    )


def pages() -> list[Page]:
    """All pages, in the order in which they are read."""
    return [read_page(RULES / f"{name}.md") for name in ORDER]


def examples() -> list[Example]:
    """All examples of all pages."""
    return [example for page in pages() for example in page.examples]


def _example(page: str, part: str) -> Example:
    title, _, body = part.partition("\n")
    blocks = re.findall(r"(?:^\|.*\n?)+", body, flags=re.M)
    return Example(page, title.strip(), [_table(block) for block in blocks])


def _table(block: str) -> Table:
    lines = [tuple(cell.strip() for cell in line.strip().strip("|").split("|")) for line in block.strip().splitlines()]
    headings, _, *rows = lines
    more = bool(rows) and rows[-1][0] == MORE
    return Table(headings, tuple(rows[:-1] if more else rows), more)
