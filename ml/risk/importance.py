"""Which indicators say something about need, with limits and rank intervals rather than ranks. They predict; they do
not cause.

Permutation importance on held-out people (Breiman L (2001), Mach Learn 45:5-32; grouped by domain, since items of
one domain stand in for each other), limits by a bootstrap of clusters over each person's difference in loss. The
models are not refitted in the draws, and their training people overlap, so that deviations are taken
(1 + K / (K - 1)) ** 0.5 times over K folds: Nadeau C, Bengio Y (2003), Mach Learn 52:239-281. Selection: Meinshausen N, Buehlmann P (2010),
J R Stat Soc B 72:417-473, on half-samples of clusters.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import norm
from sklearn.linear_model import LogisticRegression

from ml.resampling import percentile_interval, rng
from ml.risk.features import Layout
from ml.risk.fitting import CrossFit
from ml.risk.labels import Labels
from ml.risk.ladder import inflation
from ml.risk.model import Model, losses, probability, scaling, stacked

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

REPEATS = 5
HALF_SAMPLES = 20
HALF_SAMPLE_ROWS = 4000  # an L1 fit need not see more to tell an indicator from noise


def importance(
    x: Floats, labels: Labels, fold: Ints, fitted: CrossFit, items: Layout, group: Ints, times: Floats, *, seed: int
) -> pd.DataFrame:
    """unit, code, importance, lower, upper, rank_low, rank_high, direction, selection_frequency: items, then domains.

    Of the rung of indicators. importance: increase of the weighted log loss on held-out people when the item (or all columns of the domain
    together) is shuffled among them, mean of 5 shuffles. direction: the sign of the coefficient (domain: their sum),
    if it is the same in all folds.
    """
    units = _units(items)
    lost = np.column_stack([_lost(x, labels, fold, fitted, columns, seed, code) for _, code, columns in units])
    k = times.shape[1]
    sums = np.column_stack([np.bincount(group, weights=column, minlength=k) for column in lost.T])
    weight = np.bincount(group, weights=labels.total, minlength=k)
    drawn = (times @ sums) / np.maximum(times @ weight, 1e-12)[:, None]
    estimate = sums.sum(axis=0) / weight.sum()
    drawn = estimate + (drawn - estimate) * inflation(len(fitted.models))
    lower, upper = percentile_interval(estimate, drawn)
    kept = _kept(x, labels, group, items, seed)
    table = pd.DataFrame([(unit, code) for unit, code, _ in units], columns=["unit", "code"])
    table = table.assign(importance=estimate, lower=lower, upper=upper)
    low, high = _rank_limits(drawn, table["unit"].to_numpy(dtype=str))
    direction = [
        _direction(_ridges(fitted), [j for j in columns if j < len(items.indicators)]) for _, _, columns in units
    ]
    frequency = [kept[:, columns].any(axis=1).mean() for _, _, columns in units]
    return table.assign(rank_low=low, rank_high=high, direction=direction, selection_frequency=frequency)


def _ridges(fitted: CrossFit) -> tuple[Model, ...]:
    """The models of the folds, which have coefficients: importance is told of the rung of indicators, whatever rung is deployed."""
    return tuple(one for one in fitted.models if isinstance(one, Model))


def _units(items: Layout) -> list[tuple[str, str, list[int]]]:
    single = [("indicator", code, [j]) for j, code in enumerate(items.indicators)]
    return [*single, *(("domain", domain, items.columns(domain)) for domain in items.domains)]


def _lost(x: Floats, labels: Labels, fold: Ints, fitted: CrossFit, columns: list[int], seed: int, code: str) -> Floats:
    """How much loss each person gains, (n,), when the columns are shuffled within her fold."""
    out = np.zeros(len(x))
    for k, model in zip(sorted({int(k) for k in fold}), _ridges(fitted), strict=True):
        rows = np.flatnonzero((fold == k) & (labels.total > 0))
        part = labels.take(rows)
        effect = model.standardised(x[rows])[:, columns] @ model.coefficient[columns]
        before = losses(probability(fitted.linear[rows]), part)
        generator = rng(seed, "shuffle", code, str(k))
        for _ in range(REPEATS):
            shuffled = fitted.linear[rows] - effect + effect[generator.permutation(len(rows))]
            out[rows] += (losses(probability(shuffled), part) - before) / REPEATS
    return out


def _rank_limits(drawn: Floats, unit: npt.NDArray[np.str_]) -> tuple[Ints, Ints]:
    """95 % rank intervals (1 = most important) within items and within domains."""
    low, high = np.zeros(len(unit), dtype=np.int64), np.zeros(len(unit), dtype=np.int64)
    for kind in np.unique(unit):
        own = unit == kind
        ranks = np.argsort(np.argsort(-drawn[:, own], axis=1, kind="stable"), axis=1) + 1
        low[own], high[own] = np.floor(np.percentile(ranks, 2.5, axis=0)), np.ceil(np.percentile(ranks, 97.5, axis=0))
    return low, high


def _direction(models: tuple[Model, ...], columns: list[int]) -> str:
    signs = np.array([np.sign(model.coefficient[columns].sum()) for model in models])
    if (signs < 0).all():
        return "higher_score_less_need"
    return "higher_score_more_need" if (signs > 0).all() else "unclear"


def _kept(x: Floats, labels: Labels, group: Ints, items: Layout, seed: int) -> npt.NDArray[np.bool_]:
    """(half-samples, p): whether an L1 logistic model of a random half of the clusters keeps each column."""
    generator = rng(seed, "half-samples")
    k = int(group.max()) + 1
    share = min(0.5, HALF_SAMPLE_ROWS / max(int((labels.total > 0).sum()), 1))
    kept = np.zeros((HALF_SAMPLES, x.shape[1]), dtype=bool)
    for row in kept:
        chosen = np.zeros(k, dtype=bool)
        chosen[generator.permutation(k)[: int(np.ceil(k * share))]] = True
        who, outcome, weight = stacked(labels, chosen[group])
        if len(np.unique(outcome)) == 2:
            row[:] = _lasso(x[who], outcome, weight)
    return kept


def _lasso(x: Floats, outcome: Ints, weight: Floats) -> npt.NDArray[np.bool_]:
    """Which columns an L1 logistic model keeps, at the penalty that keeps a pure-noise column with probability 0.1 / p.

    Belloni A, Chernozhukov V, Wei Y (2016), J Bus Econ Stat 34:606-619: 1.1 * quantile * deviation of the score at
    the null.
    """
    mean, scale = scaling(x)
    z = np.nan_to_num((x - mean) / scale, nan=0.0)
    rate = float(np.average(outcome, weights=weight))
    deviation = np.sqrt(float((weight**2 * (outcome - rate) ** 2).sum()))
    penalty = 1.1 * deviation * float(norm.ppf(1.0 - 0.05 / x.shape[1]))
    lasso = LogisticRegression(C=1.0 / penalty, l1_ratio=1.0, solver="saga", tol=1e-3, max_iter=500, random_state=0)
    return np.asarray(np.abs(lasso.fit(z, outcome, sample_weight=weight).coef_[0]) > 1e-8)
