"""Curves that may leave: all survivors together, six points in time, whole percent, no step under six people."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

import duckdb

from flows.publish.disclosure import rounded

MONTHS = (6, 12, 18, 24, 30, 36)
DAYS_A_MONTH = 30.4375
REACH_DAYS = 31.0
EVENTS_A_STEP = 6

# Only these names may leave; `restored` alone, since the states of one curve sum to one and would give each other away.
NAMES = ("restoration", "restoration_detection_date", "restoration_npmle")
COLUMNS = (
    "curve_name", "method", "month", "estimate_percent", "lower_percent", "upper_percent", "n_at_risk", "status",
)  # fmt: skip

_POINTS = """
    select curve_name, method, day, estimate, lower, upper, n_at_risk
    from marts.outcomes.curve
    where stratum = 'overall' and stratum_value = 'all' and state = 'restored' and list_contains(?, curve_name)
        and isfinite(estimate)
    order by curve_name, method, day
"""


@dataclass(frozen=True)
class Point:
    """One day of a curve as the estimator left it."""

    day: float
    estimate: float
    lower: float | None
    upper: float | None
    n_at_risk: int


def shared_curves(connection: duckdb.DuckDBPyConnection, threshold: int) -> list[Sequence[object]]:
    """One row per curve and month of the grid, in the order of COLUMNS."""
    curves: dict[tuple[str, str], list[Point]] = {}
    for name, method, day, estimate, lower, upper, n in connection.execute(_POINTS, [list(NAMES)]).fetchall():
        curves.setdefault((name, method), []).append(Point(day, estimate, lower, upper, max(0, int(n or 0))))
    return [
        (name, method, *row)
        for (name, method), points in sorted(curves.items(), key=lambda item: NAMES.index(item[0][0]))
        for row in coarse(points, threshold)
    ]


def coarse(points: Sequence[Point], threshold: int) -> list[Sequence[object]]:
    """Month, estimate, lower, upper (whole percent), at risk (rounded) and status for each month of the grid.

    A month is hidden when fewer than the threshold are at risk there, or when the curve has ended. A change since the
    last shown value that stands for fewer than six people is not shown yet: the last value stays.
    """
    n_all = max((point.n_at_risk for point in points), default=0)
    shown = Point(0.0, 0.0, 0.0, 0.0, n_all)
    rows: list[Sequence[object]] = []
    for month in MONTHS:
        point = _at(points, month * DAYS_A_MONTH)
        n = rounded(point.n_at_risk, threshold) if point else None
        if point is None or n is None:
            rows.append((month, None, None, None, None, "hidden"))
            continue
        if abs(point.estimate - shown.estimate) * n_all >= EVENTS_A_STEP:
            shown = point
        rows.append((month, _percent(shown.estimate), _percent(shown.lower), _percent(shown.upper), n, "shown"))
    return rows


def _at(points: Sequence[Point], day: float) -> Point | None:
    """The last point up to a day; None before the first one, and where the curve ended long before."""
    before = [point for point in points if point.day <= day]
    if not before or max(point.day for point in points) < day - REACH_DAYS:
        return None
    return before[-1]


def _percent(share: float | None) -> int | None:
    return None if share is None or not isfinite(share) else min(100, max(0, round(100 * share)))
