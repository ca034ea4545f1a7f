"""Tables of the pages: each cell knows the value of `share/` that it shows, and says why where there is none."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from markupsafe import Markup

from flows.publish.report.reading import Row
from flows.publish.report.words import Words

# What a row's status is called where a number is missing for it; anything else reads as not estimated.
STATES = ("hidden", "refused", "not_identifiable", "insufficient")


@dataclass(frozen=True)
class Column:
    """One column: the key of its heading, the columns of share/ behind it, and how a cell reads.

    how: text, code (named by `family`), number, interval (two columns), flag (true or false), against (one code against
    another), either (the first that is not empty). With `make` the cell is what that gives. `missing` is what a number that is
    not there is called where the status of its row does not say it.
    """

    heading: str
    names: tuple[str, ...]
    how: str = "text"
    family: str = ""
    unit: str = ""
    make: Callable[[Row], Markup] | None = None
    missing: str = "not_estimated"

    @property
    def is_number(self) -> bool:
        """Whether the column stands to the right."""
        return self.how in ("number", "interval")


@dataclass(frozen=True)
class Cell:
    """What is shown, and the values of share/ behind it (`raw`, empty where nothing is shown of them)."""

    text: Markup
    raw: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A table with its caption; `kind` tells what each row must have: an estimate its interval and n, a count nothing."""

    caption: Markup
    source: str
    kind: str
    columns: Sequence[Column]
    rows: list[list[Cell]] = field(default_factory=list)


def make_table(
    words: Words, source: str, rows: Sequence[Row], columns: Sequence[Column], *, caption: Markup, kind: str
) -> Table:
    """The table of these rows of a share/ table."""
    return Table(caption, source, kind, columns, [[cell(words, row, column) for column in columns] for row in rows])


def cell(words: Words, row: Row, column: Column) -> Cell:
    """One cell of a row."""
    raw = tuple(row[name] for name in column.names)
    if column.make:
        return Cell(column.make(row), raw)
    if column.how == "either":
        return Cell(Markup.escape(next(filter(None, raw), "")), raw)
    if column.how == "against":
        first, second = (words.label(column.family, code) for code in raw)
        return Cell(words("number.against", first=first, second=second), raw)
    if column.how == "code":
        return Cell(Markup.escape(words.label(column.family, raw[0])), raw)
    if column.how == "flag":
        return Cell(words(f"flag.{'true' if is_true(raw[0]) else 'false'}"), raw)
    if column.how in ("number", "interval"):
        return Cell(number(words, row, column.names, column.unit, column.missing), raw)
    return Cell(Markup.escape(raw[0]), raw)


def number(words: Words, row: Row, names: tuple[str, ...], unit: str = "", missing: str = "not_estimated") -> Markup:
    """One or two numbers with their unit, or the reason why there are none.

    How many were at risk in a group is not in share/; a month of it is shown only where they were enough.
    """
    raw = tuple(row[name] for name in names)
    if not all(raw):
        return (
            words("state.enough")
            if names == ("n_at_risk",) and row["status"] == "shown"
            else state(words, row, missing)
        )
    text = words("number.interval", low=raw[0], high=raw[1]) if len(raw) == 2 else Markup.escape(raw[0])
    return words(f"unit.{unit}", value=text) if unit else text


def state(words: Words, row: Row, missing: str = "not_estimated") -> Markup:
    """Why a row has no number."""
    status = row.get("status", "")
    return words(f"state.{status if status in STATES else missing}")


def is_true(text: str) -> bool:
    """Whether a cell of share/ says true."""
    return text.lower() in ("true", "t", "1")
