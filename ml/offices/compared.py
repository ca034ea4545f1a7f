"""One measure of many groups, whatever its unit: ratios with their limits, and how far each lies from 1."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import norm, t

from ml.offices import counts
from ml.offices.definition import MIN_CLUSTERS, MIN_EXPECTED, MIN_PEOPLE

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Groups:
    """Who was looked at: group (n,) from 0 (-1 nobody's), of k; person and cluster (n,) from 0."""

    group: Ints
    k: int
    person: Ints
    cluster: Ints

    def sizes(self, used: Bools) -> tuple[Ints, Ints, Ints]:
        """Episodes, people and clusters used in each group, (k,) each."""
        rows = used & (self.group >= 0)
        group = self.group[rows]
        found = [np.bincount(group, minlength=self.k)]
        for code in (self.person, self.cluster):
            pairs = np.unique(code[rows] * self.k + group)
            found.append(np.bincount(pairs % self.k, minlength=self.k))
        return found[0], found[1], found[2]


@dataclass(frozen=True)
class Compared:
    """(k,) each. score: how far the ratio lies from 1 on the normal scale, without over-dispersion; precision: one over
    the variance of the ratio where all is as expected. told, base: an exact count and its expectation that tell as much
    (counts), or ratio and precision (means). freedom: degrees of freedom of the means.
    """

    n: Ints
    is_enough: Bools
    observed: Floats
    expected: Floats
    ratio: Floats
    lower: Floats
    upper: Floats
    score: Floats
    precision: Floats
    is_count: bool
    told: Floats
    freedom: Floats


def compare_counts(events: counts.Events, groups: Groups) -> Compared:
    """Counts of events against those expected; people who belong together make the limits wider."""
    used = (events.before > 0) | events.seen
    n, people, _ = groups.sizes(used)
    found = counts.count(events, groups.group, groups.k)
    spread = counts.design_effect(found.residual, groups.cluster)
    share = np.where(found.observed > 0, found.effective / np.maximum(found.observed, 1e-12), 1.0) / spread
    enough = (people >= MIN_PEOPLE) & (found.expected >= MIN_EXPECTED)
    return of_counts(n, enough, found.observed, found.expected, share)


def of_counts(n: Ints, enough: Bools, observed: Floats, expected: Floats, share: Floats) -> Compared:
    """Observed counts against expected ones, each telling `share` as much as one that is exact and independent."""
    told, base = observed * share, np.maximum(expected, 1e-12) * share
    lower, upper = counts.poisson_limits(told, base)
    return Compared(
        n=n, is_enough=enough, observed=observed, expected=expected, ratio=observed / np.maximum(expected, 1e-12),
        lower=lower, upper=upper, score=counts.normal_score(told, base), precision=base, is_count=True, told=told,
        freedom=np.full(len(n), np.inf),
    )  # fmt: skip


def compare_means(total: Floats, expected: Floats, weight: Floats, groups: Groups) -> Compared:
    """Means of `total` per `weight` against those expected, with standard errors by cluster."""
    used = (weight > 0) & (groups.group >= 0)
    n, people, clusters = groups.sizes(used)
    group = groups.group[used]
    o, e, w = (summed(group, values[used], groups.k) for values in (total, expected, weight))
    residual = (total - expected * np.where(e > 0, o / np.where(e > 0, e, 1.0), 0.0)[groups.group])[used]
    many = int(groups.cluster.max(initial=0)) + 1
    pairs, code = np.unique(group * many + groups.cluster[used], return_inverse=True)
    inside = summed(code, residual, len(pairs))
    squared = summed(pairs // many, inside**2, groups.k)
    return of_means(n, people, clusters, (o, e, w), squared)


def summed(group: Ints, values: Floats, k: int) -> Floats:
    """The sum of the values of each of k groups."""
    return np.asarray(np.bincount(group, values, k), dtype=np.float64)


def of_means(n: Ints, people: Ints, clusters: Ints, sums: tuple[Floats, Floats, Floats], squared: Floats) -> Compared:
    """Means from their sums (observed, expected, weight) and the squared sums of the clusters around the own level."""
    o, e, w = sums
    freedom = np.maximum(clusters - 1.0, 1.0)
    usable = (e > 0) & (w > 0)
    base = np.where(usable, e, 1.0)
    ratio = np.where(usable, o / base, np.nan)
    error = np.sqrt(squared * clusters / freedom) / base
    enough = usable & (people >= MIN_PEOPLE) & (clusters >= MIN_CLUSTERS) & (error > 0)
    error = np.maximum(error, 1e-9)
    reach = t.ppf(0.975, freedom) * error
    away = np.where(usable, (ratio - 1.0) / error, 0.0)
    tail = t.sf(np.abs(away), freedom)
    each = np.where(w > 0, w, 1.0)
    return Compared(
        n=n, is_enough=enough, observed=o / each, expected=e / each, ratio=ratio, lower=ratio - reach,
        upper=ratio + reach, score=np.sign(away) * norm.isf(np.maximum(tail, 1e-300)), precision=1.0 / error**2,
        is_count=False, told=ratio, freedom=freedom,
    )  # fmt: skip
