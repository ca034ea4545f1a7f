"""Who belongs together and how they are drawn: clusters, grouped folds, bootstrap weights. Row order never counts."""

import hashlib
from dataclasses import dataclass
from zlib import crc32

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Clusters:
    """code (n,): the cluster of each row, 0 .. k - 1; label (k,): a name of each that stays the same, for hashing."""

    code: Ints
    label: npt.NDArray[np.str_]


def clusters(episodes: pd.DataFrame) -> Clusters:
    """People who may resemble each other: same rescue operation, else same household, else the same person.

    All episodes of one person are in one cluster: of the groups her episodes name, an operation comes before a
    household, then the smallest key. Groups are not merged through people who were in two: such chains would tie
    most of the programme into one cluster.
    Needs survivor_key, household_key, operation_key (null allowed in the last two).
    """
    person = episodes["survivor_key"].astype(str)
    household = ("2:" + episodes["household_key"].astype(str)).where(episodes["household_key"].notna(), "3:" + person)
    group = ("1:" + episodes["operation_key"].astype(str)).where(episodes["operation_key"].notna(), household)
    names, named = np.unique(group.to_numpy(dtype=str), return_inverse=True)
    who = pd.factorize(person)[0]
    smallest = np.full(len(episodes), len(names), dtype=np.int64)
    np.minimum.at(smallest, who, named)
    kept, code = np.unique(smallest[who], return_inverse=True)
    return Clusters(np.asarray(code, dtype=np.int64), names[kept])


def folds(groups: Clusters, *, k: int, seed: int) -> Ints:
    """The fold of each row, (n,), 0 .. k - 1; a cluster is never split, and keeps its fold when others come or go."""
    fold = [
        int.from_bytes(hashlib.blake2b(f"{seed}:{name}".encode(), digest_size=8).digest(), "big") % k
        for name in groups.label
    ]
    return np.asarray(fold, dtype=np.int64)[groups.code]


def rng(seed: int, *name: str) -> np.random.Generator:
    """A generator of its own for each named use, so that one stratum more does not move the draws of another."""
    return np.random.default_rng([seed, crc32("|".join(name).encode())])


def multiplicity(generator: np.random.Generator, k: int, draws: int) -> npt.NDArray[np.float64]:
    """(draws, k): how often each of k clusters is drawn in a bootstrap sample of k clusters (multinomial)."""
    out = np.zeros((draws, k))
    for row in out:
        row += np.bincount(generator.integers(0, k, size=k), minlength=k)
    return out


def percentile_interval(estimate: Floats, drawn: Floats) -> tuple[Floats, Floats]:
    """95 % percentile limits over axis 0 of `drawn`, widened where needed so that the estimate lies within."""
    low, high = np.percentile(drawn, [2.5, 97.5], axis=0)
    return np.minimum(low, estimate), np.maximum(high, estimate)
