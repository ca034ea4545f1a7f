"""Draws the figures of a report. One that cannot be drawn costs its page a drawing, never a release."""

from collections.abc import Mapping, Sequence
from typing import Any

from flows.publish.report import charts
from flows.publish.report.svg import Canvas


def drawings(requests: Sequence[Mapping[str, Any]]) -> list[Canvas | None]:
    """The drawing of each request, None where it could not be drawn: its table then stands open, and the page says why."""
    return [_drawn(request) for request in requests]


def _drawn(request: Mapping[str, Any]) -> Canvas | None:
    try:
        return charts.drawing(request)
    except (ArithmeticError, LookupError, TypeError, ValueError):  # of numbers that no scale can hold
        return None
