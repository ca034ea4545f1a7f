"""Scales of the drawings: from a value to a place, with round numbers to read it by."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from math import ceil, floor, log10

MONTHS_A_STEP = (1, 2, 3, 6, 12, 24, 60, 120)


@dataclass(frozen=True)
class Scale:
    """Puts `low` at the place `start` and `high` at `end`, in pixels; `ticks` are values with the text that stands at them."""

    low: float
    high: float
    start: float
    end: float
    ticks: Sequence[tuple[float, str]]

    def __call__(self, value: float) -> float:
        """The place of a value."""
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)


def rounded(values: Iterable[float], start: float, end: float, *, zero: bool = False, most: int = 5) -> Scale:
    """A scale over all values (at least one), and over zero where it is asked for; both ends and its ticks are round.

    Ticks are one, two or five times a power of ten apart, `most` or one more of them (Heckbert 1990, Nice numbers for graph
    labels). Where all values are the same, the scale reaches one to both sides.
    """
    found = [*values, *([0.0] if zero else [])]
    low, high = min(found), max(found)
    if low == high:
        low, high = low - 1, high + 1
    step = _step((high - low) / (most - 1))
    first, last = floor(low / step + 1e-9), ceil(high / step - 1e-9)
    digits = max(0, -floor(log10(step) + 1e-9))
    ticks = [(number * step, f"{number * step:.{digits}f}") for number in range(first, last + 1)]
    return Scale(first * step, last * step, start, end, ticks)


def _step(least: float) -> float:
    """The smallest of one, two, five and ten times a power of ten that is at least this."""
    power = 10.0 ** floor(log10(least))
    return next(size * power for size in (1, 2, 5, 10) if size * power >= least * (1 - 1e-9))


def months(last: int, start: float, end: float) -> Scale:
    """Months since intake from 0 to the last, a tick each half year, or each year where there are more than three."""
    step = 6 if last <= 36 else 12 * ceil(last / 96)
    return Scale(0, max(last, 1), start, end, [(month, str(month)) for month in range(0, last + 1, step)])


def percents(start: float, end: float) -> Scale:
    """0 to 100 percent."""
    return Scale(0, 100, start, end, [(value, f"{value} %") for value in (0, 25, 50, 75, 100)])


def dates(days: Sequence[date], start: float, end: float, *, most: int = 4) -> Scale:
    """A scale over days, as ordinals, with ticks at firsts of months, at most so many and never none."""
    low, high = min(days).toordinal(), max(days).toordinal()
    if low == high:
        low, high = low - 1, high + 1
    begun, ended = (day.year * 12 + day.month - 1 for day in (date.fromordinal(low), date.fromordinal(high)))
    step = next((one for one in MONTHS_A_STEP if (ended - begun) // one < most), MONTHS_A_STEP[-1])
    firsts = [date(number // 12, number % 12 + 1, 1) for number in range(begun, ended + 1) if number % step == 0]
    seen = [day for day in firsts if low <= day.toordinal() <= high] or [date.fromordinal(high)]
    return Scale(low, high, start, end, [(day.toordinal(), f"{day:%Y-%m}") for day in seen])
