"""The need model against a known truth: two items matter, eighteen say nothing, 40 % of outcomes are censored."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from ml.promotion import decide
from ml.risk.labels import label
from ml.risk.train import train

pytestmark = pytest.mark.xdist_group("risk simulated")  # what they share is made once

DOMAINS = {"eco": 4, "leg": 3, "men": 4, "phy": 3, "saf": 3, "soc": 3}
CODES = [f"{domain.upper()}{i + 1}" for domain, size in DOMAINS.items() for i in range(size)]
DOMAIN_OF = [domain for domain, size in DOMAINS.items() for _ in range(size)]
TRUE = {"MEN1": -0.6, "ECO1": -0.5}
HORIZON = 730.5
SETS, PEOPLE = 8, 1500


def programme(seed, n=PEOPLE, lost_after=1800):
    """episodes, snapshots, scores, who truly was not restored at 24 months; people are lost after a mean of so many days."""
    rng = np.random.default_rng(seed)
    score = np.clip(np.rint(2.4 + 0.3 * rng.normal(size=(n, 1)) + rng.normal(size=(n, 20))), 1, 4)
    need = sum(effect * (score[:, CODES.index(code)] - 2.4) for code, effect in TRUE.items())
    restored = 800 * rng.weibull(1.2, n) * np.exp(need)
    lost, as_of = np.ceil(rng.exponential(lost_after, n)), rng.integers(300, 2600, n)
    visits = np.cumsum(np.column_stack([np.zeros(n), rng.integers(90, 180, (n, 25))]), axis=1)
    shown, after = visits <= np.minimum(lost, as_of)[:, None], visits >= restored[:, None]
    right = np.where(shown & after, visits, np.inf).min(axis=1)
    keys = np.char.zfill(np.arange(n).astype(str), 5)
    episodes = pd.DataFrame(
        {
            "episode_key": np.char.add("e", keys),
            "survivor_key": np.char.add("s", keys),
            "household_key": None,
            "operation_key": np.char.add("o", (np.arange(n) // 3).astype(str)),
            "office_id": rng.choice(["F1", "F2", "F3"], n),
            "casework_type": None,
            "age_band": None,
            "entry_day": 0,
            "exit_day": np.where(lost <= as_of, lost, np.nan),
            "as_of_day": as_of,
            "restored_left_day": np.where(shown & ~after, visits, -np.inf).max(axis=1),
            "restored_right_day": np.where(np.isfinite(right), right, np.nan),
            "event": np.where(np.isfinite(right), 1, np.where(lost <= as_of, 2, 0)),
            "outcome": np.where(lost <= as_of, "lost_contact", "open"),
        }
    )
    snapshots = pd.DataFrame(
        {
            "episode_key": episodes["episode_key"],
            "stage": "initial",
            "assessment_key": np.char.add("a", keys),
            "day": 0,
            "total": score.mean(axis=1),
        }
    )
    scores = pd.DataFrame(
        {
            "assessment_key": np.repeat(snapshots["assessment_key"].to_numpy(), 20),
            "indicator_code": np.tile(CODES, n),
            "domain_code": np.tile(DOMAIN_OF, n),
            "score": score.ravel(),
            "score_status": "scored",
        }
    )
    return episodes, snapshots, scores, restored > HORIZON


@pytest.fixture(scope="module")
def trained():
    return [train(*programme(seed)[:3], as_of=date(2026, 11, 22), seed=1) for seed in range(SETS)]


def test_true_indicators_rank_above_noise(trained):
    for model in trained:
        table = model.risk_indicator.query("unit == 'indicator'").set_index("code")
        noise = table.drop(index=list(TRUE))
        assert table.loc[list(TRUE), "importance"].min() > noise["importance"].max()
        assert table.loc[list(TRUE), "lower"].min() > 0
        assert table.loc[list(TRUE), "rank_high"].max() <= 2
        assert set(table.loc[list(TRUE), "direction"]) == {"higher_score_less_need"}
        assert table.loc[list(TRUE), "selection_frequency"].min() >= 0.8


def test_noise_is_seldom_called_important_or_selected(trained):
    tables = pd.concat([model.risk_indicator.query("unit == 'indicator'") for model in trained])
    noise = tables[~tables["code"].isin(TRUE)]
    assert (noise["lower"] <= 0).mean() >= 0.9, f"share not above 0: {(noise['lower'] <= 0).mean():.3f}"
    covered = (noise["lower"] <= 0) & (noise["upper"] >= 0)
    assert covered.mean() >= 0.9, f"share that covers 0: {covered.mean():.3f}"
    assert noise["selection_frequency"].mean() <= 0.05


def test_held_out_measures_are_those_of_a_calibrated_model(trained):
    metric = pd.concat([model.metric for model in trained])
    metric = metric[metric["split"] == "cross_validated"].groupby("metric")["estimate"].mean()
    assert metric["calibration_slope"] == pytest.approx(1, abs=0.15)
    assert metric["calibration_in_the_large"] == pytest.approx(0, abs=0.05)
    assert metric["auc"] > 0.65  # at this size a summary is deployed, not the items


def test_weights_beat_leaving_out_the_unknown():
    weighted, naive, known = [], [], []
    for seed in range(100, 120):
        episodes, *_, truth = programme(seed)
        labels = label(episodes, np.zeros(len(episodes)))
        certain = (labels.total > 0) & ((labels.other == 0) | (labels.event == 0))
        weighted.append(labels.event.sum() / labels.total.sum() - truth.mean())
        naive.append((labels.event > 0)[certain].mean() - truth.mean())
        known.append((labels.total > 0).mean())
    assert 0.5 < np.mean(known) < 0.7, "about 40 % of outcomes are censored"
    error = np.std(weighted) / np.sqrt(len(weighted))
    assert abs(np.mean(weighted)) <= 0.01 + 2 * error, (
        f"weighted {np.mean(weighted):.4f}, Monte Carlo error {error:.4f}"
    )
    assert np.mean(naive) < -0.05, f"naive {np.mean(naive):.4f}"


def test_a_challenger_of_noise_is_not_promoted(trained):
    for seed, champion in enumerate(trained[:2]):
        episodes, snapshots, scores, _ = programme(seed)
        shuffled = scores.assign(score=np.random.default_rng(seed).permutation(scores["score"].to_numpy()))
        challenger = train(episodes, snapshots, shuffled, as_of=date(2026, 11, 23), seed=1, champion=champion.document)
        assert not challenger.card["is_champion"].iloc[0]
        assert decide(champion.document, challenger.document).promote
