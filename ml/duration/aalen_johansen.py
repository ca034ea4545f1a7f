"""Aalen-Johansen: how many left by each cause by a day, with late entry and exact ties.

Own code, since lifelines jitters ties. Aalen OO, Johansen S (1978), Scand J Stat 5:141-150. R:
`survival::survfit(Surv(entry, time, factor(state)) ~ 1)`.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Incidence:
    """Step functions at the k distinct event times, right-continuous; all zero (survival: one) before the first.

    times (k,); at_risk (k,) just before; survival, survival_se (k,): nothing has happened yet; incidence, se (k,
    causes). Standard errors follow the Greenwood convention of `survfit` (multinomial at ties), not the larger one
    of `cmprsk::cuminc`.
    """

    times: Floats
    at_risk: Floats
    survival: Floats
    survival_se: Floats
    incidence: Floats
    se: Floats

    def incidence_at(self, times: npt.ArrayLike) -> Floats:
        """P(left by cause c by day t), (q, causes) for q times."""
        return _steps(self.times, self.incidence, times, before=0.0)

    def survival_at(self, times: npt.ArrayLike) -> Floats:
        """P(nothing happened by day t), (q,) for q times."""
        return _steps(self.times, self.survival, times, before=1.0)

    def se_at(self, times: npt.ArrayLike) -> Floats:
        """Standard errors of `incidence_at`, (q, causes)."""
        return _steps(self.times, self.se, times, before=0.0)


def fit(
    entry: npt.ArrayLike, time: npt.ArrayLike, state: npt.ArrayLike, *, causes: int, weight: npt.ArrayLike | None = None
) -> Incidence:
    """Cumulative incidences of causes 1 .. `causes`; all inputs (n,), `state` 0 = censored, in any order.

    A person is at risk on (entry, time]; entry -inf is from the start, so an event at time 0 counts. At a tie events
    come before censoring, and all events of one time share one risk set. Rows with time <= entry were never seen at
    risk and count nowhere.
    """
    start, stop = np.asarray(entry, dtype=np.float64), np.asarray(time, dtype=np.float64)
    cause = np.asarray(state, dtype=np.int64)
    w = np.ones(len(stop)) if weight is None else np.asarray(weight, dtype=np.float64)
    if ((cause < 0) | (cause > causes)).any() or np.isnan(start).any() or np.isnan(stop).any():
        raise ValueError(f"states must be 0 .. {causes} and times not NaN")
    seen = (stop > start) & (w > 0)
    start, stop, cause, w = start[seen], stop[seen], cause[seen], w[seen]
    times = np.unique(stop[cause > 0])
    slot = np.searchsorted(times, stop)
    events = np.zeros((len(times), causes))
    happened = cause > 0
    np.add.at(events, (slot[happened], cause[happened] - 1), w[happened])
    at_risk = _at_risk(times, start, stop, w)
    hazard = events / np.maximum(at_risk, np.finfo(float).tiny)[:, None]
    survival, incidence = chain(hazard)
    survival_se, se = _greenwood(hazard, at_risk, survival)
    return Incidence(times, at_risk, survival, survival_se, incidence, se)


def chain(hazard: Floats) -> tuple[Floats, Floats]:
    """Survival (..., k) and incidences (..., k, causes) of cause-specific hazards (..., k, causes) in order of time."""
    survival = np.cumprod(np.clip(1.0 - hazard.sum(axis=-1), 0.0, 1.0), axis=-1)
    before = np.concatenate([np.ones((*survival.shape[:-1], 1)), survival[..., :-1]], axis=-1)
    return survival, np.cumsum(before[..., None] * hazard, axis=-2)


def on_days(entry: Ints, time: Ints, state: Ints, weight: Floats, *, causes: int, last: int) -> tuple[Floats, Floats]:
    """Survival (last + 1,) and incidences (last + 1, causes) on days 0 .. last of a weighted sample.

    For bootstraps of whole days. The same estimator as `fit` in O(n): entry -1 is from the start, every time is
    after its entry.
    """
    width = causes + 1
    day = np.minimum(time, last + 1)
    ended = np.bincount(day * width + state, weights=weight, minlength=(last + 2) * width).reshape(last + 2, width)
    entered = np.bincount(np.minimum(entry + 1, last + 1), weights=weight, minlength=last + 2)
    at_risk = np.cumsum(entered) - np.concatenate([[0.0], np.cumsum(ended.sum(axis=1))[:-1]])
    hazard = ended[:-1, 1:] / np.maximum(at_risk[:-1], np.finfo(float).tiny)[:, None]
    return chain(hazard)


def _at_risk(times: Floats, start: Floats, stop: Floats, w: Floats) -> Floats:
    """Weight with start < t <= stop, for each t in times, (k,)."""
    by_start, by_stop = np.argsort(start, kind="stable"), np.argsort(stop, kind="stable")
    entered = np.concatenate([[0.0], np.cumsum(w[by_start])])[np.searchsorted(start[by_start], times, side="left")]
    left = np.concatenate([[0.0], np.cumsum(w[by_stop])])[np.searchsorted(stop[by_stop], times, side="left")]
    return np.asarray(entered - left, dtype=np.float64)


def _greenwood(hazard: Floats, at_risk: Floats, survival: Floats) -> tuple[Floats, Floats]:
    """Standard errors (k,), (k, causes): the covariance of (survival, incidences) carried through each step."""
    k, causes = hazard.shape
    variance = np.zeros((causes + 1, causes + 1))
    out = np.zeros((k, causes + 1))
    before = 1.0
    for j in range(k):
        h = hazard[j]
        move = np.eye(causes + 1)
        move[0, 0] = 1.0 - h.sum()
        move[1:, 0] = h
        spread = np.concatenate([-np.ones((1, causes)), np.eye(causes)])
        noise = spread @ ((np.diag(h) - np.outer(h, h)) / at_risk[j]) @ spread.T
        variance = move @ variance @ move.T + before**2 * noise
        out[j] = np.sqrt(np.maximum(np.diag(variance), 0.0))
        before = survival[j]
    return out[:, 0], out[:, 1:]


def _steps(times: Floats, values: Floats, at: npt.ArrayLike, *, before: float) -> Floats:
    slot = np.searchsorted(times, np.atleast_1d(np.asarray(at, dtype=np.float64)), side="right")
    first = np.full((1, *values.shape[1:]), before)
    return np.concatenate([first, values])[slot]
