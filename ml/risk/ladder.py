"""Which rung of the ladder is deployed: the simplest that nothing above it has been shown to beat.

A higher rung replaces the one in hand only where the sample is large enough for it and the 95 % interval of its gain in weighted log
loss lies above 0 three times: in repeated grouped cross-validation, with each office left out, and on later intake cohorts. Folds
share their training people, so that the deviation of a gain over K folds is taken (1 + K / (K - 1)) ** 0.5 times (Nadeau C, Bengio Y
(2003), Mach Learn 52:239-281).
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from ml import resampling
from ml.risk import policy, sample_size
from ml.risk.definition import FOLDS, REPEATS
from ml.risk.fitting import LADDER, CrossFit, Rung, cross_fit, held_out
from ml.risk.labels import Labels
from ml.risk.model import losses, probability
from ml.risk.parts import Cohort, cohorts_of, office_parts
from ml.risk.sample import Sample

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

SPLITS = ("cross_validated", "leave_one_office_out", "later_cohorts")


@dataclass(frozen=True)
class Gain:
    """How much lower a rung's loss is than that of the rung in hand, on one split: above 0 is better."""

    rung: str
    over: str
    split: str
    estimate: float
    lower: float
    upper: float
    n: int


@dataclass
class Tried:
    """One rung on one sample: what it predicts for people it has not seen, each computed when it is asked for."""

    rung: Rung
    sample: Sample
    fold: Ints
    seed: int
    cohorts: list[Cohort]

    @property
    def x(self) -> Floats:
        """The columns of the rung, (n, p)."""
        return self.sample.of_rung(self.rung.name)

    @cached_property
    def crossed(self) -> CrossFit:
        """The first round of cross-fitting, whose models are kept."""
        return cross_fit(self.rung, self.x, self.sample.labels, self.fold)

    @cached_property
    def rounds(self) -> list[Floats]:
        """Held-out log odds (n,) of each round; the rounds after the first take its penalty."""
        out = [self.crossed.linear]
        for again in range(1, REPEATS):
            fold = resampling.folds(self.sample.clusters, k=FOLDS, seed=self.seed + again)
            parts = [(fold != k, fold == k) for k in np.unique(fold)]
            out.append(held_out(self.rung, self.x, self.sample.labels, parts, self.crossed.penalty))
        return out

    @cached_property
    def by_office(self) -> Floats:
        """Log odds (n,) by a model of all other offices; NaN in offices of fewer than 20 known people, or where there is one office."""
        return held_out(self.rung, self.x, self.sample.labels, office_parts(self.sample), self.crossed.penalty)

    @cached_property
    def by_cohort(self) -> Floats:
        """Log odds (n,) of later intake cohorts by a model of all earlier ones; NaN elsewhere."""
        out = np.full(len(self.x), np.nan)
        for cohort in self.cohorts:
            parts = [(cohort.before.total > 0, cohort.own.total > 0)]
            found = held_out(self.rung, self.x, cohort.before, parts, self.crossed.penalty)
            out = np.where(np.isfinite(found), found, out)
        return out

    def labels(self, split: str) -> Labels:
        """The labels (n,) that a split is judged by: cohorts have weights of their own."""
        if split != "later_cohorts":
            return self.sample.labels
        size = len(self.sample.labels.total)
        other = sum((one.own.other for one in self.cohorts), np.zeros(size))
        return Labels(other, sum((one.own.event for one in self.cohorts), np.zeros(size)), {})

    def told(self, split: str) -> list[Floats]:
        """Held-out log odds (n,) of a split, one entry a round."""
        if split == "leave_one_office_out":
            return [self.by_office]
        return [self.by_cohort] if split == "later_cohorts" else self.rounds


@dataclass(frozen=True)
class Climbed:
    """The rung in hand at the end, every rung that was tried by name, the gains that decided, and why in words."""

    chosen: Tried
    tried: dict[str, Tried]
    gains: list[Gain]
    told: list[str]


