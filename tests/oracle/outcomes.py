"""Episodes as a table: last sight, restoration interval, outcome and event."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import pandas as pd

from tests.oracle.contract import code
from tests.oracle.episodes import Episode
from tests.oracle.forms import Form
from tests.oracle.stages import restoration
from tests.oracle.timeline import Record


def event(outcome: str, restored_right_day: int | None) -> int:
    """0 open, 1 restored, 2 lost contact or withdrew, 3 any other exit."""
    if restored_right_day is not None:
        return 1
    if outcome == "open":
        return 0
    return 2 if outcome in ("lost_contact", "withdrew") else 3


def fct_episode(episodes: list[Episode], forms: list[Form], records: list[Record]) -> pd.DataFrame:
    """One row per episode."""
    forms_of: dict[Hashable, list[Form]] = {}
    for form in forms:
        forms_of.setdefault(form.episode.key, []).append(form)
    # READING: "last assessment, delivered service or attendance" leaves legal events out: they are neither, and need
    # nobody's presence.
    seen_days: dict[Hashable, list[int]] = {}
    for record in records:
        if record.day is not None and record.source_table != "legal_proceedings":
            seen_days.setdefault(record.episode.key, []).append(record.day)
    lines = [_line(episode, forms_of.get(episode.key, []), seen_days.get(episode.key, [])) for episode in episodes]
    frame = pd.DataFrame(lines, columns=list(_line_columns()))
    return frame.astype({column: "Int64" for column in frame.columns if column.endswith(("_day", "_days"))})


def _line(episode: Episode, forms: list[Form], seen_days: list[int]) -> dict[str, Any]:
    left, right = restoration(episode, forms)
    stages = {form.stage for form in forms}
    values = (
        episode.key,
        episode.survivor.key,
        episode.case.key,
        episode.survivor.household,
        episode.case["rescue_operation_id"],
        episode.first["office_id"],
        episode.first["lead_partner_id"],
        code("casework_type", episode.case["casework_type"]),
        episode.survivor.gender,
        episode.age_band,
        f"{episode.intake.year}Q{(episode.intake.month + 2) // 3}",
        episode.number,
        None if episode.rescue_day is None else -episode.rescue_day,
        episode.entry_day,
        episode.exit_day,
        max([form.day for form in forms] + seen_days, default=None),
        episode.day(episode.as_of),
        code("episode_status", episode.last["status"]),
        episode.outcome,
        left,
        right,
        event(episode.outcome, right),
        len(forms),
        "initial" in stages,
        "mid" in stages,
        "end" in stages,
    )
    return dict(zip(_line_columns(), values, strict=True))


def _line_columns() -> tuple[str, ...]:
    return (
        "episode_key",
        "survivor_key",
        "case_key",
        "household_key",
        "operation_key",
        "office_id",
        "partner_id",
        "casework_type",
        "gender",
        "age_band",
        "intake_quarter",
        "episode_number",
        "rescue_to_intake_days",
        "entry_day",
        "exit_day",
        "last_seen_day",
        "as_of_day",
        "status",
        "outcome",
        "restored_left_day",
        "restored_right_day",
        "event",
        "n_assessments",
        "has_initial",
        "has_mid",
        "has_end",
    )
