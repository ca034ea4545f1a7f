"""What a page is made of: sections of blocks, each of a form that the template knows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from markupsafe import Markup

from flows.publish.report.figures import Figure
from flows.publish.report.tables import Table


@dataclass(frozen=True)
class Text:
    """A paragraph: plain, answer (the one sentence), warning or soft."""

    form: ClassVar[str] = "text"
    text: Markup
    tone: str = "plain"


@dataclass(frozen=True)
class Heading:
    """A heading below that of the section."""

    form: ClassVar[str] = "heading"
    text: Markup


@dataclass(frozen=True)
class Bullets:
    """A list of short texts."""

    form: ClassVar[str] = "bullets"
    items: Sequence[Markup]


@dataclass(frozen=True)
class Links:
    """Links to other pages of the report: file name and text."""

    form: ClassVar[str] = "links"
    label: Markup
    items: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Shown:
    """A table that stands open."""

    form: ClassVar[str] = "table"
    table: Table


@dataclass(frozen=True)
class Drawn:
    """A figure with its table folded behind it."""

    form: ClassVar[str] = "figure"
    figure: Figure


@dataclass(frozen=True)
class Fold:
    """Blocks that are opened by whoever wants to know more."""

    form: ClassVar[str] = "fold"
    summary: Markup
    blocks: Sequence["Block"]


Block = Text | Heading | Bullets | Links | Shown | Drawn | Fold


@dataclass(frozen=True)
class Section:
    """A part of a page with a heading; `name` is its anchor."""

    name: str
    heading: Markup
    blocks: Sequence[Block]


@dataclass(frozen=True)
class Page:
    """One file of the report; `tone` is a class of the page for its own print rules."""

    file: str
    title: Markup
    lead: Sequence[Block]
    sections: Sequence[Section] = field(default_factory=list)
    tone: str = "wide"

    def figures(self) -> Iterator[Figure]:
        """Every figure of the page, folded ones too."""
        yield from _figures(self.lead)
        for section in self.sections:
            yield from _figures(section.blocks)


def _figures(blocks: Sequence[Block]) -> Iterator[Figure]:
    for block in blocks:
        if isinstance(block, Drawn):
            yield block.figure
        if isinstance(block, Fold):
            yield from _figures(block.blocks)
