"""The optimal time in the programme: five questions that are not one, each answered, called unknowable, or refused.

Rows of outcomes.optimal_time. All of them describe; none says what a longer or shorter stay would do.

- plateau: the month after which fewer than 5 in 100 more are restored by month 36.
- marginal_gain: the month, after the best, from which fewer than 3 in 100 of those still in care and not restored are
  restored in the next three months. set_months: the months that cannot be told from the best (simultaneous band). Where that
  is every month, or none reaches 3 in 100, no month is named: not_identifiable.
- restricted_mean: mean months lived restored within the first 36.
- cure, policy_value: refused, with what they would need.

Limits are 95 %. An answer whose upper limit lies beyond what the data show is not_identifiable, with the number of
stays that would be needed if all else stayed as it is.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml import resampling
from ml.contracts import OPTIMAL_TIME, empty, shaped
from ml.duration.panel import Curves

Floats = npt.NDArray[np.float64]

DEFINITION_VERSION = 2
HORIZON = 36
PLATEAU = 0.05
GAIN_FLOOR, GAIN_MONTHS = 0.03, 3
LEAST_STAYS, LEAST_RESTORED, LEAST_AT_RISK = 50, 50, 11
DRAWS = 1000

RESTORED, IN_CARE = 0, 3
DESCRIBES = "describes who is restored when; not what a longer or shorter stay would do"
FEWER_LEFT = "later fewer are restored since fewer are left who are not; "
NONE_BEST = "no month can be told from any other: each may bring as much as the rest"
REFUSED = {
    "cure": "a share that is never restored shows only in a flat end of the curve: it needs at least 200 stays watched "
    "for five years, after which next to nobody is restored, and a cure model, which this version does not have",
    "policy_value": "what another length of stay would do needs assessments after the exit, every reason for leaving in "
    "the scores, and at least 50 effective stays in each window of exit (in simulation, at least 2,000 stays), with a "
    "clone-censor-weight estimate, which this version does not have",
}


@dataclass(frozen=True)
class Asked:
    """Whom the questions are asked of: a stratum, its number of stays, of restorations seen, and its curves.

    curves: by month from 0, as far as the data go, None where there is no fit; at_risk by month; covariance of theta.
    """

    stratum: str
    stratum_value: str
    n: int
    n_restored: int
    curves: Curves | None
    covariance: Floats
    at_risk: npt.NDArray[np.int64]


def nobody(stratum: str, value: str, n: int) -> Asked:
    """Stays of which there is no fit."""
    return Asked(stratum, value, n, 0, None, np.zeros((0, 0)), np.zeros(0, dtype=np.int64))


@dataclass(frozen=True)
class Answer:
    """One row without its stratum; months are null where the status is not estimated."""

    question: str
    status: str
    reason: str
    estimate_months: float | None = None
    lower_months: float | None = None
    upper_months: float | None = None
    set_months: str | None = None


def answers(asked: list[Asked], *, seed: int) -> pd.DataFrame:
    """Rows of outcomes.optimal_time: three questions of every stratum, and all five of everybody together."""
    rows = []
    for one in asked:
        for answer in _answered(one, seed):
            about = {"stratum": one.stratum, "stratum_value": one.stratum_value, "n": one.n}
            rows.append({**vars(answer), **about, "definition_version": DEFINITION_VERSION})
    if not rows:
        return empty(OPTIMAL_TIME)
    table = pd.DataFrame(rows).sort_values(["stratum", "stratum_value", "question"], ignore_index=True)
    numbers = {name: "float64" for name in ("estimate_months", "lower_months", "upper_months")}
    return shaped(table.astype(numbers), OPTIMAL_TIME)


def _answered(one: Asked, seed: int) -> Iterator[Answer]:
    if one.stratum == "overall":
        for question, reason in REFUSED.items():
            yield Answer(question, "refused", reason)
    why = _too_little(one)
    for question, of in (("plateau", plateau), ("marginal_gain", marginal_gain), ("restricted_mean", restricted_mean)):
        if why or one.curves is None:
            yield Answer(question, *(why or ("refused", "the curve could not be fitted")))
        else:
            generator = resampling.rng(seed, question, one.stratum, one.stratum_value)
            yield of(one.curves, one.covariance, one.n, generator)


def _too_little(one: Asked) -> tuple[str, str] | None:
    """Status and reason where nothing is estimated."""
    if one.n < LEAST_STAYS or one.n_restored < LEAST_RESTORED:
        stays = max(LEAST_STAYS, ceil(one.n * LEAST_RESTORED / one.n_restored)) if one.n_restored else LEAST_STAYS
        return "refused", f"needs {LEAST_RESTORED} restorations that were seen: about {stays:,} stays like these"
    if len(one.at_risk) <= HORIZON or one.at_risk[HORIZON] < LEAST_AT_RISK:
        share = max(int(one.at_risk[HORIZON]) if len(one.at_risk) > HORIZON else 0, 0)
        needed = f"about {ceil(one.n * LEAST_AT_RISK / share):,} stays" if share else "a longer time of observation"
        return "not_identifiable", f"fewer than {LEAST_AT_RISK} are watched to month {HORIZON}: needs {needed}"
    return None


def plateau(curves: Curves, covariance: Floats, n: int, generator: np.random.Generator) -> Answer:
    """The month after which fewer than 5 in 100 more are restored by month 36; curves by month."""
    restored = curves.estimate[: HORIZON + 1, RESTORED]
    slope = curves.slope[: HORIZON + 1, RESTORED]
    if restored[-1] <= PLATEAU:
        reason = f"no more than {PLATEAU:.0%} are restored by month {HORIZON}"
        return Answer("plateau", "not_identifiable", reason)
    drawn = generator.multivariate_normal(restored, slope @ covariance @ slope.T, size=DRAWS, method="eigh")
    estimate = float(_reached(restored[None])[0])
    low, high = (float(limit) for limit in np.percentile(_reached(drawn), [2.5, 97.5]))
    low, high = min(low, estimate), max(high, estimate)
    latest = HORIZON - 2 * GAIN_MONTHS
    if high > latest:
        reason = f"the curve may still rise by more than {PLATEAU:.0%} after month {latest}"
        if estimate < latest:
            reason += f": needs about {ceil(n * ((high - estimate) / (latest - estimate)) ** 2):,} stays"
        else:
            reason += ": needs a longer horizon, which no number of stays replaces"
        return Answer("plateau", "not_identifiable", reason)
    set_months = _months(np.arange(int(low), ceil(high) + 1))
    return Answer("plateau", "estimated", FEWER_LEFT + DESCRIBES, estimate, low, high, set_months)


def _reached(restored: Floats) -> Floats:
    """(draws,): the month at which a curve (draws, months) first comes within 5 points of its end."""
    short = restored[:, -1:] - restored > PLATEAU
    after = np.where(short.any(axis=1), restored.shape[1] - np.argmax(short[:, ::-1], axis=1), 0)
    row = np.arange(len(restored))
    before = np.maximum(after - 1, 0)
    gap = restored[row, -1] - PLATEAU - restored[row, before]
    rise = np.maximum(restored[row, np.minimum(after, restored.shape[1] - 1)] - restored[row, before], 1e-12)
    return np.where(after > 0, before + np.clip(gap / rise, 0.0, 1.0), 0.0)


def marginal_gain(curves: Curves, covariance: Floats, n: int, generator: np.random.Generator) -> Answer:
    """When the chance to be restored within three months falls under 3 in 100, and which months are as good as the best.

    lower, estimate and upper are where the lower limit, the estimate and the upper limit fall under it.
    """
    gain, slope = _gain(curves)
    error = np.sqrt(np.maximum(np.einsum("tq,qr,tr->t", slope, covariance, slope), 1e-20))
    drawn = generator.multivariate_normal(np.zeros(len(gain)), slope @ covariance @ slope.T, size=DRAWS, method="eigh")
    wide = float(np.percentile(np.abs(drawn / error).max(axis=1), 95))
    best = int(np.argmax(gain))
    as_good = np.flatnonzero(gain + wide * error >= (gain - wide * error).max())
    found = [_first_under(gain[best:] + z * error[best:]) for z in (-1.959964, 0.0, 1.959964)]
    if len(as_good) == len(gain):
        return Answer("marginal_gain", "not_identifiable", NONE_BEST, set_months=_months(as_good))
    if gain[best] < GAIN_FLOOR:
        reason = (
            f"in no month are more than {GAIN_FLOOR:.0%} of those in care restored in the next {GAIN_MONTHS} months"
        )
        return Answer("marginal_gain", "not_identifiable", reason, set_months=_months(as_good))
    if found[2] is None:
        reason = (
            f"up to month {len(gain) - 1} more than {GAIN_FLOOR:.0%} may be restored in the next {GAIN_MONTHS} months"
        )
        margin = float((GAIN_FLOOR - gain[-1]) / (1.959964 * error[-1]))
        reason += f": needs about {ceil(n / margin**2):,} stays" if margin > 0.05 else ": no end is in sight"
        return Answer("marginal_gain", "not_identifiable", reason, set_months=_months(as_good))
    low, middle, high = (float(best + (month or 0)) for month in found)
    return Answer("marginal_gain", "estimated", DESCRIBES, middle, low, high, _months(as_good))


def _gain(curves: Curves) -> tuple[Floats, Floats]:
    """Chance to be restored within three months, of those in care and not restored, by month, (t,), and slopes (t, q)."""
    last = HORIZON - GAIN_MONTHS + 1
    ahead = slice(GAIN_MONTHS, GAIN_MONTHS + last)
    stays = np.maximum(curves.estimate[:last, IN_CARE], 1e-12)
    gain = (curves.estimate[ahead, RESTORED] - curves.estimate[:last, RESTORED]) / stays
    slope = curves.slope[ahead, RESTORED] - curves.slope[:last, RESTORED] - gain[:, None] * curves.slope[:last, IN_CARE]
    return gain, slope / stays[:, None]


def _first_under(gain: Floats) -> int | None:
    under = np.flatnonzero(gain < GAIN_FLOOR)
    return int(under[0]) if len(under) else None


def restricted_mean(curves: Curves, covariance: Floats, n: int, generator: np.random.Generator) -> Answer:
    """Mean months lived restored within the first 36 months, whether still in care or not."""
    weight = np.ones(HORIZON + 1)
    weight[[0, -1]] = 0.5
    mean = float(weight @ curves.estimate[: HORIZON + 1, RESTORED])
    slope = weight @ curves.slope[: HORIZON + 1, RESTORED]
    reach = 1.959964 * float(np.sqrt(max(float(slope @ covariance @ slope), 0.0)))
    low, high = max(mean - reach, 0.0), min(mean + reach, float(HORIZON))
    return Answer("restricted_mean", "estimated", DESCRIBES, mean, low, high)


def _months(months: npt.NDArray[np.int64]) -> str:
    return ",".join(str(month) for month in months)
