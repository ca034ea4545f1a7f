"""Whether like was compared with like: balance of each decision, positivity, and what the weighted sample is worth."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ml.services.months import Months
from ml.services.people import DOMAINS, People
from ml.services.trial import Trial
from ml.services.weights import Base, Chosen

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

CUTS = (-1.0, -0.5, 0.0, 0.5, 1.0)  # points of a domain mean around the mean at intake
EXPECTED = 10.0
NAMES = (*DOMAINS, "domains_unknown", "other_services")


@dataclass(frozen=True)
class Difference:
    """Of one covariate at one decision, in standard deviations: takers less others as they are, and after weighting among
    people alike in the numerator, that is in what the outcome model holds.
    """

    decision: str
    covariate: str
    before: float
    after: float


@dataclass(frozen=True)
class Arm:
    """One arm: effective number of episodes, largest share of one episode in its weight, restorations (expected)."""

    effective_n: float
    largest_share: float
    events: float


def differences(base: Base, choices: tuple[Chosen, ...]) -> list[Difference]:
    """Of the scores and services known at each decision.

    sum(w (D - p) x) / sum(w p (1 - p)), before with the share of takers as p, and so the difference of means; after with the
    numerator's chance and its weight.
    """
    out = []
    for one in choices:
        taken = one.decision.taken
        if not len(taken) or taken.min() == taken.max():
            continue
        x = base.now[one.decision.known_at].astype(np.float64)
        spread = x.std(axis=0)
        x -= x.mean(axis=0)
        weight = np.exp(np.clip(one.log_ratio, -20, 20))
        found = [
            ((w * (taken - p)) @ x) / max(float((w * p * (1 - p)).sum()), 1e-12)
            for w, p in ((np.ones_like(taken), np.full_like(taken, taken.mean())), (weight, one.numerator))
        ]
        for j, name in enumerate(NAMES):
            if spread[j] > 1e-9:
                out.append(
                    Difference(one.decision.name, name, float(found[0][j] / spread[j]), float(found[1][j] / spread[j]))
                )
    return out


def violations(who: People, rows: Months, base: Base, choices: tuple[Chosen, ...]) -> list[tuple[str, str]]:
    """Decisions and covariates with a group of people in which nobody took it, or everybody, against expectation.

    A group: people of one half-point band of a domain's mean or of the mean of all six, or of one level of a covariate at
    the start. Against expectation: at the share of takers among all, ten takers (or others) would be expected there.
    """
    out = []
    for one in choices:
        taken = one.decision.taken
        share = float(taken.mean()) if len(taken) else 0.0
        if not one.decision.is_at_start and one.decision.name == "going on":
            continue  # who goes on is decided among those who had it: they are possible by definition
        for name, inside in _groups(who, rows, base, one):
            expected, others = share * inside.sum(), (1 - share) * inside.sum()
            n = float(taken[inside].sum())
            if (n == 0 and expected >= EXPECTED) or (n == inside.sum() and others >= EXPECTED):
                out.append((one.decision.name, name))
    return sorted(set(out))


def arm(rows: Months, trial: Trial, which: int) -> Arm:
    """What the weighted months of one arm are worth (Kish, by episode)."""
    own = trial.arm == which
    if not own.any():
        return Arm(0.0, 1.0, 0.0)
    held = trial.weight[own] * trial.pieces.part[own]
    total = np.bincount(rows.episode[trial.pieces.row[own]], held)
    share = float(total.max() / total.sum())
    return Arm(float(total.sum() ** 2 / (total**2).sum()), share, float(trial.primary.events[own].sum()))


def _groups(who: People, rows: Months, base: Base, one: Chosen) -> Iterator[tuple[str, Bools]]:
    known = base.now[one.decision.known_at]
    for j, domain in enumerate(DOMAINS):
        band = np.digitize(known[:, j], CUTS)
        for value in np.unique(band):
            yield domain, np.asarray(band == value)
    band = np.digitize(known[:, : len(DOMAINS)].mean(axis=1), CUTS)
    for value in np.unique(band):
        yield "mean score", np.asarray(band == value)
    episode = rows.episode[one.decision.rows]
    for j, name in enumerate(who.names):
        if "=" in name:
            yield name.split("=")[0], np.asarray(who.design[episode, j] > 0.5)
