"""Which need model a night shows: the one in use, unless it was trained under other definitions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from flows.estimates import need
from tests.nights import KEY

AS_OF = date(2026, 6, 30)


@pytest.fixture
def frames(programme: Callable[[int], tuple[pd.DataFrame, ...]]) -> dict[str, pd.DataFrame]:
    return dict(zip(("episodes", "snapshots", "scores"), programme(400), strict=True))


def shown(frames: dict[str, pd.DataFrame], registry: Path, **how: object) -> tuple[str, bool]:
    card = need.models(frames, registry, KEY, as_of=AS_OF, seed=1, **how)["card"].iloc[-1]  # type: ignore[arg-type]
    return str(card["model_id"]), bool(card["is_champion"])


def test_a_model_of_other_definitions_is_not_shown(tmp_path: Path, frames: dict[str, pd.DataFrame]) -> None:
    registry = tmp_path / "models"
    first = shown(frames, registry)
    assert first[1]
    assert shown(frames, registry) == first
    other = shown(frames, registry, in_force="restoration_cutoff/2=2.5")
    assert other[1]
    assert other[0] != first[0]
    assert shown(frames, registry, in_force="restoration_cutoff/2=2.5") == other
    assert need.copy_models(registry, KEY, tmp_path / "shipped", in_force="") == []
    copied = need.copy_models(registry, KEY, tmp_path / "other", in_force="restoration_cutoff/2=2.5")
    assert copied == [other[0]]
    assert shown(frames, registry) == first


def test_a_model_of_other_definitions_is_not_shown_where_none_can_be_trained(
    tmp_path: Path, frames: dict[str, pd.DataFrame]
) -> None:
    registry = tmp_path / "models"
    shown(frames, registry)
    few = {**frames, "episodes": frames["episodes"].head(30)}
    made = need.models(few, registry, KEY, as_of=AS_OF, seed=1, in_force="end_window_days/2=30")
    assert not made["card"]["is_champion"].any()
    assert made["risk_indicator"].empty
    assert need.copy_models(registry, KEY, tmp_path / "copied", in_force="end_window_days/2=30") == []
