"""The need models against a known truth: calibration, noise on the ladder, the audit. `make simulate-need` runs the full sizes.

A small fixed sample runs with every other test; the full one takes some minutes and prints what docs/validation-need.md holds.
"""

from datetime import date

import numpy as np
import pytest

from flows.estimates.need import READ
from flows.estimates.tables import read_frames
from flows.extract.simulate import Parameters, write_delivery
from flows.stage import Watch
from ml import resampling
from ml.risk import fairness, ladder
from ml.risk.definition import NOT_RESTORED
from ml.risk.document import fitted
from ml.risk.model import probability
from ml.risk.offices import added
from ml.risk.priority import matrix
from ml.risk.sample import people_of, sample_of
from ml.risk.train import train
from tests.nights import STAGES, opened
from tests.simulation.test_risk import CODES, HORIZON, TRUE, programme
from tests.unit.ml.test_fairness import audited

AS_OF = date(2026, 11, 22)
LOST_AFTER = 1300  # mean days to losing touch that leave two outcomes in five unknown


def true_probability(scores, n):
    """P(not restored at 24 months) of each person, as the programme draws it."""
    score = scores["score"].to_numpy().reshape(n, len(CODES))
    need = sum(effect * (score[:, CODES.index(code)] - 2.4) for code, effect in TRUE.items())
    return np.exp(-((HORIZON / (800 * np.exp(need))) ** 1.2))


def calibration(seed, n=5000):
    """The ICI that is told, how far predictions of new people are from the truth by tenths, the share censored, the rung."""
    episodes, snapshots, scores, _ = programme(seed, n, LOST_AFTER)
    trained = train(episodes, snapshots, scores, as_of=AS_OF, seed=1)
    told = trained.metric[(trained.metric["metric"] == "ici") & (trained.metric["split"] == "cross_validated")]
    new = programme(seed + 10_000, n, LOST_AFTER)
    people = people_of(*new[:3], as_of=AS_OF)
    offices = people.episodes["office_id"].to_numpy(dtype=str)
    model = fitted(trained.document, trained.artifact)[0]
    p = probability(model.linear(matrix(people, trained.document)) + added(offices, trained.document["offices"]))
    order = np.argsort(p)
    truth = true_probability(new[2], n)[order]
    gap = [abs(p[order][part].mean() - truth[part].mean()) for part in np.array_split(np.arange(n), 10)]
    counts = trained.document["counts"]
    return float(told["estimate"].iloc[0]), float(np.mean(gap)), counts["unknown"] / n, trained.document["rung"]


def rung_of_noise(seed, n=700):
    """The rung that the ladder takes where scores say nothing."""
    episodes, snapshots, scores, _ = programme(seed, n)
    score = np.random.default_rng(seed).permutation(scores["score"].to_numpy())
    people = people_of(episodes, snapshots, scores.assign(score=score), as_of=AS_OF)
    sample = sample_of(people, NOT_RESTORED)
    fold = resampling.folds(sample.clusters, k=5, seed=1)
    times = resampling.multiplicity(resampling.rng(seed, "draws"), len(sample.clusters.label), 100)
    return ladder.climb(sample, fold, times, seed=1).chosen.rung.name


def of_delivery(folder, seed, survivors):
    """models.risk_indicator of a simulated delivery, and the indicators that matter."""
    parameters = Parameters(survivors=survivors, seed=seed)
    written = write_delivery(folder / "jds", parameters, fmt="parquet")
    (folder / "home").mkdir()
    night = opened(written.folder, folder / "home")
    for name in ("land delivery", "build marts"):
        STAGES[name](night, Watch())
    frames = read_frames(night.build_file, *READ)
    trained = train(frames["episodes"], frames["snapshots"], frames["scores"], as_of=night.as_of, seed=1)
    table = trained.risk_indicator[trained.risk_indicator["unit"] == "indicator"].set_index("code")
    return table, [code for code, _ in parameters.indicator_effects]


def test_the_ici_at_five_thousand_people_of_whom_two_in_five_are_censored():
    told, gap, censored, _ = calibration(0)
    assert 0.38 < censored < 0.45
    assert told <= 0.03
    assert gap <= 0.03


def test_noise_climbs_no_rung():
    assert [rung_of_noise(seed) for seed in range(6)] == ["intercept"] * 6


@pytest.mark.slow
def test_full_calibration():
    found = [calibration(seed) for seed in range(10)]
    told, gap, censored = (np.array([one[k] for one in found]) for k in range(3))
    print(
        f"\nICI told {told.mean():.4f} (largest {told.max():.4f}); from the truth {gap.mean():.4f} (largest {gap.max():.4f})"
    )
    print(f"censored {censored.mean():.3f}; rungs {[one[3] for one in found]}")
    assert told.max() <= 0.03
    assert gap.max() <= 0.03


@pytest.mark.slow
def test_full_noise():
    taken = [rung_of_noise(seed) for seed in range(100)]
    print(f"\nnoise promoted in {sum(rung != 'intercept' for rung in taken)} of 100 runs")
    assert sum(rung != "intercept" for rung in taken) <= 5


@pytest.mark.slow
def test_full_audit():
    planted = [any("sex b" in name for name in fairness.failures(audited(seed, off=0.8))) for seed in range(100)]
    null = [bool(fairness.failures(audited(seed))) for seed in range(100)]
    print(f"\nplanted flagged in {np.mean(planted):.0%}, null in {np.mean(null):.0%} of 100 audits")
    assert np.mean(planted) >= 0.9
    assert np.mean(null) <= 0.1


@pytest.mark.slow
def test_full_indicators_of_deliveries(tmp_path):
    covered = []
    for seed in (20261101, 20261102):
        table, true = of_delivery(tmp_path / str(seed), seed, survivors=6000)
        noise = table.drop(index=true)
        covered += ((noise["lower"] <= 0) & (noise["upper"] >= 0)).tolist()
        print(
            f"\n{table.sort_values('rank_high')[['importance', 'lower', 'upper', 'rank_low', 'rank_high']].head(8).to_string()}"
        )
        assert table.loc[true, "importance"].min() > noise["importance"].median()
        assert set(table.sort_values("importance").tail(3).index) <= set(true)
    print(f"null indicators' intervals cover 0 in {np.mean(covered):.1%}")
    assert np.mean(covered) >= 0.9
