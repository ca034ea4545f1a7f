"""Clusters, folds and draws: nobody is split, and nothing depends on order."""

import numpy as np
import pandas as pd
import pytest

from ml import resampling


def frame(*rows):
    return pd.DataFrame(rows, columns=["survivor_key", "household_key", "operation_key"])


def test_operation_before_household_before_person():
    code = resampling.clusters(
        frame(
            ("a", None, "o1"),
            ("b", "h1", "o1"),
            ("c", "h1", None),
            ("d", "h1", None),
            ("e", None, None),
            ("f", None, None),
        )
    ).code
    assert code[0] == code[1]
    assert code[2] == code[3]
    assert len(set(code.tolist())) == 4


def test_one_person_is_one_cluster_whatever_her_episodes_say():
    code = resampling.clusters(frame(("a", None, "o1"), ("a", None, "o2"), ("a", "h", None), ("b", None, "o1"))).code
    assert len(set(code.tolist())) == 1


@pytest.fixture(scope="module")
def people():
    rng = np.random.default_rng(0)
    return frame(*((f"s{i % 900}", None, f"o{i // 4}" if rng.random() < 0.5 else None) for i in range(1000)))


def test_folds_are_by_key_not_by_order(people):
    order = np.random.default_rng(1).permutation(len(people))
    straight = resampling.folds(resampling.clusters(people), k=5, seed=3)
    shuffled = resampling.folds(resampling.clusters(people.iloc[order]), k=5, seed=3)
    assert (shuffled == straight[order]).all()
    assert np.bincount(straight).min() > 150
    assert pd.Series(straight).groupby(people["survivor_key"]).nunique().max() == 1
    fewer = resampling.folds(resampling.clusters(people[people["operation_key"].isna()]), k=5, seed=3)
    assert set(fewer.tolist()) == set(range(5))
    assert (resampling.folds(resampling.clusters(people), k=5, seed=4) != straight).any()


def test_draws_have_the_size_of_the_sample_and_follow_the_seed():
    drawn = resampling.multiplicity(resampling.rng(1, "a"), 50, 20)
    assert (drawn.sum(axis=1) == 50).all()
    assert (drawn == resampling.multiplicity(resampling.rng(1, "a"), 50, 20)).all()
    assert (drawn != resampling.multiplicity(resampling.rng(1, "b"), 50, 20)).any()
