"""Charts of the tables of share/, to point at: what the report draws, with the numbers of each mark under the pointer."""

import altair as alt
import pandas as pd
from reproduce import PERCENTS


def curve(rows: pd.DataFrame, series: str) -> alt.LayerChart:
    """Step curves with their intervals, one colour a series."""
    rows = rows[rows["status"] == "shown"].assign(month=lambda one: one["month"].astype(int))
    for name in PERCENTS:
        rows[name] = pd.to_numeric(rows[name])
    base = alt.Chart(rows).encode(
        x=alt.X("month:Q", title="Months since intake"), color=alt.Color(f"{series}:N", title=None)
    )
    scale = alt.Scale(domain=[0, 100])
    band = base.mark_area(interpolate="step-after", opacity=0.16).encode(
        y=alt.Y("lower_percent:Q", title="Percent", scale=scale), y2="upper_percent:Q"
    )
    line = base.mark_line(interpolate="step-after", point=True).encode(
        y=alt.Y("estimate_percent:Q", scale=scale),
        strokeDash=f"{series}:N",
        tooltip=[series, "month", *PERCENTS],
    )
    return (band + line).properties(width=560, height=280)


def intervals(rows: pd.DataFrame, label: str, names: list[str], title: str) -> alt.Chart | alt.LayerChart:
    """One line a row: its interval, and its estimate where there is one."""
    rows = rows[(rows[list(names)] != "").all(axis=1)].copy()
    for name in names:
        rows[name] = pd.to_numeric(rows[name])
    base = alt.Chart(rows).encode(y=alt.Y(f"{label}:N", title=None, sort=None, axis=alt.Axis(labelLimit=420)))
    bar = base.mark_rule(strokeWidth=4, opacity=0.45).encode(
        x=alt.X(f"{names[-2]}:Q", title=title), x2=f"{names[-1]}:Q"
    )
    if len(names) == 2:
        return bar
    return bar + base.mark_point(filled=True, size=70).encode(x=f"{names[0]}:Q", tooltip=[label, *names])
