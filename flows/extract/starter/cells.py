"""How a cell of a spreadsheet is written in a delivery: as the CSV of the contract has it."""

import re
from datetime import UTC, date, datetime

from flows.extract.contract import Column

# A spreadsheet keeps fifteen digits of a number; longer ones come out rounded.
LONGEST_NUMBER = 10**15
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


class CellError(Exception):
    """A cell that cannot be written down; `rule` says why, and never what stands in it."""

    def __init__(self, rule: str) -> None:
        self.rule = rule
        super().__init__(rule)


def as_csv(value: object, column: Column) -> str:
    """The text of a cell; empty for a blank one and for a column that never lands. Of a birth date only the year is left.

    Text loses the blanks around it, dates lose the time of day, whole numbers lose `.0`. A time without a zone is taken as UTC.
    Raises CellError where the cell holds a fault of the spreadsheet, a length of time, or a number with lost digits.
    """
    if value is None or column.kind == "drop":
        return ""
    text = _text(value, column)
    if column.kind == "birth_year" and _is_day(text):
        return f"{text[:4]}-01-01"
    return text


def _text(value: object, column: Column) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return _number(value)
    if isinstance(value, datetime):
        return _moment(value, column)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str):
        return value.strip()
    raise CellError("no_text")


def _number(value: float) -> str:
    if not abs(value) < LONGEST_NUMBER:
        raise CellError("lost_digits")
    return str(int(value)) if value == int(value) else repr(value)


def _moment(value: datetime, column: Column) -> str:
    if column.kind != "timestamp":
        return value.date().isoformat()
    in_utc = value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    return in_utc.isoformat().replace("+00:00", "Z")


def _is_day(text: str) -> bool:
    """Whether it is a day of the calendar; any other text is passed on, for the check to tell."""
    try:
        return bool(DAY.fullmatch(text) and date.fromisoformat(text))
    except ValueError:
        return False
