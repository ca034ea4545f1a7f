"""Pages of the report read back by tests: their elements, their text, their tables, the values of their drawings."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from xml.etree.ElementTree import Element, TreeBuilder

VOID = ("meta", "br", "hr", "img", "link", "input")


class _Reader(HTMLParser):
    """Builds a tree, and refuses tags that do not close in order."""

    def __init__(self) -> None:
        super().__init__()
        self.builder, self.open = TreeBuilder(), list[str]()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.builder.start(tag, {name: value or "" for name, value in attrs})
        if tag in VOID:
            self.builder.end(tag)
        else:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.builder.start(tag, {name: value or "" for name, value in attrs})
        self.builder.end(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
        self.builder.end(tag)

    def handle_data(self, data: str) -> None:
        if self.open:
            self.builder.data(data)


def read_page(html: str) -> Element:
    """The page as a tree. Every tag must close in order."""
    reader = _Reader()
    reader.feed(html)
    assert reader.open == []
    return reader.builder.close()


def text_of(element: Element) -> str:
    """The text of an element as a reader sees it, blanks single."""
    return " ".join("".join(element.itertext()).split())


@dataclass(frozen=True)
class Cell:
    """What a cell shows, and the values of share/ that it says it shows."""

    columns: tuple[str, ...]
    heading: str
    text: str
    raw: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A table of a page."""

    source: str
    kind: str
    caption: str
    rows: list[list[Cell]]


def tables(page: Element) -> Iterator[Table]:
    """Every table below an element."""
    for table in page.iter("table"):
        heads = [
            (tuple(th.get("data-column", "").split()), text_of(th))
            for th in table.iter("th")
            if th.get("scope") == "col"
        ]
        rows = [
            [
                _cell(*head, element)
                for head, element in zip(heads, [e for e in row if e.tag in ("th", "td")], strict=True)
            ]
            for body in table.iter("tbody")
            for row in body.iter("tr")
        ]
        caption = text_of(next(table.iter("caption")))
        yield Table(table.get("data-source", ""), table.get("data-kind", ""), caption, rows)


def _cell(columns: tuple[str, ...], heading: str, element: Element) -> Cell:
    shown = text_of(element)
    return Cell(columns, heading, shown, tuple(element.get("data-raw", shown).split("|")) if columns else ())


def drawn_values(figure: Element) -> list[tuple[str, ...]]:
    """The values that the marks of a drawing carry."""
    return [
        tuple(e.attrib["data-value"].split("|"))
        for e in figure.iter()
        if e.get("data-value") and not _in_table(figure, e)
    ]


def _in_table(figure: Element, element: Element) -> bool:
    return any(element is inner for table in figure.iter("table") for inner in table.iter())


def shared(share: Path, table: str) -> list[dict[str, str]]:
    """The rows of a table of share/, a formula's apostrophe taken off."""
    with (share / f"{table}.csv").open(newline="", encoding="utf-8") as file:
        return [{name: _plain(value) for name, value in row.items()} for row in csv.DictReader(file)]


def _plain(text: str) -> str:
    return text[1:] if text[:2] in ("'=", "'+", "'-", "'@") else text


def not_in_share(table: Table, rows: list[dict[str, str]]) -> list[list[str]]:
    """The rows of a page's table that no row of share/ has; what is drawn in a cell counts as shown."""
    wrong = []
    for row in table.rows:
        cells = [cell for cell in row if cell.columns]
        if not any(all(_equal(found, cell) for cell in cells) for found in rows):
            wrong.append([cell.text for cell in row])
    return wrong


def _equal(found: dict[str, str], cell: Cell) -> bool:
    """Whether a cell says what the row says; a column that an older share/ does not have is not compared."""
    wanted = {name: (found[name], said) for name, said in zip(cell.columns, cell.raw, strict=True) if name in found}
    same = all(value == said for value, said in wanted.values())
    are_numbers = all(is_number(value) for value, _ in wanted.values())
    return same and (not are_numbers or all(value in cell.text for value, _ in wanted.values()))


def is_number(text: str) -> bool:
    """Whether a text is a number."""
    try:
        float(text)
    except ValueError:
        return False
    return True
