"""Which ratios lie further from 1 than chance and ordinary differences between offices bring them.

Spiegelhalter DJ (2005), Stat Med 24:1185-1202 (funnel limits), and Qual Saf Health Care 14:347-351 (over-dispersion as
an additive random effect, from winsorised scores). Each group is judged by how far the others spread, so that one that
stands apart does not widen its own limits.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import norm, t

from ml.offices import counts
from ml.offices.compared import Compared

Floats = npt.NDArray[np.float64]

Z95, Z998 = 1.959964, 3.090232
WINSORISED = (10.0, 90.0)


@dataclass(frozen=True)
class Funnel:
    """(k,) each; score: with over-dispersion; dispersion: its variance on the scale of the ratio, from the others."""

    score: Floats
    dispersion: Floats
    low_95: Floats
    high_95: Floats
    low_998: Floats
    high_998: Floats


def funnel(compared: Compared) -> Funnel:
    """Scores and limits of groups that are large enough; NaN for the others."""
    score, extra = scores(compared)
    wider = np.sqrt(1.0 + extra * compared.precision)
    limits = [_limit(compared, sign * z * wider) for z in (Z95, Z998) for sign in (-1.0, 1.0)]
    return Funnel(score, extra, *limits)


def scores(compared: Compared) -> tuple[Floats, Floats]:
    """How far each group lies from 1 on the normal scale, over-dispersion included, and that dispersion, (k,) each."""
    enough = compared.is_enough
    extra = np.full(len(enough), np.nan)
    extra[enough] = spread_of_others(compared.score[enough], compared.precision[enough])
    return compared.score / np.sqrt(1.0 + extra * compared.precision), extra


def spread_of_others(score: Floats, precision: Floats) -> Floats:
    """The variance between groups as the groups but each one show it, (k,); 0 where they differ as chance lets them."""
    out = np.zeros(len(score))
    for i in range(len(score)):
        others = np.arange(len(score)) != i
        if others.sum() >= 2:
            out[i] = between(score[others], precision[others])
    return out


def between(score: Floats, precision: Floats) -> float:
    """Additive variance by the method of moments, of scores drawn in to their 10th and 90th percentiles."""
    drawn = np.clip(score, *np.percentile(score, WINSORISED))
    total = float(precision.sum())
    excess = float(drawn @ drawn) - (len(score) - 1)
    return max(0.0, excess / max(total - float(precision @ precision) / total, 1e-12))


def _limit(compared: Compared, score: Floats) -> Floats:
    known = ~np.isnan(score)
    out = np.full(len(score), np.nan)
    if compared.is_count:
        base = compared.precision[known]
        out[known] = counts.at_score(score[known], base) / base
    else:
        tail = np.maximum(norm.sf(np.abs(score[known])), 1e-300)
        reach = t.isf(tail, compared.freedom[known]) / np.sqrt(compared.precision[known])
        out[known] = 1.0 + np.sign(score[known]) * reach
    return out