def climb(sample: Sample, fold: Ints, times: Floats, *, seed: int, ladder: tuple[Rung, ...] = LADDER) -> Climbed:
    """The ladder on one sample; fold (n,) of the first round, times (draws, clusters) how often each cluster is drawn."""
    cohorts = cohorts_of(sample)
    tried = {rung.name: Tried(rung, sample, fold, seed, cohorts) for rung in ladder}
    chosen, gains, told = tried[ladder[0].name], [], []
    people = sample_size.effective(sample.labels.total)
    share = float(sample.labels.event.sum() / sample.labels.total.sum())
    for rung in ladder[1:]:
        policy.refuse(sample.items.rung(rung.name), rung.name)
        wanted = sample_size.needed(len(sample.items.rung(rung.name)) * rung.per_column, share)
        if people < wanted:
            told.append(f"{rung.name}: not tried, {wanted:,} people are needed and {int(people):,} count")
            continue
        found, why = _shown(tried[rung.name], chosen, times)
        gains += found
        told.append(f"{rung.name}: {why}")
        if why == TAKEN:
            chosen = tried[rung.name]
    return Climbed(chosen, tried, gains, told)


TAKEN = "taken, its gain lies above 0 in every split"


def _shown(new: Tried, old: Tried, times: Floats) -> tuple[list[Gain], str]:
    """The gains in the order of the splits, up to the first that does not show one, and what that means."""
    gains: list[Gain] = []
    parts = {"leave_one_office_out": len(office_parts(new.sample)), "later_cohorts": len(new.cohorts)}
    one_office = len(np.unique(new.sample.offices[new.sample.labels.total > 0])) < 2
    for split in SPLITS:
        if split == "leave_one_office_out" and one_office:
            continue  # there is no other office to fail in
        if split in parts and not parts[split]:
            return gains, f"not taken, too few people for the split {split}"
        overlap = {"cross_validated": FOLDS, "leave_one_office_out": parts["leave_one_office_out"]}.get(split, 0)
        gains.append(gain(new, old, split, times, overlap=overlap))
        if not gains[-1].lower > 0:
            return gains, f"not taken, its gain over {old.rung.name} is not shown in {split}"
    return gains, TAKEN


def gain(new: Tried, old: Tried, split: str, times: Floats, *, overlap: int) -> Gain:
    """Lower weighted log loss of `new` than of `old` per person, with limits by a bootstrap of clusters."""
    labels, difference = new.labels(split), np.zeros(len(new.sample.labels.total))
    ours, theirs = new.told(split), old.told(split)
    for one, other in zip(ours, theirs, strict=True):
        both = np.isfinite(one) & np.isfinite(other)
        worse, better = (losses(probability(np.where(both, value, 0.0)), labels) for value in (other, one))
        difference += np.where(both, worse - better, 0.0) / len(ours)
    counted = np.isfinite(ours[0]) & np.isfinite(theirs[0]) & (labels.total > 0)
    estimate, drawn = averages(difference, labels.total * counted, new.sample.clusters.code, times)
    drawn = estimate + (drawn - estimate) * inflation(overlap)
    lower, upper = resampling.percentile_interval(np.array([estimate]), drawn[:, None])
    return Gain(new.rung.name, old.rung.name, split, estimate, float(lower[0]), float(upper[0]), int(counted.sum()))


def inflation(folds: int) -> float:
    """How much larger deviations are than those of independent training sets, for so many folds; 1 for none."""
    return float(np.sqrt(1.0 + folds / (folds - 1))) if folds > 1 else 1.0


def averages(values: Floats, weight: Floats, group: Ints, times: Floats) -> tuple[float, Floats]:
    """Sum of values over sum of weights, of everyone and of each draw (draws,)."""
    k = times.shape[1]
    sums, weights = (np.bincount(group, weights=one, minlength=k) for one in (values, weight))
    return float(sums.sum() / max(weights.sum(), 1e-12)), (times @ sums) / np.maximum(times @ weights, 1e-12)
