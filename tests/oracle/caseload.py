"""The caseload of each office, quarter by quarter."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable
from datetime import date, timedelta

import pandas as pd

from tests.oracle.episodes import Episode
from tests.oracle.forms import Form
from tests.oracle.rules import rules
from tests.oracle.stages import by_episode, restoration

COLUMNS = ["office_id", "quarter", "n_open", "n_intakes", "n_exits", "n_restored_seen", "n_overdue_assessments"]


def caseload(episodes: list[Episode], forms: list[Form]) -> pd.DataFrame:
    """One row per office and quarter, from the first intake anywhere to as_of."""
    # READING: the office is that of the episode, whether or not it is in core.dim_office; without one, null.
    if not episodes:
        return pd.DataFrame([], columns=COLUMNS)
    days, restored = _days(forms), _restored(episodes, forms)
    by_office: dict[object, list[Episode]] = defaultdict(list)
    for episode in episodes:
        by_office[episode.first["office_id"]].append(episode)
    as_of = episodes[0].as_of
    lines = []
    for year, number in _quarters(min(episode.intake for episode in episodes), as_of):
        end = min(_last_day(year, number), as_of)
        for office, own in by_office.items():
            still_open = [one for one in own if one.intake <= end and (one.exit_date is None or one.exit_date > end)]
            n = Counter(what for episode in own for what in _in_quarter(episode, restored, (year, number)))
            overdue = sum(_is_overdue(one, days[one.key], one.day(end)) for one in still_open)
            lines.append((office, f"{year}Q{number}", len(still_open), n["intake"], n["exit"], n["restored"], overdue))
    return pd.DataFrame(lines, columns=COLUMNS)


def _quarter(on: date) -> tuple[int, int]:
    return on.year, (on.month + 2) // 3


def _quarters(first: date, last: date) -> list[tuple[int, int]]:
    found, end = [_quarter(first)], _quarter(last)
    while found[-1] != end:
        year, number = found[-1]
        found.append((year, number + 1) if number < 4 else (year + 1, 1))
    return found


def _last_day(year: int, number: int) -> date:
    return date(year + number // 4, 3 * number % 12 + 1, 1) - timedelta(days=1)


def _days(forms: list[Form]) -> dict[Hashable, list[int]]:
    days: dict[Hashable, list[int]] = defaultdict(list)
    for form in forms:
        days[form.episode.key].append(form.day)
    return days


def _restored(episodes: list[Episode], forms: list[Form]) -> dict[Hashable, date]:
    """The date on which each episode was first seen restored; before the intake counts as the intake."""
    forms_of = by_episode(forms)
    rights = {one.key: restoration(one, forms_of.get(one.key, []))[1] for one in episodes}
    return {
        one.key: one.intake + timedelta(days=max(right, 0))
        for one in episodes
        if (right := rights[one.key]) is not None
    }


def _in_quarter(episode: Episode, restored: dict[Hashable, date], quarter: tuple[int, int]) -> list[str]:
    happened = {"intake": episode.intake, "exit": episode.exit_date, "restored": restored.get(episode.key)}
    return [what for what, on in happened.items() if on is not None and _quarter(on) == quarter]


def _is_overdue(episode: Episode, days: list[int], today: int) -> bool:
    # READING: due at intake; six months after an assessment in the first half of these; a year after a later one. Every
    # form counts, also the second of a day. Late by more than 60 days is overdue.
    last = max((day for day in days if day <= today), default=None)
    due: float = 0
    if last is not None:
        due = last + (rules().mid_target_days if last < rules().mid_target_days / 2 else rules().sustained_target_days)
    return today - due > rules().initial_window_days
