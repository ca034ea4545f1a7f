"""The ladder: the simplest rung that nothing has been shown to beat, and how gains, offices and cohorts are taken."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from ml import resampling
from ml.risk import ladder, offices, parts
from ml.risk.definition import NOT_RESTORED
from ml.risk.fitting import LADDER
from ml.risk.labels import Labels
from ml.risk.model import probability
from ml.risk.sample import people_of, sample_of

AS_OF = date(2026, 6, 30)


@pytest.fixture(scope="module")
def sample(programme):
    return sample_of(people_of(*programme(1200), as_of=AS_OF), NOT_RESTORED)


def climbed(sample, rungs=LADDER):
    fold = resampling.folds(sample.clusters, k=5, seed=1)
    times = resampling.multiplicity(resampling.rng(1, "draws"), len(sample.clusters.label), 60)
    return ladder.climb(sample, fold, times, seed=1, ladder=rungs)


def test_a_rung_for_which_there_are_too_few_people_is_not_tried(sample):
    found = climbed(sample)
    assert [line.split(":")[0] for line in found.told] == ["total_age", "domains", "indicators", "boosting"]
    assert "boosting: not tried" in found.told[-1]
    assert {gain.rung for gain in found.gains} <= {"total_age", "domains"}
    assert found.chosen.rung.name in {"intercept", "total_age", "domains"}


def test_a_rung_is_taken_only_by_gains_above_nothing_in_every_split(sample):
    found = climbed(sample)
    for rung in {gain.rung for gain in found.gains}:
        own = [gain for gain in found.gains if gain.rung == rung]
        is_taken = [gain.split for gain in own] == list(ladder.SPLITS) and all(gain.lower > 0 for gain in own)
        assert (f"{rung}: {ladder.TAKEN}" in found.told) == is_taken


def test_cohorts_are_later_years_that_are_followed_to_the_horizon(sample):
    for cohort in parts.cohorts_of(sample):
        own, before = cohort.own.total > 0, cohort.before.total > 0
        assert (sample.cohort[own] == cohort.year).all()
        assert (sample.cohort[before] < cohort.year).all()
        assert sample.is_followed[own].all()


def test_no_office_is_judged_by_a_model_that_saw_it(sample):
    for train, test in parts.office_parts(sample):
        assert not (train & test).any()
        assert len(np.unique(sample.offices[test])) == 1
        assert np.unique(sample.offices[test])[0] not in sample.offices[train]


def test_one_office_has_no_office_left_out(sample):
    alone = replace(sample, groups=sample.groups.assign(office_id="F1"))
    assert parts.office_parts(alone) == []
    assert "leave_one_office_out" not in {gain.split for gain in climbed(alone).gains}


def test_a_gain_of_nothing_has_an_interval_around_it(sample):
    fold = resampling.folds(sample.clusters, k=5, seed=1)
    tried = ladder.Tried(LADDER[0], sample, fold, 1, [])
    times = resampling.multiplicity(resampling.rng(1, "draws"), len(sample.clusters.label), 60)
    same = ladder.gain(tried, tried, "cross_validated", times, overlap=5)
    assert (same.estimate, same.lower, same.upper) == (0, 0, 0)
    assert ladder.inflation(5) == pytest.approx(1.5)
    assert ladder.inflation(0) == 1


def test_offices_get_back_what_they_add_shrunken_to_nothing():
    rng = np.random.default_rng(1)
    office = rng.integers(0, 4, 4000)
    true = np.array([-0.8, 0.0, 0.0, 0.8])
    linear = rng.normal(size=4000)
    event = (rng.random(4000) < probability(linear + true[office])).astype(float)
    names = office.astype(str)
    found = offices.intercepts(linear, Labels(1 - event, event, {}), np.arange(4000), names)
    assert [found[str(k)] for k in range(4)] == pytest.approx(true, abs=0.2)
    same = (rng.random(4000) < probability(linear)).astype(float)
    none = offices.intercepts(linear, Labels(1 - same, same, {}), np.arange(4000), names)
    assert max(abs(value) for value in none.values()) < 0.15
    assert offices.intercepts(linear, Labels(1 - same, same, {}), np.arange(4000), np.full(4000, "F1")) == {}
    assert offices.added(np.array(["2", "new"]), found).tolist() == [found["2"], 0.0]
