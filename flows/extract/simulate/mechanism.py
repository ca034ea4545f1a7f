"""The known truth: needs at intake, therapy, the day of restoration and the day of leaving."""

import numpy as np

from flows.extract.simulate.codes import DOMAIN_ITEMS, INDICATORS
from flows.extract.simulate.frame import MONTH_DAYS, Column, Frame, pick
from flows.extract.simulate.parameters import Parameters

N_ITEMS = len(INDICATORS)
CUTS = (-0.55, 0.55, 1.5)
"""Where the hidden need of an item passes from one score to the next."""
NEED_SD = 0.5
OTHER_REASONS = (0.0, 0.0, 0.0, 0.25, 0.35, 0.03, 0.12, 0.17, 0.08)
"""Weights of the outcomes, in the order of `CLOSURE_PHRASES`, for leaving neither lost nor restored."""


def needs(rng: np.random.Generator, shared: Column) -> tuple[Column, Column]:
    """Scores of the twenty items at intake (n x 20), and the weakest domain of each episode, which is below 3.

    `shared` is the part of severity that people of one rescue operation have in common.
    """
    n = len(shared)
    severity = np.sqrt(0.2) * shared + np.sqrt(0.8) * rng.standard_normal(n)
    hidden = np.sqrt(0.45) * rng.standard_normal((n, N_ITEMS), dtype=np.float32)
    hidden -= np.sqrt(0.30) * severity[:, None]
    for items in DOMAIN_ITEMS:
        hidden[:, items] += np.sqrt(0.25) * rng.standard_normal((n, 1))
    base = (1 + sum((hidden > cut).astype(np.int8) for cut in CUTS)).astype(np.int8)
    means = np.stack([base[:, items].mean(axis=1) for items in DOMAIN_ITEMS], axis=1)
    weakest = np.argmin(means, axis=1).astype(np.int8)
    return keep_below(base, weakest, np.ones(n, dtype=bool)), weakest


def keep_below(scores: Column, weakest: Column, rows: Column) -> Column:
    """The scores, with the mean of the weakest domain below 3 in the rows named, whatever else is missing."""
    for domain, items in enumerate(DOMAIN_ITEMS):
        which = np.flatnonzero(rows & (weakest == domain))
        block = np.minimum(scores[which, items], 3)
        block[:, 0] = np.minimum(block[:, 0], 2)
        scores[which, items] = block
    return scores


def draw(parameters: Parameters, rng: np.random.Generator, shared: Column, office_effect: Column) -> Frame:
    """What nobody sees of each episode, one row each: scores at intake and aims, therapy, restoration, exits.

    Days count from the intake as fractions; `therapy_day` and `restored_day` are always finite, though most
    people leave before one or both. `left_day` is the exit that restoration does not bring about.
    """
    n = len(shared)
    base, weakest = needs(rng, shared)
    need = (parameters.score_centre - base.mean(axis=1)) / NEED_SD
    log_hazard = linear_predictor(parameters, base) + office_effect
    log_hazard += parameters.frailty_sd * rng.standard_normal(n)
    rate = parameters.therapy_rate * np.exp(parameters.therapy_need * need)
    therapy = rng.exponential(1.0, n) / rate
    restored = restoration_months(parameters, log_hazard, therapy, rng.exponential(1.0, n))
    left, reason = exits(parameters, rng, restored)
    return {
        "base": base,
        "target": (3 + (rng.random((n, N_ITEMS), dtype=np.float32) < 0.5)).astype(np.int8),
        "weakest": weakest,
        "need": need,
        "log_hazard": log_hazard,
        "therapy_day": therapy * MONTH_DAYS,
        "restored_day": restored * MONTH_DAYS,
        "left_day": left * MONTH_DAYS,
        "left_reason": reason,
    }


def linear_predictor(parameters: Parameters, base: Column) -> Column:
    """The log hazard that the scores at intake add up to."""
    total = np.zeros(len(base))
    for code, effect in parameters.indicator_effects:
        total += effect * (base[:, INDICATORS.index(code)] - parameters.score_centre)
    return total


def restoration_months(parameters: Parameters, log_hazard: Column, therapy: Column, unit: Column) -> Column:
    """Months from intake to restoration: where the cumulative hazard, higher once therapy began, reaches `unit`."""
    shape, scale = parameters.weibull_shape, parameters.weibull_scale_months
    reach = unit * np.exp(-log_hazard)
    until_therapy = (therapy / scale) ** shape
    after = until_therapy + (reach - until_therapy) * np.exp(-parameters.therapy_effect)
    return np.asarray(scale * np.where(reach <= until_therapy, reach, after) ** (1 / shape))


def exits(parameters: Parameters, rng: np.random.Generator, restored: Column) -> tuple[Column, Column]:
    """Months to leaving, and the outcome's number, for every reason but a planned end after restoration."""
    n = len(restored)
    left = rng.exponential(1 / parameters.exit_rate, n) if parameters.exit_rate else np.full(n, 1e6)
    left = np.where(left > restored, restored + (left - restored) / parameters.exit_ratio_after_restoration, left)
    is_lost = rng.random(n) * parameters.exit_rate < parameters.lost_rate
    lost = np.where(rng.random(n) < parameters.withdrew_of_lost, 2, 1)
    return left, np.where(is_lost, lost, pick(rng, n, OTHER_REASONS)).astype(np.int16)
