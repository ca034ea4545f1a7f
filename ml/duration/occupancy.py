"""Which share is in which state on which day, from three hazards: their curves, slopes, averages and limits."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

STATES = ("restored", "lost", "other_exit", "in_care")


@dataclass(frozen=True)
class Curves:
    """States by day: estimate (last + 1, 4) in the order of STATES, slope (last + 1, 4, q) = d estimate / d theta."""

    estimate: Floats
    slope: Floats

    def on(self, rows: Ints) -> "Curves":
        """The same on some of these days only, by their position."""
        return Curves(self.estimate[rows], self.slope[rows])


def average(curves: list[Curves], share: Floats) -> Curves:
    """The curves of a population of which these shares, adding to 1, have these curves."""
    return Curves(
        np.asarray(sum(w * one.estimate for w, one in zip(share, curves, strict=True))),
        np.asarray(sum(w * one.slope for w, one in zip(share, curves, strict=True))),
    )


def interval(curves: Curves, covariance: Floats, *, z: float = 1.959964) -> tuple[Floats, Floats]:
    """95 % limits of curves, (last + 1, 4) each, symmetric on the log-odds scale; equal to the estimate at 0 and 1."""
    variance = np.einsum("dsq,qr,dsr->ds", curves.slope, covariance, curves.slope, optimize=True)
    p = np.clip(curves.estimate, 1e-12, 1 - 1e-12)
    reach = z * np.sqrt(np.maximum(variance, 0.0)) / (p * (1 - p))
    odds = np.log(p / (1 - p))
    inside = (curves.estimate > 1e-12) & (curves.estimate < 1 - 1e-12)
    low, high = (np.where(inside, expit(odds + sign * reach), curves.estimate) for sign in (-1, 1))
    return low, high


def states(rates: Floats) -> Floats:
    """Chances of the states by day, (last + 1, 4), of hazards (last + 1, 3) that are constant within a day."""
    before, share, _ = _within(rates)
    gone = np.cumsum(before[:, None] * rates * share[:, None], axis=0)
    return np.column_stack([gone, np.exp(-np.cumsum(rates.sum(axis=1)))])


def _within(rates: Floats) -> tuple[Floats, Floats, Floats]:
    """In care at the beginning of each day, what share of a hazard's day comes about, and how that bends with it."""
    total = rates.sum(axis=1)
    before = np.exp(-np.concatenate([[0.0], np.cumsum(total)[:-1]]))
    size = np.maximum(total, 1e-5)  # below it the two limits are right to 1e-5
    leaves = -np.expm1(-size)
    share = np.where(total < size, 1.0 - total / 2, leaves / size)
    return before, share, np.where(total < size, -0.5, (np.exp(-size) * size - leaves) / size**2)


def occupied(rates: Floats, designs: list[Floats], x: npt.ArrayLike = (), days: Ints | None = None) -> Curves:
    """States by day, and their slopes, of hazards (last + 1, 3) that are constant within a day; on some days, rising.

    designs: d log hazard / d beta of each hazard, (last + 1, k); after beta come the coefficients of the covariates x (p,).
    A day's hazard moves what flows on that day and, through who is still in care, all later flows: with F the share that
    has gone by a day, sum over t <= T of flow[t] * (sum over s < t of moved[s]) = sum over s <= T of moved[s] * (F[T] - F[s]).
    """
    on = np.arange(len(rates)) if days is None else days
    before, share, bend = _within(rates)
    estimate, given = states(rates), np.asarray(x, dtype=np.float64)
    slopes = []
    for m, design in enumerate(designs):
        flows = estimate[:, :3] + (before * bend)[:, None] * rates
        flows[:, m] += before * share
        weight = rates[:, m, None] * np.column_stack([np.ones(len(rates)), flows])
        own = _up_to(on, design, weight)  # (days, k, 4): what has moved, and what of it flowed into each state
        all_equal = np.cumsum(weight, axis=0)[on, None, :] * given[:, None]
        summed = np.concatenate([own, all_equal], axis=1)
        moved = summed[:, :, :1] * estimate[on, None, :]
        moved[:, :, :3] = summed[:, :, 1:] - moved[:, :, :3]
        moved[:, :, 3] *= -1.0
        slopes.append(moved.transpose(0, 2, 1))
    return Curves(estimate[on], np.concatenate(slopes, axis=2))


def _up_to(on: Ints, design: Floats, weight: Floats) -> Floats:
    """Sums over the days up to and with each of `on` of design[d, :, None] * weight[d, None, :]."""
    starts = np.concatenate([[0], on[:-1] + 1])
    return np.cumsum([design[a : b + 1].T @ weight[a : b + 1] for a, b in zip(starts, on, strict=True)], axis=0)
