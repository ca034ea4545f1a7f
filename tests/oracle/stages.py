"""Which form of an episode speaks for which stage, and between which two days restoration happened."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any

from tests.oracle.episodes import Episode
from tests.oracle.forms import Form
from tests.oracle.rules import rules

LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)


def one_a_day(forms: Iterable[Form]) -> list[Form]:
    """The forms of one episode by day, of two on one day the one that wins."""
    # READING: the later `entered_at` wins whatever it holds, even too few domains to count; without a stamp a form
    # loses; equal stamps go by more items scored, then the lower key (the raw id here, so a tie this deep may fall
    # otherwise where keys are pseudonyms). The form that loses its day is interim.
    # READING: this goes for stages, snapshots, intervals, change and episode-months; last_seen_day and n_assessments
    # count every form.
    days = groupby(sorted(forms, key=lambda form: form.day), key=lambda form: form.day)
    return [min(same_day, key=_winner) for _, same_day in days]


def _winner(form: Form) -> tuple[timedelta, int, Any]:
    entered = form.row["entered_at"] or LONG_AGO
    return (LONG_AGO - entered, -form.n("scored"), form.key)


def by_episode(forms: Iterable[Form]) -> dict[Hashable, list[Form]]:
    """The forms that win their day, in order of day, by episode."""
    grouped: dict[Hashable, list[Form]] = {}
    for form in forms:
        grouped.setdefault(form.episode.key, []).append(form)
    return {key: one_a_day(same_episode) for key, same_episode in grouped.items()}


def restoration(episode: Episode, forms: list[Form]) -> tuple[int | None, int | None]:
    """restored_left_day and restored_right_day: restoration happened after the first and not after the second."""
    last_day = episode.last_day_of_forms
    counting = [form for form in one_a_day(forms) if form.counts]
    right = next(
        (form.day for form in counting if form.is_restored and (last_day is None or form.day <= last_day)), None
    )
    # READING: "before exit when none" is strictly before the exit day, without upper bound in an open episode.
    bound = right if right is not None else episode.exit_day
    left = max(
        (form.day for form in counting if not form.is_restored and (bound is None or form.day < bound)), default=None
    )
    return left, right


def set_stages(forms: list[Form], episodes: list[Episode]) -> None:
    """Gives each form its stage; every form that is none of the four, or loses its day, is interim."""
    # READING: precedence is order of choosing: each stage takes its best form among those not yet taken (so when the
    # nearest to twelve months is the end form, the next nearest may be the sustained one).
    episode_of = {episode.key: episode for episode in episodes}
    for key, chronological in by_episode(forms).items():
        chosen: dict[str, Form] = {}
        for stage, choose in (("initial", _initial), ("end", _end), ("sustained", _sustained), ("mid", _mid)):
            free = [form for form in chronological if form.stage == "interim"]
            form = choose(episode_of[key], free, chronological, chosen)
            if form is not None:
                form.stage = stage
                chosen[stage] = form


Chooser = Callable[[Episode, list[Form], list[Form], dict[str, Form]], "Form | None"]


def _initial(episode: Episode, free: list[Form], _all: list[Form], _chosen: dict[str, Form]) -> Form | None:
    # READING: without a rescue date every form that is accepted at all (intake - 90 on) may be the initial one; a
    # rescue after intake is taken as it stands, so a form between intake and such a rescue is not initial.
    earliest = episode.rescue_day
    return next(
        (
            form
            for form in free
            if (earliest is None or form.day >= earliest) and form.day <= rules().initial_window_days
        ),
        None,
    )


def _end(episode: Episode, free: list[Form], _all: list[Form], chosen: dict[str, Form]) -> Form | None:
    # READING: a closed episode is one with an exit_day, whatever JDS's status says. An end comes after the initial form.
    exit_day = episode.exit_day
    if exit_day is None:
        return None
    after = chosen["initial"].day if "initial" in chosen else -math.inf
    return next(
        (form for form in reversed(free) if abs(form.day - exit_day) <= rules().end_window_days and form.day > after),
        None,
    )


def _sustained(episode: Episode, free: list[Form], every: list[Form], _chosen: dict[str, Form]) -> Form | None:
    # READING: a month is 30.4375 days, both ends of 9-18 months included; "after exit" is a later day than exit_day;
    # open episodes have none. "The first restored one" has no upper bound here: it may be later than exit + 60, where
    # restored_right_day stays null.
    restored = next((form.day for form in every if form.is_restored), None)
    if restored is None or episode.exit_day is None:
        return None
    window = [
        form
        for form in free
        if rules().sustained_from_days <= form.day - restored <= rules().sustained_to_days
        and form.day > episode.exit_day
    ]
    return _nearest(window, restored + rules().sustained_target_days)


def _mid(episode: Episode, free: list[Form], _all: list[Form], chosen: dict[str, Form]) -> Form | None:
    # READING: six months are 182.625 days; half the time in care is exit_day / 2, unrounded; a form on as_of itself
    # is not before it.
    exit_day = episode.exit_day
    after = chosen["initial"].day if "initial" in chosen else rules().initial_window_days
    before = episode.day(episode.as_of) if exit_day is None else exit_day
    before = chosen["end"].day if "end" in chosen else before
    target = rules().mid_target_days if exit_day is None else exit_day / 2
    return _nearest([form for form in free if after < form.day < before], target)


def _nearest(forms: list[Form], target: float) -> Form | None:
    return min(forms, key=lambda form: (abs(form.day - target), form.day), default=None)
