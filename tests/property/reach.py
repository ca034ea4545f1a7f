"""What a random world reaches: how many histories put each definition to the test, and how many stand on an edge of it.

A history is one episode (for merges, consent and buckets one survivor or one row). Size alone says little: a thousand
episodes without two forms on one day say nothing of the form that wins.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator
from datetime import date
from itertools import groupby, pairwise
from pathlib import Path

from tests.oracle import dims, timeline
from tests.oracle.buckets import House, sort_into_buckets
from tests.oracle.delivery import read_scope
from tests.oracle.episodes import Episode, kept_episodes
from tests.oracle.forms import Form, scored_forms
from tests.oracle.stages import by_episode, restoration, set_stages
from tests.oracle.timeline import Record

Reached = tuple[str, str, Hashable]  # definition, what of it ("any" for all of it), history


def reach(folder: Path, *, as_of: date) -> dict[str, Counter[str]]:
    """For each definition how many histories put it to the test (`any`) and how many stand on each of its edges."""
    house = sort_into_buckets(read_scope([folder]), as_of=as_of)
    episodes = kept_episodes(house, dims.survivors(house))
    forms = scored_forms(house, episodes)
    set_stages(forms, episodes)
    records = timeline.records(house, episodes)
    histories: dict[tuple[str, str], set[Hashable]] = defaultdict(set)
    for found in (
        _of_rows(house),
        _of_stays(house),
        _of_episodes(episodes),
        _of_forms(episodes, forms),
        _of_records(records),
    ):
        for definition, what, history in found:
            histories[definition, "any"].add(history)
            histories[definition, what].add(history)
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for (definition, what), them in histories.items():
        counts[definition][what] = len(them)
    return counts


def _of_rows(house: House) -> Iterator[Reached]:
    """Merges, consent, buckets: one survivor or one row each."""
    for key, end in house.survivor_of.items():
        direct = next((row["merged_into"] for row in house.contenders["survivors"].get(key, [])), None)
        yield "merge", "chain" if direct != end else "one step", key
    for table, rows in house.scope.rows.items():
        for number, row in enumerate(rows):
            if row.bucket == "excluded" and table in ("survivors", "aftercare_episodes", "aso_assessments"):
                yield "consent", table, (table, number)
            if row.bucket != "out":
                yield "bucket", row.rule or row.bucket, (table, number)


def _of_stays(house: House) -> Iterator[Reached]:
    """Stays of one person and case, one after another: how many days between."""
    together: dict[Hashable, list[tuple[date, date | None, Hashable]]] = defaultdict(list)
    for row in house.scope.rows["aftercare_episodes"]:
        if row.bucket in ("out", "collapsed") and row["intake_date"]:
            person = house.survivor_of.get(row["survivor_id"], row["survivor_id"])
            together[person, row["case_id"]].append((row["intake_date"], row["exit_date"], row.key))
    for stays in together.values():
        for (_, left, _), (intake, _, key) in pairwise(sorted(stays, key=str)):
            if left is not None:
                gap = (intake - left).days
                edge = str(gap) if gap in (0, 29, 30, 31) else "continued" if 0 < gap < 30 else "apart"
                yield "episode", edge, key


def _of_episodes(episodes: list[Episode]) -> Iterator[Reached]:
    for one in episodes:
        if one.exit_day is not None:
            yield "days", "zero length" if one.exit_day == 0 else "left", one.key
            yield "outcome", one.outcome, one.key
        if one.entry_day > 0:
            yield "days", "delayed entry", one.key
        yield "caseload", "open" if one.exit_date is None else "closed", one.key


def _of_forms(episodes: list[Episode], forms: list[Form]) -> Iterator[Reached]:
    episode_of = {one.key: one for one in episodes}
    for form in forms:
        if len(form.means) < 6 or form.is_restored:
            yield "restored", f"{len(form.means)} domains", form.episode.key
        if form.stage != "interim":
            yield "stage", form.stage, form.episode.key
        yield from _edges(form)
    for key, chronological in by_episode(forms).items():
        left, right = restoration(episode_of[key], chronological)
        if right is not None:
            yield "interval", "both" if left is not None else "right only", key
        elif left is not None:
            yield "interval", "left only", key
        if len(chronological) > 1 and chronological[0].stage == "initial":
            yield "change", "compared", key
    for (key, _), same_day in groupby(
        sorted(forms, key=lambda one: (str(one.episode.key), one.day)), lambda one: (one.episode.key, one.day)
    ):
        entered = [form.row["entered_at"] for form in same_day]
        if len(entered) > 1:
            yield "two-forms", "entered together" if len(set(entered)) < len(entered) else "one later", key


def _edges(form: Form) -> Iterator[Reached]:
    key, exit_day = form.episode.key, form.episode.exit_day
    if form.day in (60, 61):
        yield "stage", f"day {form.day}", key
    if exit_day is not None and abs(form.day - exit_day) in (60, 61):
        yield "stage", f"exit ± {abs(form.day - exit_day)}", key


def _of_records(records: list[Record]) -> Iterator[Reached]:
    days = Counter((record.episode.key, record.day) for record in records if record.day is not None)
    for record in records:
        if record.day is None:
            yield "timeline", "not delivered", record.episode.key
            continue
        yield "timeline", "one day" if days[record.episode.key, record.day] > 1 else "delivered", record.episode.key
        yield "month", "edge of 91 days" if record.day % 30.4375 < 1 else "counted", record.episode.key
