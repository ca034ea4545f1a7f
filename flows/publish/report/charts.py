"""The figures as Altair charts, as wide as a small telephone, in the colours of the page (custom properties of its style).

Every point carries its values of `share/` as description, so that what is drawn can be held against them.
"""

from collections.abc import Callable, Mapping, Sequence
from textwrap import wrap
from typing import Any

import altair as alt
import vl_convert as vlc

WIDTH, FONT = 320, 12
LINE, LETTERS, AXIS = 15, 46, 40  # height of a line of text, letters in it, height of the axis below
INK, SOFT, RULE, PAPER = "var(--ink)", "var(--soft)", "var(--rule)", "var(--paper)"
COLOURS = ["var(--c0)", "var(--c1)", "var(--c2)", "var(--c3)"]
DASHES = [[1, 0], [7, 4], [2, 3], [9, 3, 2, 3]]

Request = Mapping[str, Any]
Drawing = alt.LayerChart | alt.FacetChart


def svg(request: Request) -> str:
    """The drawing of one request. Raises KeyError for a kind that is not known."""
    chart = KINDS[request["kind"]](request)
    configured = chart.properties(
        autosize=alt.AutoSizeParams(type="fit", contains="padding"), background="transparent", padding=2
    ).configure(
        font="system-ui, sans-serif",
        view=alt.ViewConfig(stroke=None),
        axis=alt.AxisConfig(
            labelColor=SOFT, titleColor=SOFT, gridColor=RULE, domainColor=RULE, tickColor=RULE, labelFontSize=FONT,
            titleFontSize=FONT, titleFontWeight="normal", labelFont="system-ui", titleFont="system-ui",
        ),
    )  # fmt: skip
    return str(vlc.vegalite_to_svg(configured.to_dict(validate=False)))


def _months(request: Request, last: float) -> alt.X:
    step = 6 if last <= 36 else 12
    return alt.X("month:Q", title=request["words"]["x"], scale=alt.Scale(domain=[0, last], nice=False),
                 axis=alt.Axis(values=list(range(0, int(last) + 1, step)), grid=False))  # fmt: skip


def _percent(field: str, title: str | None = None) -> alt.Y:
    return alt.Y(f"{field}:Q", title=title, scale=alt.Scale(domain=[0, 100]),
                 axis=alt.Axis(values=[0, 25, 50, 75, 100], labelExpr="datum.value + ' %'"))  # fmt: skip


def _series(request: Request) -> tuple[alt.Color, alt.StrokeDash]:
    names = request["options"]["series"]
    used = [request["options"].get("colours", {}).get(name, number) % 4 for number, name in enumerate(names)]
    colour = alt.Color("series:N", legend=None, scale=alt.Scale(domain=names, range=[COLOURS[n] for n in used]))
    dash = alt.StrokeDash("series:N", legend=None, scale=alt.Scale(domain=names, range=[DASHES[n] for n in used]))
    return colour, dash


def curves(request: Request) -> Drawing:
    """Step curves with a band for the interval; months in which a change happened as boxes where the rows have them."""
    rows, (colour, dash) = request["rows"], _series(request)
    last = max(row["month"] for row in rows)
    base = alt.Chart(alt.InlineData(values=rows), width=WIDTH, height=230)
    x = _months(request, last)
    banded = base.transform_filter("isValid(datum.lower) && isValid(datum.upper)")
    band = banded.mark_area(interpolate="step-after", opacity=0.16).encode(
        x, _percent("lower"), alt.Y2("upper:Q"), colour
    )
    drawn = base.transform_filter("!isValid(datum.since) && !datum.boxed")
    line = drawn.mark_line(interpolate="step-after", strokeWidth=2.2).encode(x, _percent("estimate"), colour, dash)
    points = base.transform_filter("datum.raw != '' && !isValid(datum.since)").mark_point(filled=True, size=26, opacity=1).encode(
        x, _percent("estimate"), colour, description="raw:N"
    )  # fmt: skip
    boxes = base.transform_filter("isValid(datum.since)").mark_rect(filled=False, strokeWidth=1.2).encode(
        x, alt.X2("since:Q"), _percent("estimate"), alt.Y2("before:Q"), alt.Stroke("series:N", legend=None,
        scale=colour["scale"]), description="raw:N"
    )  # fmt: skip
    return alt.layer(band, boxes, line, points)


