"""Rescue operations, households and the people in them, before anything happens to them."""

import numpy as np

from flows.extract.simulate.codes import CASEWORK_TYPES, LANGUAGES, NATIONALITIES
from flows.extract.simulate.frame import Column, Frame, day_number, extraction, pick
from flows.extract.simulate.parameters import Parameters

GENDER_WEIGHTS = (0.68, 0.27, 0.02, 0.03)
LANGUAGE_WEIGHTS = (0.2, 0.15, 0.15, 0.12, 0.1, 0.1, 0.07, 0.06, 0.03, 0.01, 0.005, 0.005)


def candidates(parameters: Parameters, offices: Frame, rng: np.random.Generator, n: int, night: int) -> Frame:
    """n people in order of their rescue operation, one row each; dates are day numbers.

    Night 0 spreads rescues over the history. Later nights bring recent rescues, and one in five found in old files.
    """
    sizes = rng.geometric(1 / parameters.operation_size, n)
    operation = np.repeat(np.arange(n), sizes)[:n]
    n_operations = int(operation[-1]) + 1
    office = pick(rng, n_operations, tuple(offices["weight"]))
    rescue = _rescues(parameters, rng, n_operations, night)
    shared = rng.standard_normal(n_operations)
    new_home = (np.diff(operation, prepend=-1) > 0) | (rng.random(n) < 1 / parameters.household_size)
    last = day_number(parameters.night(night)) - 2
    lag = np.minimum(rng.exponential(12, n).astype(np.int64), 60)
    return {
        "operation": operation,
        "household": np.cumsum(new_home) - 1,
        "office_index": office[operation].astype(np.int64),
        "casework": rng.integers(0, len(CASEWORK_TYPES), n_operations).astype(np.int8)[operation],
        "rescue": rescue[operation],
        "intake": np.minimum(rescue[operation] + lag, last),
        "shared": shared[operation],
        **_traits(parameters, rng, n),
    }


def _rescues(parameters: Parameters, rng: np.random.Generator, n: int, night: int) -> Column:
    last = day_number(parameters.night(night)) - 3
    history = last - rng.integers(0, parameters.history_years * 365, n)
    if night == 0:
        return history
    return np.where(rng.random(n) < 0.2, history, last - rng.integers(0, 20, n))


def _traits(parameters: Parameters, rng: np.random.Generator, n: int) -> Frame:
    consent = np.ones(n, dtype=np.int8)
    u = rng.random(n)
    consent[u < parameters.consent_false_share + parameters.consent_null_share] = 0
    consent[u < parameters.consent_null_share] = -1
    minor = rng.random(n) < 0.35
    return {
        "gender": pick(rng, n, GENDER_WEIGHTS),
        "age_days": np.where(
            minor, rng.integers(5 * 365, 18 * 365, n), 6570 + rng.gamma(2.0, 2300, n).astype(np.int64)
        ),
        "birth_estimated": rng.random(n) < 0.3,
        "nationality": rng.integers(0, len(NATIONALITIES), n).astype(np.int8),
        "language": pick(rng, n, LANGUAGE_WEIGHTS[: len(LANGUAGES)]),
        "consent": consent,
        "has_alias": rng.random(n) < 0.4,
        "alone": rng.random(n) < 0.05,
    }


def registered(parameters: Parameters, rng: np.random.Generator, first_day: Column, night: int) -> Column:
    """Stamps at which people and their stays were first typed in: all before the night's extraction, after the last."""
    n = len(first_day)
    if night:
        return extraction(parameters, night - 1) + 3600 + rng.integers(0, 20 * 3600, n)
    lag = np.minimum(rng.exponential(4, n), 60).astype(np.int64)
    stamps = (first_day + lag) * 86_400 + rng.integers(7 * 3600, 19 * 3600, n)
    return np.minimum(stamps, extraction(parameters, 0) - rng.integers(3600, 5 * 3600, n))
