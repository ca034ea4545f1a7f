"""Episode-months: what was known about an episode when each month began."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Hashable
from itertools import count, takewhile
from typing import Any

import pandas as pd

from tests.oracle.aso import MEASURES
from tests.oracle.contract import CATEGORIES
from tests.oracle.episodes import Episode
from tests.oracle.forms import Form
from tests.oracle.rules import DAYS_A_MONTH, rules
from tests.oracle.stages import by_episode, restoration
from tests.oracle.timeline import Record


def episode_month(episodes: list[Episode], forms: list[Form], records: list[Record]) -> pd.DataFrame:
    """One row per episode and month in care."""
    # READING: the month's start is 30.4375 x m, unrounded: a month that starts at 30.4375 is there when the exit is
    # on day 31, and at exit on day 30 it is not. An episode with its exit on the day of intake has no month.
    forms_of, days_of = by_episode(forms), _delivered_days(records)
    lines = []
    for episode in episodes:
        known = forms_of.get(episode.key, [])
        right = restoration(episode, known)[1]
        months = takewhile(lambda month, episode=episode: _has_month(episode, month), count())
        lines += [_line(episode, month, known, right, days_of[episode.key]) for month in months]
    counts = [f"n_{category}_{span}" for category in CATEGORIES for span in ("before", "last_3m")]
    measures = [f"{name}_before" for name in ("total", *MEASURES[:-1])]
    columns = ["episode_key", "month", "is_restored_at_start", *counts, *measures]
    return pd.DataFrame(lines, columns=columns).astype(dict.fromkeys(measures, "Float64"))


def _has_month(episode: Episode, month: int) -> bool:
    start = DAYS_A_MONTH * month
    return start <= episode.day(episode.as_of) and (episode.exit_day is None or start < episode.exit_day)


def _delivered_days(records: list[Record]) -> dict[Hashable, dict[str, list[int]]]:
    days: dict[Hashable, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for record in records:
        if record.day is not None:
            days[record.episode.key][record.category].append(record.day)
    for categories in days.values():
        for same_category in categories.values():
            same_category.sort()
    return days


def _line(
    episode: Episode, month: int, forms: list[Form], right: int | None, days: dict[str, list[int]]
) -> dict[str, Any]:
    start = DAYS_A_MONTH * month
    end = start if month else 1  # the first day not known yet: month 0 knows day 0 as well
    # READING: is_restored_at_start = restored_right_day is known by then: ever seen restored, not the last form's
    # state.
    line: dict[str, Any] = {
        "episode_key": episode.key,
        "month": month,
        "is_restored_at_start": right is not None and right < end,
    }
    for category in CATEGORIES:
        in_category = days.get(category, [])
        n_before = bisect_left(in_category, end)
        line[f"n_{category}_before"] = n_before
        # READING: days from start - 91 on; in month 0 day 0 comes on top of the 91 days before it.
        line[f"n_{category}_last_3m"] = n_before - bisect_left(in_category, start - rules().recent_days)
    # READING: what is known is the last value of each column, so a domain the last form lacks keeps its value from an
    # earlier form.
    known = [form for form in forms if form.day < end]
    for name in MEASURES:
        values = (form.value(name.upper()) for form in reversed(known))
        line[f"{name}_before"] = next((value for value in values if value is not None), None)
    return line
