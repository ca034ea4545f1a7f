"""Observed against expected: offices, partners and what partners could be trained on. No order says who is ahead."""

from collections.abc import Sequence
from math import log, sqrt
from typing import Any

from markupsafe import Markup

from flows.publish.report.figures import Figure, described, values_of
from flows.publish.report.reading import Row
from flows.publish.report.tables import Column, Table, make_table
from flows.publish.report.words import Words

RATIO = ("ratio", "lower", "upper")
MOST = 3.0


def bar(row: Row) -> Markup:
    """The ratio and its interval as a small drawing on a log scale from a third to three, one in the middle.

    What lies beyond is drawn at the edge; the numbers stand beside it, so it is hidden from screen readers.
    """
    if not all(row[name] for name in RATIO):
        return Markup("")
    at, low, high = (round(50 + 50 * log(min(max(float(row[name]), 1 / MOST), MOST)) / log(MOST), 1) for name in RATIO)
    return Markup(
        '<svg class="ratio" viewBox="0 0 100 12" aria-hidden="true" data-value="{raw}"><path class="one" d="M50 0V12"/>'
        '<path d="M{low} 6H{high}"/><circle cx="{at}" cy="6" r="3"/></svg>'
    ).format(raw="|".join(row[name] for name in RATIO), low=low, high=high, at=at)


BAR = Column("column.bar", (), make=bar)
STANDING = (
    Column("column.measure", ("measure",), "code", "measure"),
    Column("column.status", ("status",), "code", "status"),
    Column("column.n", ("n",), "number"),
    Column("column.observed", ("observed",), "number"),
    Column("column.expected", ("expected",), "number"),
    Column("column.ratio", ("ratio",), "number"),
    Column("column.interval", ("lower", "upper"), "interval"),
    BAR,
    Column("column.shrunken", ("shrunken",), "number"),
    Column("column.reason", ("reason",)),
)
# Limits of chance by the expected number are those of counts (Poisson); of a mean or a share they would say nothing.
COUNTED = ("restored_24m", "lost_12m")
LEVELS = (("95", 1.959964), ("99.8", 3.090232))


def standing_table(words: Words, source: str, rows: Sequence[Row]) -> Table:
    """The measures of one office or partner."""
    return make_table(words, source, rows, STANDING, caption=words("standing.table"), kind="estimates")


def funnel(words: Words, rows: Sequence[Row], measure: str) -> Figure | None:
    """All offices of one measure of COUNTED between the limits of chance; None where fewer than three can be shown."""
    shown = [row for row in rows if row["measure"] == measure and all(row[name] for name in (*RATIO, "expected"))]
    shown = [row for row in shown if float(row["expected"]) > 0]
    if len(shown) < 3:
        return None
    points: list[dict[str, Any]] = [
        {
            **{name: float(row[name]) for name in (*RATIO, "expected")},
            "raw": values_of(row["label"], row["expected"], row["ratio"]),
        }
        for row in shown
    ]
    columns = (Column("column.office", ("label",)), *STANDING)
    told = [str(words("figure.funnel_point", expected=row["expected"], ratio=row["ratio"])) for row in shown]
    return Figure(
        name=f"funnel-{measure}",
        kind="funnel",
        title=words("figure.funnel.title", measure=words.label("measure", measure)),
        caption=words("figure.funnel.caption"),
        description=described(words, told),
        rows=points,
        words={"x": str(words("figure.funnel.x")), "y": str(words("figure.funnel.y"))},
        table=make_table(words, "offices", [row for row in rows if row["measure"] == measure], columns,
                         caption=words("standing.table"), kind="estimates"),
        options={"limits": limits(points)},
    )  # fmt: skip


def limits(points: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Where 95 and 99.8 percent of ratios would fall by chance alone: 1 ± z / sqrt(expected), as Spiegelhalter 2005.

    The limits that a status follows stand in the marts; these are drawn to be looked at.
    """
    most, highest = max(point["expected"] for point in points), max(2.0, *(point["upper"] for point in points))
    steps = [max(1.0, most * 1.1) * number / 40 for number in range(1, 41)]
    return [
        {
            "expected": step,
            "level": level,
            "low": max(0.0, 1 - z / sqrt(step)),
            "high": min(highest, 1 + z / sqrt(step)),
        }
        for level, z in LEVELS
        for step in steps
        if 1 + z / sqrt(step) <= highest
    ]
