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

    def on(self, days: Ints) -> "Curves":
        """The same on some days only."""
        return Curves(self.estimate[days], self.slope[days])


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


def occupied(rates: Floats, designs: list[Floats]) -> Curves:
    """States by day, and their slopes, of hazards (last + 1, 3) that are constant within a day."""
    days = len(rates)
    before, share, bend = _within(rates)
    estimate = states(rates)
    stays = estimate[:, 3]
    slopes = []
    for m, design in enumerate(designs):
        moved = rates[:, m, None] * design
        summed = np.cumsum(moved, axis=0)
        earlier = summed - moved
        part = np.empty((days, 4, design.shape[1]))
        for j in range(3):
            flow = rates[:, j] * share * before
            change = -flow[:, None] * earlier + (before * rates[:, j] * bend)[:, None] * moved
            if j == m:
                change = change + (before * share)[:, None] * moved
            part[:, j] = np.cumsum(change, axis=0)
        part[:, 3] = -stays[:, None] * summed
        slopes.append(part)
    return Curves(estimate, np.concatenate(slopes, axis=2))