def intervals(request: Request) -> Drawing:
    """One line a row: its label, its value, below them a bar from the lower to the upper limit and a point."""
    rows, height = _placed(request["rows"])
    options = request["options"]
    scale = alt.Scale(type="log" if options.get("log") else "linear", nice=True, zero=bool(options.get("zero")))
    axis = alt.Axis(grid=False, tickCount=4, orient="bottom")
    base = alt.Chart(alt.InlineData(values=rows), width=WIDTH, height=height + AXIS)
    y = alt.Y("y:Q", axis=None, scale=alt.Scale(domain=[height, 0], nice=False))
    x = alt.X("lower:Q", title=request["words"]["x"], scale=scale, axis=axis)
    bar = base.mark_rule(strokeWidth=4, color=COLOURS[0], opacity=0.45).encode(
        x, y, alt.X2("upper:Q"), description="raw:N"
    )
    pointed = base.transform_filter("isValid(datum.estimate)")
    point = pointed.mark_point(filled=True, size=70, color=COLOURS[0], opacity=1).encode(
        alt.X("estimate:Q", scale=scale, axis=axis), y
    )
    text: dict[str, Any] = {"align": "left", "baseline": "top", "fontSize": FONT, "lineHeight": LINE}
    label = base.mark_text(color=INK, **text).encode(x=alt.value(0), y=alt.Y("top:Q", axis=None), text="lines:N")
    value = base.mark_text(color=SOFT, **text).encode(x=alt.value(0), y=alt.Y("below:Q", axis=None), text="value:N")
    layers = [bar, point, label, value]
    if "reference" in options:
        line = alt.Chart(alt.InlineData(values=[{"at": options["reference"]}]))
        layers.insert(0, line.mark_rule(color=SOFT, strokeDash=[3, 3]).encode(alt.X("at:Q", scale=scale, axis=axis)))
    return alt.layer(*layers)


def _placed(rows: Sequence[Mapping[str, Any]]) -> tuple[list[dict[str, Any]], int]:
    """The rows with the heights of their label (wrapped), their value and their bar, and the height of all."""
    placed: list[dict[str, Any]] = []
    top = 0
    for row in rows:
        lines = wrap(row["label"], LETTERS)
        below = top + LINE * len(lines)
        placed.append({**row, "lines": lines, "top": top, "below": below, "y": below + LINE + 8})
        top = below + LINE + 22
    return placed, top


def funnel(request: Request) -> Drawing:
    """Ratio against expected number with the limits of chance around one; no name stands in it, so nobody is ranked."""
    options = request["options"]
    base = alt.Chart(alt.InlineData(values=request["rows"]), width=WIDTH, height=240)
    limits = alt.Chart(alt.InlineData(values=options["limits"]))
    x = alt.X("expected:Q", title=request["words"]["x"], scale=alt.Scale(zero=True), axis=alt.Axis(grid=False))
    y = alt.Y("ratio:Q", title=request["words"]["y"], scale=alt.Scale(zero=True))
    points = base.mark_point(filled=True, size=60, color=COLOURS[0], opacity=0.9).encode(x, y, description="raw:N")
    whiskers = base.mark_rule(color=COLOURS[0], opacity=0.4).encode(x, alt.Y("lower:Q"), alt.Y2("upper:Q"))
    layers = [
        limits.mark_line(color=SOFT, strokeDash=dash).encode(x, alt.Y(f"{side}:Q"), detail="level:N")
        .transform_filter(alt.datum.level == level)
        for level, dash in (("95", [3, 3]), ("99.8", [1, 0]))
        for side in ("low", "high")
    ]  # fmt: skip
    one = alt.Chart(alt.InlineData(values=[{"at": 1}])).mark_rule(color=RULE).encode(alt.Y("at:Q"))
    return alt.layer(one, *layers, whiskers, points)


def history(request: Request) -> Drawing:
    """A figure over releases; an upright line where a definition changed, and no line across it."""
    base = alt.Chart(alt.InlineData(values=request["rows"]), width=WIDTH, height=190)
    x = alt.X("at:T", title=request["words"]["x"], axis=alt.Axis(format="%Y-%m", grid=False, tickCount=4))
    y = alt.Y("estimate:Q", title=request["words"]["y"], scale=alt.Scale(zero=False))
    band = base.mark_area(opacity=0.16, color=COLOURS[0]).encode(
        x, alt.Y("lower:Q"), alt.Y2("upper:Q"), detail="part:N"
    )
    line = base.mark_line(color=COLOURS[0]).encode(x, y, detail="part:N")
    point = base.mark_point(filled=True, size=40, color=COLOURS[0], opacity=1).encode(x, y, description="raw:N")
    broken = base.transform_filter("datum.is_break").mark_rule(color=COLOURS[1], strokeDash=[4, 3]).encode(x)
    return alt.layer(band, broken, line, point)


KINDS: dict[str, Callable[[Request], Drawing]] = {
    "curves": curves, "intervals": intervals, "funnel": funnel, "history": history,
}  # fmt: skip
