"""A small step chart as inline SVG: no script, no style attribute, readable without colour, described in words."""

from collections.abc import Mapping, Sequence

from markupsafe import Markup

WIDTH, HEIGHT = 640, 320
LEFT, RIGHT, TOP, BOTTOM = 56, 16, 16, 48
MONTHS_SHOWN = 36
DASHES = ("", "7 4", "2 4")

Rows = Sequence[Mapping[str, str]]


def _x(month: float) -> float:
    return round(LEFT + (WIDTH - LEFT - RIGHT) * month / MONTHS_SHOWN, 1)


def _y(percent: float) -> float:
    return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * percent / 100, 1)


def curve_chart(curves: Mapping[str, Rows], labels: Mapping[str, str]) -> Markup | None:
    """The chart of all curves that have a shown point; None when there is none."""
    shown = {name: [row for row in rows if row["status"] == "shown"] for name, rows in curves.items()}
    shown = {name: rows for name, rows in shown.items() if rows}
    if not shown:
        return None
    parts = [_axes()]
    parts += [_line(number, rows) for number, rows in enumerate(shown.values())]
    names = "; ".join(labels.get(name, name) for name in shown)
    described = " ".join(_sentence(labels.get(name, name), rows) for name, rows in shown.items())
    legend = Markup("").join(_legend(number, labels.get(name, name)) for number, name in enumerate(shown))
    return Markup(
        '<svg class="chart" role="img" aria-labelledby="chart-title chart-desc" viewBox="0 0 {w} {h}" '
        'xmlns="http://www.w3.org/2000/svg"><title id="chart-title">Percent restored by months since intake</title>'
        '<desc id="chart-desc">{names}. {described}</desc>{parts}</svg><ul class="legend">{legend}</ul>'
    ).format(w=WIDTH, h=HEIGHT, names=names, described=described, parts=Markup("").join(parts), legend=legend)


def _sentence(label: str, rows: Rows) -> str:
    last = rows[-1]
    return f"{label}: {last['estimate_percent']} percent by month {last['month']}."


def _axes() -> Markup:
    left, right = _x(0), _x(MONTHS_SHOWN)
    rule = Markup('<line class="grid" x1="{}" y1="{}" x2="{}" y2="{}"/>')
    text = Markup('<text x="{}" y="{}" text-anchor="{}">{}</text>')
    parts = []
    for percent in (0, 25, 50, 75, 100):
        parts.append(rule.format(left, _y(percent), right, _y(percent)))
        parts.append(text.format(left - 6, _y(percent) + 4, "end", f"{percent} %"))
    for month in range(0, MONTHS_SHOWN + 1, 6):
        parts.append(text.format(_x(month), HEIGHT - BOTTOM + 18, "middle", month))
    parts.append(text.format((left + right) / 2, HEIGHT - 8, "middle", "Months since intake"))
    return Markup("").join(parts)


def _line(number: int, rows: Rows) -> Markup:
    """A step line from 0 percent at intake, and an upright bar for the interval at each shown month."""
    path = f"M{_x(0)} {_y(0)}"
    for row in rows:
        path += f"H{_x(int(row['month']))}V{_y(int(row['estimate_percent']))}"
    bar = Markup('<line class="bar c{}" x1="{x}" y1="{}" x2="{x}" y2="{}"/>')
    bars = [
        bar.format(number % 3, _y(int(row["lower_percent"])), _y(int(row["upper_percent"])), x=x)
        for row, x in ((row, _x(int(row["month"])) + 3 * number) for row in rows)
        if row["lower_percent"] and row["upper_percent"]
    ]
    return Markup("").join([_stroke(number, path), *bars])


def _stroke(number: int, path: str) -> Markup:
    dash = DASHES[number % 3]
    dashed = Markup(' stroke-dasharray="{}"').format(dash) if dash else ""
    return Markup('<path class="line c{}" d="{}"{}/>').format(number % 3, path, dashed)


def _legend(number: int, label: str) -> Markup:
    key = Markup('<svg class="key" viewBox="0 0 40 8" aria-hidden="true">{}</svg>').format(_stroke(number, "M0 4H40"))
    return Markup("<li>{} {}</li>").format(key, label)
