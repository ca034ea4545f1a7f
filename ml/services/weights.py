"""Stabilised weights of months: for who is treated (IPTW) and for who is still in care (IPCW).

Robins JM, Hernán MA, Brumback B (2000), Epidemiology 11:550-560; Cole SR, Hernán MA (2008), Am J Epidemiol 168:656-664,
for truncation. The numerator holds what the outcome model holds, which adjusts for it; so weights are no larger than needed.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ml.duration.hazard import NEVER
from ml.services import logistic
from ml.services.columns import Columns, Shared
from ml.services.exposure import Decision, Path
from ml.services.months import Months, running
from ml.services.people import MONTH_DAYS, People

Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

TRUNCATED = (1.0, 99.0)
LEAST = 1e-6


@dataclass(frozen=True)
class Base:
    """Tables by row of the months, float32: time (r, 4), start (r, p) covariates of each person's start, now (r, 8) what was known
    before the month: scores, how many are unknown, other services of the last three months (log of 1 + number).
    """

    time: Singles
    start: Shared
    now: Singles


@dataclass(frozen=True)
class Chosen:
    """A decision with the chance of taking it, (d,) each: by the numerator, and by all that was known."""

    decision: Decision
    numerator: Floats
    full: Floats
    converged: bool

    @property
    def log_ratio(self) -> Floats:
        """log of the stabilised weight of each row of the decision."""
        taken = self.decision.taken > 0.5
        over = np.where(taken, self.numerator, 1 - self.numerator)
        under = np.where(taken, self.full, 1 - self.full)
        return np.asarray(np.log(np.maximum(over, LEAST)) - np.log(np.maximum(under, LEAST)))


@dataclass(frozen=True)
class Weighted:
    """weight (r,): of each month, before truncation; choices: the models of the decisions; leaving converged or not."""

    weight: Floats
    choices: tuple[Chosen, ...]
    converged: bool


def weigh(who: People, rows: Months, base: Base, path: Path) -> Weighted:
    """Weights of all months of the question's people from her first month on; 1 elsewhere."""
    total = np.zeros(len(rows.month))
    choices = []
    for decision in path.decisions:
        one = _choose(rows, base, decision)
        choices.append(one)
        ratio = np.zeros(len(rows.month))
        ratio[decision.rows] = one.log_ratio
        total += running(rows, ratio, path.first) - (0.0 if decision.is_at_start else ratio)
    stays, converged = _stay(who, rows, base, path)
    total += running(rows, stays, path.first)
    weight = np.exp(np.clip(total, -20.0, 20.0))
    return Weighted(weight, tuple(choices), converged and all(one.converged for one in choices))


def truncated(weight: Floats, among: Floats) -> Floats:
    """Weights cut at the 1st and 99th percentile of those of the months that count."""
    low, high = np.percentile(among, TRUNCATED)
    return np.clip(weight, low, high)


def _choose(rows: Months, base: Base, decision: Decision) -> Chosen:
    at = decision.rows
    if not len(at) or decision.taken.min() == decision.taken.max():
        same = np.full(len(at), float(decision.taken[0]) if len(at) else 0.0)
        return Chosen(decision, same, same, True)
    if decision.is_at_start:
        numerator = Columns((decision.history, base.start), at)
        now = np.zeros_like(base.now)
        now[at] = base.now[decision.known_at]
        full = Columns((*numerator.parts, now), at)
    else:
        numerator = Columns((base.time, decision.history, base.start), at)
        full = Columns((*numerator.parts, base.now), at)
    first = logistic.fit(numerator, decision.taken)
    second = logistic.fit(full, decision.taken, begin=first.theta)
    return Chosen(decision, first.chance, second.chance, first.converged and second.converged)


def _stay(who: People, rows: Months, base: Base, path: Path) -> tuple[Floats, bool]:
    """log of the stabilised weight for not leaving in each month, (r,), and whether both models were fitted."""
    leaves = path.asked & (who.seen.cause != 0) & (who.seen.right >= NEVER)
    month = ((np.maximum(who.seen.stop, 1) - 1) / MONTH_DAYS).astype(np.int64)
    out = np.zeros(len(rows.month), dtype=bool)
    out[np.minimum(rows.offset + month, len(out) - 1)[leaves]] = True
    at = np.flatnonzero(path.asked[rows.episode] & (rows.month >= path.first[rows.episode]))
    gone = out[at].astype(np.float64)
    ratio = np.zeros(len(rows.month))
    if gone.sum() < 1:
        return ratio, True
    numerator = Columns((base.time, path.states, base.start), at)
    full = Columns((*numerator.parts, base.now), at)
    first = logistic.fit(numerator, gone)
    second = logistic.fit(full, gone, begin=first.theta)
    ratio[at] = np.log(np.maximum(1 - first.chance, LEAST)) - np.log(np.maximum(1 - second.chance, LEAST))
    return ratio, first.converged and second.converged
