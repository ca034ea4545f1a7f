"""Which need model a night shows: the one in use, unless it was trained under other definitions."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from flows.errors import LeaseLostError
from flows.estimates import need
from flows.publish import assemble
from ml import champions
from ml.contracts import METRIC, require
from ml.promotion import Decision
from ml.registry import ARTIFACT
from ml.risk.ladder import TAKEN
from tests.nights import KEY

AS_OF = date(2026, 6, 30)


@pytest.fixture
def frames(programme: Callable[[int], tuple[pd.DataFrame, ...]]) -> dict[str, pd.DataFrame]:
    return dict(zip(("episodes", "snapshots", "scores"), programme(400), strict=True))


def shown(frames: dict[str, pd.DataFrame], registry: Path, **how: object) -> tuple[str, bool]:
    card = need.models(frames, registry, KEY, as_of=AS_OF, seed=1, **how)["card"].iloc[0]
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
    assert copied[0] == other[0]
    assert {"card.md", "datasheet.md", "model.json"} <= {
        path.name for path in (tmp_path / "other" / other[0]).iterdir()
    }
    assert shown(frames, registry) == first


def test_a_model_of_trees_is_read_back_and_its_release_holds_what_publication_lets_through(
    tmp_path: Path, frames: dict[str, pd.DataFrame], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ml.risk.ladder.sample_size.needed", lambda *_: 0)
    monkeypatch.setattr("ml.risk.ladder._shown", lambda *_: ([], TAKEN))
    registry = tmp_path / "models"
    first = shown(frames, registry)
    assert first[1]
    assert (registry / first[0] / ARTIFACT).exists()
    assert shown(frames, registry) == first
    assert first[0] in need.copy_models(registry, KEY, tmp_path / "copy")
    assemble._copy_models(tmp_path / "copy", tmp_path / "release")
    inside = {path.name for path in (tmp_path / "release" / first[0]).iterdir()}
    assert {"model.json", "model.json.hmac", "card.md"} <= inside
    assert ARTIFACT not in inside


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


def test_three_outcomes_have_a_model_or_a_reason_each(tmp_path: Path, frames: dict[str, pd.DataFrame]) -> None:
    made = need.models(frames, tmp_path / "models", KEY, as_of=AS_OF, seed=1)
    card = made["card"].set_index("model_name")
    assert list(card.index) == ["need_not_restored_24m", "need_lost_12m", "need_worse_mid"]
    assert "0 people worse at the mid assessment, 20 are needed" in card.loc["need_worse_mid", "reason"]
    assert set(made["risk_indicator"]["outcome"]) == {"not_restored_24m", "lost_12m"}
    assert set(made["fairness"]["model_id"]) <= set(card["model_id"])


@pytest.mark.fault("F66")
def test_a_training_that_fails_says_so_and_keeps_the_model_in_use(
    tmp_path: Path, frames: dict[str, pd.DataFrame], monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = tmp_path / "models"
    first = shown(frames, registry)
    monkeypatch.setattr("ml.risk.ladder.climb", lambda *_, **__: 1 / 0)
    made = need.models(frames, registry, KEY, as_of=AS_OF, seed=2, retrain=True)
    card = made["card"][made["card"]["model_name"] == "need_not_restored_24m"]
    assert card["is_champion"].tolist() == [True, False] or card["is_champion"].tolist() == [False, True]
    assert "ZeroDivisionError while fitting" in " ".join(card["reason"])
    assert set(made["risk_indicator"]["outcome"]) >= {"not_restored_24m"}
    broken = {**frames, "scores": frames["scores"].drop(columns=["score"])}
    still = need.show(broken, registry, KEY, as_of=AS_OF, seed=1)
    assert (str(still.tables["card"]["model_id"].iloc[0]), still.priority) == (first[0], None)


def test_a_model_that_a_person_took_out_of_use_does_not_come_back(
    tmp_path: Path, frames: dict[str, pd.DataFrame], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ml.promotion.decide", lambda new, _: Decision(new["status"] == "trained", "for the test"))
    registry, signing = tmp_path / "models", KEY.derive(need.SIGNING)
    first = shown(frames, registry)
    more = {**frames, "episodes": frames["episodes"].assign(as_of_day=frames["episodes"]["as_of_day"] + 5)}
    need.models(more, registry, KEY, as_of=AS_OF, seed=1, retrain=True)
    second = str(champions.champion(registry, signing, "need_not_restored_24m"))
    assert second != first[0]
    assert champions.rollback(registry, signing, "need_not_restored_24m") == first[0]
    made = need.models(more, registry, KEY, as_of=AS_OF, seed=1, retrain=True)["card"]
    own = made[made["model_name"] == "need_not_restored_24m"].set_index("model_id")
    assert own.loc[first[0], "is_champion"]
    assert "a person took this model out of use" in own.loc[second, "reason"]


def test_a_model_that_fails_its_audit_names_nobody(
    tmp_path: Path, frames: dict[str, pd.DataFrame], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ml.risk.fairness.failures", lambda _: ["calibration_in_the_large of sex female"])
    made = need.show(frames, tmp_path / "models", KEY, as_of=AS_OF, seed=1)
    card = made.tables["card"]
    assert not card["is_champion"].any()
    assert "fairness audit: calibration_in_the_large of sex female" in card["reason"].iloc[0]
    assert made.priority is None
    assert made.metric_rows == []
    assert champions.champion(tmp_path / "models", KEY.derive(need.SIGNING), "need_not_restored_24m") is None


def test_what_is_told_of_people_in_care_is_a_metric_like_any_other(
    tmp_path: Path, programme: Callable[[int], tuple[pd.DataFrame, ...]]
) -> None:
    frames = dict(zip(("episodes", "snapshots", "scores"), programme(900), strict=True))
    made = need.show(frames, tmp_path / "models", KEY, as_of=AS_OF, seed=1)
    assert made.metric_rows
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        metric = need._with_rows(made.tables["metric"], made.metric_rows)
    require(metric, METRIC)
    assert not metric.duplicated(["model_id", "metric", "split"]).any()
    assert metric["estimate"].notna().all()
    assert {"recent_intakes", "caseload", "sample_size", "cross_validated"} <= set(metric["split"])


@pytest.mark.fault("F49")
def test_a_training_that_was_overtaken_keeps_no_model(tmp_path: Path, frames: dict[str, pd.DataFrame]) -> None:
    def fence() -> None:
        raise LeaseLostError("overtaken", stage="home", next_step="none")

    registry = tmp_path / "models"
    with pytest.raises(LeaseLostError):
        need.show(frames, registry, KEY, as_of=AS_OF, seed=1, retrain=True, fence=fence)
    assert not list(registry.glob("*"))
