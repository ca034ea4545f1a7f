"""How numbers are written: whole percents, whole months, two digits behind the point; and text that no spreadsheet runs."""

import csv
import io
import re
from collections.abc import Iterable
from math import isfinite

from flows.publish.sharing.cells import Line

HIDDEN, SHOWN = "hidden", "shown"


def figure(value: object) -> object:
    """A number as precise as it is read: two digits behind the point below 10, one below 100, whole above; else as it is."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    if not isfinite(value):
        return None
    if abs(value) >= 100:
        return round(value)
    return round(value, 1 if abs(value) >= 10 else 2) + 0.0


def months(value: object) -> int | None:
    """Whole months; None where it is no number."""
    return round(value) if isinstance(value, int | float) and isfinite(value) else None


def status(shown: object) -> str:
    """Whether a number is shown."""
    return HIDDEN if shown is None else SHOWN


# A number in words may be a limit or a length of time; else it may count people, and three dots stand for it.
_LIMIT = (
    r"(?:needs|at least|at most|fewer than|less than|more than|under|over|within|below|above|every|version|month|day)\s"
)
_UNIT = r"\s*(?:%|(?:percent(?:age points?)?|points?|months?|days?|years?|weeks?|quarters?|hours?)\b)"
_NUMBER = re.compile(
    rf"(?P<limit>{_LIMIT})?(?<![\w.,-])(?P<number>\d[\d,]*(?:\.\d+)?)(?P<unit>{_UNIT})?(?![\w])", re.IGNORECASE
)


def worded(text: object) -> object:
    """A text without numbers that may count people: only limits, lengths of time and decimals below 10 stay."""
    if not isinstance(text, str):
        return text

    def kept(found: re.Match[str]) -> str:
        number = found["number"]
        is_small_decimal = "." in number and float(number.replace(",", "")) < 10
        return found[0] if found["limit"] or found["unit"] or is_small_decimal else found[0].replace(number, "…")

    return _NUMBER.sub(kept, text)


def neutral(value: object) -> object:
    """A text that a spreadsheet would take for a formula, with an apostrophe before it; anything else as it is."""
    if isinstance(value, str) and value.lstrip().startswith(("=", "+", "-", "@")):
        return "'" + value
    if isinstance(value, str) and value.startswith(("\t", "\r", "\n")):
        return "'" + value
    return value


def _cell(value: object) -> object:
    """What is not a number is nothing."""
    return None if isinstance(value, float) and not isfinite(value) else neutral(value)


def as_csv(rows: Iterable[Line]) -> str:
    """Rows as RFC 4180 text with plain line ends; nothing becomes an empty field."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue()
