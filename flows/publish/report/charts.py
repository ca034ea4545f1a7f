"""The figures as drawings, as wide as a small telephone, in the colours of the page (custom properties of its style).

Every mark carries its values of `share/`, so that what is drawn can be held against them. No width of a letter is measured:
what fits is counted in letters, so a drawing is the same on every machine, whatever fonts it has (docs/decisions/0015).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from textwrap import wrap
from typing import Any

from flows.publish.report.scales import Scale, dates, months, percents, rounded
from flows.publish.report.svg import Canvas, between, stairs, through

WIDTH, FONT, LETTER = 324, 12, 7  # pixels: of a drawing, of its text, of a letter at most
LINE, LETTERS, AXIS = 15, 44, 24  # height of a line of text, letters in it, height of the ticks below
TOP, SIDE = 8, 14
SOFT, RULE, INK = "var(--soft)", "var(--rule)", "var(--ink)"
COLOURS = ["var(--c0)", "var(--c1)", "var(--c2)", "var(--c3)"]
DASHES = ["none", "7 4", "2 3", "9 3 2 3"]
OF_BAND = 0.16  # opacity: lines stay to be seen through it

Request = Mapping[str, Any]
Rows = Sequence[Mapping[str, Any]]


def drawing(request: Request) -> Canvas:
    """The drawing of one request. Raises KeyError for a kind that is not known."""
    return KINDS[request["kind"]](request)


def curves(request: Request) -> Canvas:
    """Step curves with a band for the interval; months in which a change happened as boxes where the rows have them."""
    bottom = TOP + 220.0
    x = months(max(row["month"] for row in request["rows"]), SIDE + 6 * LETTER - 8, WIDTH - SIDE)
    y = percents(bottom, TOP)
    canvas = _axes(request, x, y)
    looked = _looks(request)
    for name, look in looked.items():
        _band(canvas, [row for row in request["rows"] if row["series"] == name], x, y, look["stroke"])
    for row in request["rows"]:
        if row.get("since") is not None:
            canvas.box((x(row["since"]), y(row["before"])), (x(row["month"]), y(row["estimate"])), value=row["raw"],
                       fill="none", stroke_width=1.2, **looked[row["series"]])  # fmt: skip
    for name, look in looked.items():
        _steps(canvas, [r for r in request["rows"] if r["series"] == name and not r.get("boxed")], x, y, look)
    return canvas


def _band(canvas: Canvas, rows: Rows, x: Scale, y: Scale, colour: str) -> None:
    known = [row for row in rows if row["lower"] is not None and row["upper"] is not None]
    if len(known) > 1:
        upper, lower = ([(x(row["month"]), y(row[side])) for row in known] for side in ("upper", "lower"))
        canvas.path(between(upper, lower, stepped=True), fill=colour, fill_opacity=OF_BAND)


def _steps(canvas: Canvas, rows: Rows, x: Scale, y: Scale, look: Mapping[str, str]) -> None:
    if rows:
        canvas.path(stairs((x(row["month"]), y(row["estimate"])) for row in rows), stroke_width=2.2, **look)
    for row in rows:
        if row["raw"]:
            canvas.point((x(row["month"]), y(row["estimate"])), 2.9, value=row["raw"], fill=look["stroke"])


def _looks(request: Request) -> dict[str, dict[str, str]]:
    """Colour and dashes of each series, so that they are told apart without colour too."""
    return {
        name: {"stroke": COLOURS[place % 4], "stroke_dasharray": DASHES[place % 4]}
        for place, name in enumerate(request["options"]["series"])
    }


def intervals(request: Request) -> Canvas:
    """One line a row: its label, its value, below them a bar from the lower to the upper limit and a point."""
    placed, height = _placed(request["rows"])
    options = request["options"]
    reference = options.get("reference")
    known = [row[name] for row in request["rows"] for name in ("lower", "upper", "estimate")]
    values = [value for value in [*known, reference] if value is not None]
    x = rounded(values, SIDE, WIDTH - SIDE, zero=bool(options.get("zero")))
    side = max(SIDE, LETTER * max(len(text) for _, text in x.ticks) / 2)
    x = replace(x, start=side, end=WIDTH - side)
    canvas = _begun(height, x, request["words"]["x"])
    for row, lines, top in placed:
        for place, line in enumerate([*lines, row["value"]], start=1):
            canvas.text((2, top + LINE * place - 3), line, fill=INK if place <= len(lines) else SOFT)
        y = top + LINE * (len(lines) + 1) + 8.0
        if reference is not None:
            canvas.line((x(reference), y - 6), (x(reference), y + 8), stroke=SOFT, stroke_dasharray="3 2")
        canvas.line((x(row["lower"]), y), (x(row["upper"]), y), value=row["raw"],
                    stroke=COLOURS[0], stroke_width=4, stroke_opacity=0.45)  # fmt: skip
        if row["estimate"] is not None:
            canvas.point((x(row["estimate"]), y), 4.7, fill=COLOURS[0])
    return canvas


def _placed(rows: Rows) -> tuple[list[tuple[Mapping[str, Any], list[str], int]], int]:
    """Each row with the lines of its label and where it begins, and the height of all."""
    placed, top = [], 0
    for row in rows:
        lines = wrap(row["label"], LETTERS)
        placed.append((row, lines, top))
        top += LINE * len(lines) + LINE + 22
    return placed, top


def funnel(request: Request) -> Canvas:
    """Ratio against expected number with the limits of chance around one; no name stands in it, so nobody is ranked."""
    rows, limits = request["rows"], request["options"]["limits"]
    heights = [value for row in rows for value in (row["ratio"], row["lower"], row["upper"])]
    x, y = _crossed(
        request,
        lambda start, end: rounded([one["expected"] for one in (*rows, *limits)], start, end, zero=True),
        [1.0, *heights, *(one[side] for one in limits for side in ("low", "high"))],
        zero=True,
    )
    canvas = _axes(request, x, y)
    canvas.line((x.start, y(1)), (x.end, y(1)), stroke=SOFT)
    for level, dash in (("95", "3 3"), ("99.8", "none")):
        for side in ("low", "high"):
            line = [(x(one["expected"]), y(one[side])) for one in limits if one["level"] == level]
            if line:
                canvas.path(through(line), stroke=SOFT, stroke_dasharray=dash)
    for row in rows:
        at = x(row["expected"])
        canvas.line((at, y(row["lower"])), (at, y(row["upper"])), stroke=COLOURS[0], stroke_opacity=0.4)
    for row in rows:
        canvas.point((x(row["expected"]), y(row["ratio"])), 4.4, value=row["raw"], fill=COLOURS[0], fill_opacity=0.9)
    return canvas


def history(request: Request) -> Canvas:
    """A figure over releases; an upright line where a definition changed, and no line across it."""
    rows = [{**row, "day": date.fromisoformat(row["at"])} for row in request["rows"]]
    x, y = _crossed(
        request,
        lambda start, end: dates([row["day"] for row in rows], start, end),
        [row[name] for row in rows for name in ("estimate", "lower", "upper")],
    )
    canvas = _axes(request, x, y)

    def at(row: Mapping[str, Any], name: str) -> tuple[float, float]:
        return x(row["day"].toordinal()), y(row[name])

    for part in dict.fromkeys(row["part"] for row in rows):
        found = [row for row in rows if row["part"] == part]
        upper, lower = ([at(row, side) for row in found] for side in ("upper", "lower"))
        canvas.path(between(upper, lower, stepped=False), fill=COLOURS[0], fill_opacity=OF_BAND)
        canvas.path(through(at(row, "estimate") for row in found), stroke=COLOURS[0], stroke_width=2)
    for row in rows:
        if row["is_break"]:
            canvas.line((at(row, "lower")[0], y.start), (at(row, "lower")[0], y.end),
                        stroke=COLOURS[1], stroke_dasharray="4 3")  # fmt: skip
        canvas.point(at(row, "estimate"), 3.6, value=row["raw"], fill=COLOURS[0])
    return canvas


def _crossed(
    request: Request, across: Callable[[float, float], Scale], heights: Sequence[float], *, zero: bool = False
) -> tuple[Scale, Scale]:
    """A scale across and one upwards, under the words for the latter and to the right of its ticks."""
    top = TOP + LINE * len(wrap(request["words"]["y"], LETTERS))
    y = rounded(heights, top + 190.0, top, zero=zero)
    left = SIDE + LETTER * max(len(text) for _, text in y.ticks)
    return across(left, WIDTH - SIDE - 2 * LETTER), y


def _axes(request: Request, x: Scale, y: Scale) -> Canvas:
    """A drawing with both scales: lines across at the ticks of the upright one, its words above."""
    canvas = _begun(y.start, x, request["words"]["x"])
    for place, line in enumerate(wrap(request["words"].get("y", ""), LETTERS), start=1):
        canvas.text((2, LINE * place - 3), line, fill=SOFT)
    for value, text in y.ticks:
        canvas.line((x.start, y(value)), (x.end, y(value)), stroke=RULE)
        canvas.text((x.start - 6, y(value) + 4), text, fill=SOFT, text_anchor="end")
    return canvas


def _begun(bottom: float, x: Scale, title: str) -> Canvas:
    """A drawing with the scale across at its bottom, the words for it below."""
    words = wrap(title, LETTERS)
    canvas = Canvas(WIDTH, bottom + AXIS + LINE * len(words) + 3)
    canvas.root.set("font-size", str(FONT))
    canvas.line((x.start, bottom), (x.end, bottom), stroke=RULE)
    for value, text in x.ticks:
        canvas.line((x(value), bottom), (x(value), bottom + 5), stroke=RULE)
        canvas.text((x(value), bottom + 18), text, fill=SOFT, text_anchor="middle")
    for place, line in enumerate(words, start=1):
        canvas.text(((x.start + x.end) / 2, bottom + AXIS + LINE * place - 3), line, fill=SOFT, text_anchor="middle")
    return canvas


KINDS: dict[str, Callable[[Request], Canvas]] = {
    "curves": curves, "intervals": intervals, "funnel": funnel, "history": history,
}  # fmt: skip
