"""Curves that may leave: six points in time, whole percent, no step under six people, no group of few."""

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

from flows.publish.disclosure import rounded
from flows.publish.linked import linked_hidden
from flows.publish.sharing.cells import Key, Line, Row
from flows.publish.sharing.figure import HIDDEN, SHOWN
from flows.publish.sharing.figures import in_strata
from flows.publish.sharing.gather import ALL, Found, Marts, number, whole
from flows.publish.sharing.protect import Rule, families, hide_strata

MONTHS = (6, 12, 18, 24, 30, 36)
DAYS_A_MONTH = 30.4375
REACH_DAYS = 31.0
EVENTS_A_STEP = 6

METHODS = ("panel", "npmle", "detection_date")
EXITS = ("restored", "lost", "other_exit")
"""States of which more and more is seen; `in_care` is what they leave, and is worked out from what is shown of them."""
FIRST = ("restoration", "restoration_detection_date", "restoration_npmle")

_AT_RISK = tuple(f"m{month}" for month in MONTHS)


def gather(marts: Marts) -> list[Row]:
    """One row per curve and group: at risk at the start and at each month of the grid, and the state's values there."""
    key = ("curve_name", "stratum", "stratum_value")
    columns = (*key, "method", "state", "day", "estimate", "lower", "upper", "n_at_risk")
    found = [one for one in in_strata(marts, marts.table("outcomes.curve", *columns)) if one["method"] in METHODS]
    curves: dict[Key, Found] = {}
    for one in found:
        if number(one["estimate"]) is not None:
            curves.setdefault(tuple(str(one[name]) for name in key), []).append(one)
    rows = [_row(name, points) for name, points in curves.items()]
    return sorted(
        rows, key=lambda row: (row.key[0] not in FIRST, FIRST.index(row.key[0]) if row.key[0] in FIRST else 0, row.key)
    )


def _row(key: Key, found: Found) -> Row:
    by_state: dict[str, Found] = {}
    for one in found:
        by_state.setdefault(str(one["state"]), []).append(one)
    grid = {
        state: {str(month): at(points, month * DAYS_A_MONTH) for month in MONTHS} for state, points in by_state.items()
    }
    at_risk = {
        f"m{month}": max((point["n"] for points in grid.values() if (point := points[str(month)])), default=0)
        for month in MONTHS
    }
    n = max(whole(one["n_at_risk"]) for one in found)
    return Row(key, {"n": n, **at_risk}, {"label": found[0]["label"], "method": found[0]["method"], "points": grid})


def at(points: Found, day: float) -> dict[str, Any] | None:
    """The last point up to a day; None before the first one, and where the curve ended long before."""
    before = [point for point in points if point["day"] <= day]
    if not before or max(point["day"] for point in points) < day - REACH_DAYS:
        return None
    last = max(before, key=lambda point: point["day"])
    numbers = {name: number(last[name]) for name in ("estimate", "lower", "upper")}
    return {**numbers, "n": whole(last["n_at_risk"])}


def render(rows: Sequence[Row], rule: Rule) -> list[Line]:
    """One line per curve, group, state and month, in the order of the table's columns."""
    hide_strata(rule, "curves", rows, part=lambda row: (row.key[0],), value=lambda row: row.key[2])
    silent = _silent_months(rows, rule)
    return [line for row in rows for line in _lines(row, rule, silent.get(row.key[0], frozenset()))]


def _silent_months(rows: Sequence[Row], rule: Rule) -> dict[str, frozenset[int]]:
    """By curve, the months at which the number at risk of all together would narrow down that of a group."""
    silent = {}
    for (name,), found in families(rows, lambda row: (row.key[0],)).items():
        months = set()
        for (stratum,), members in families(found, lambda row: (row.key[1],)).items():
            caps, whole = rule.caps(stratum), rule.total(stratum)
            for month in MONTHS if stratum != "overall" else ():
                counts = {row.key[2]: row.counts[f"m{month}"] for row in members}
                hiding = linked_hidden(counts, also=counts, caps=caps, whole=whole, threshold=rule.threshold)
                if hiding.total and sum(counts.values()) >= rule.threshold:
                    months.add(month)
        silent[name] = frozenset(months)
    return silent


def _lines(row: Row, rule: Rule, silent: frozenset[int]) -> list[Line]:
    name, stratum, value = row.key
    is_hidden = rule.is_hidden("curves", row) or row.n < rule.threshold
    points = row.values["points"]
    states = {state: stepped(points[state], row.n) for state in EXITS if state in points}
    if "in_care" in points:
        states["in_care"] = _what_is_left(states)
    lines: list[Line] = []
    for state, shown in states.items():
        for month in MONTHS:
            n = None if is_hidden or shown[month] is None else rounded(row.counts[f"m{month}"], rule.threshold)
            said = shown[month] if n is not None else None
            at_risk = n if value == ALL and month not in silent else None
            head = (name, stratum, value, row.values["label"], state, month)
            lines.append(
                (*head, *(said or (None, None, None)), at_risk, row.values["method"], SHOWN if said else HIDDEN)
            )
    return lines


Shown = tuple[int | None, int | None, int | None]


def stepped(points: Mapping[str, Mapping[str, Any] | None], n: int) -> dict[int, Shown | None]:
    """Estimate, lower and upper (whole percent) for each month of the grid; None where the curve has no point.

    A change since the last shown value that stands for fewer than six of the `n` people is not shown yet: the last value stays,
    at first 0 with what six people are as its upper bound. Neither is one that leaves fewer than six.
    """
    last, value = (0, 0, _percent(min(1.0, EVENTS_A_STEP / n)) if n else None), 0.0
    shown: dict[int, Shown | None] = {}
    for month in MONTHS:
        point = points.get(str(month))
        if point is None or point["estimate"] is None:
            shown[month] = None
            continue
        enough = abs(point["estimate"] - value) * n >= EVENTS_A_STEP
        if enough and (1 - point["estimate"]) * n >= EVENTS_A_STEP:
            value = point["estimate"]
            last = (_percent(value), _percent(point["lower"]), _percent(point["upper"]))  # type: ignore[assignment]
        shown[month] = last
    return shown


def _what_is_left(states: Mapping[str, Mapping[int, Shown | None]]) -> dict[int, Shown | None]:
    """The percent still in care: what the shown percents of the others leave, without an interval of its own."""
    left: dict[int, Shown | None] = {}
    for month in MONTHS:
        shown = [one[month] for one in states.values()]
        known = [one[0] or 0 for one in shown if one is not None]
        left[month] = (max(0, 100 - sum(known)), None, None) if shown and len(known) == len(shown) else None
    return left


def _percent(share: float | None) -> int | None:
    return None if share is None or not isfinite(share) else min(100, max(0, round(100 * share)))
