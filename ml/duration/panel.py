"""The panel likelihood: in care, restored, lost and other exit, from assessments and exact exits.

Kalbfleisch JD, Lawless JF (1985), JASA 80:863-871; Jackson CH (2011), J Stat Softw 38(8), for exact exits and states that
are not known. Three hazards: of restoration and of the two exits. The default assumption is that an exit is as likely after
a restoration that nobody has seen yet as before it. Then the likelihood is the product of three: of the day of
restoration, known in intervals, and of the two exits, known to the day (docs/methods/duration.md shows it), and each is
fitted by `hazard`. `unequal` fits the sensitivity where the assumption does not hold.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.linalg import block_diag
from scipy.special import expit

from ml import resampling
from ml.duration import hazard
from ml.duration.hazard import NEVER, Cells, Fitted
from ml.duration.stays import Stays

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


@dataclass(frozen=True)
class Panel:
    """Three fitted hazards, in the order restored, lost, other exit; theta (q,) of all three is one vector.

    covariance (q, q): by clusters, and with what the smoothing may hide. cells and members: the distinct observations
    of each hazard, and how often each cluster holds them, (k, m).
    """

    hazards: tuple[Fitted, Fitted, Fitted]
    covariance: Floats
    cells: tuple[Cells, Cells, Cells]
    members: tuple[sparse.csr_matrix, sparse.csr_matrix, sparse.csr_matrix]

    @property
    def theta(self) -> Floats:
        """All coefficients, (q,)."""
        return np.concatenate([one.theta for one in self.hazards])

    @property
    def converged(self) -> bool:
        """If all three fits found their maximum."""
        return all(one.converged for one in self.hazards)

    @property
    def last(self) -> int:
        """The last day that anybody was observed."""
        return len(self.hazards[0].basis.design) - 1

    def curves(self, x: npt.ArrayLike = (), *, last: int) -> Curves:
        """Curves of days 0 .. last for covariates x (p,)."""
        rates = np.stack([one.hazard(x)[: last + 1] for one in self.hazards], axis=1)
        return occupied(rates, [one.design(x)[: last + 1] for one in self.hazards])

    def resampled(self, generator: np.random.Generator, draws: int) -> Floats:
        """theta of samples of clusters, (draws, q): fitted anew on weighted cells, with the penalties kept."""
        k = self.members[0].shape[0]
        out = np.empty((draws, len(self.theta)))
        for row, times in zip(out, resampling.multiplicity(generator, k, draws), strict=True):
            parts = [
                hazard.fit(cells, members.T @ times, one.basis, penalty=one.penalty, theta=one.theta).theta
                for one, cells, members in zip(self.hazards, self.cells, self.members, strict=True)
            ]
            row[:] = np.concatenate(parts)
        return out


def fit(seen: Stays, cluster: Ints, x: Floats | None = None, *, pooled: bool = False) -> Panel:
    """The panel model of stays that are used; cluster (n,) from 0; x (n, p) acts proportionally on all three hazards.

    `pooled`: the coefficients of x are drawn towards 0 by as much as the data ask, as for the offices of one programme.
    Raises ValueError when no stay is used.
    """
    if not len(seen.used) or not seen.used.all():
        raise ValueError("a fit needs stays, and only such as are used")
    given = np.zeros((len(seen.used), 0)) if x is None else np.asarray(x, dtype=np.float64)
    last = int(max(seen.stop.max(), seen.left.max(), seen.right[seen.right < NEVER].max(initial=0), 0))
    cluster = np.unique(cluster, return_inverse=True)[1].astype(np.int64)
    fits, cells, members, scores, blocks, costs = [], [], [], [], [], []
    for start, left, right in _observations(seen):
        known, member = _cells(start, left, right, given, cluster)
        weight = np.asarray(member.sum(axis=0)).ravel()
        one = hazard.fit(known, weight, hazard.basis_of(known, last), pooled=pooled)
        fits.append(one)
        cells.append(known)
        members.append(member)
        scores.append(member @ hazard.scores(known, one.basis, one.theta))
        blocks.append(_inverse(one.information))
        costs.append(one.penalty.matrix)
    spread, score = block_diag(*blocks), np.hstack(scores)
    k = len(score)
    meat = score.T @ score * (k / max(k - 1, 1)) + block_diag(*costs)
    covariance = spread @ meat @ spread
    return Panel(_three(fits), covariance, _three(cells), _three(members))


def interval(curves: Curves, covariance: Floats, *, z: float = 1.959964) -> tuple[Floats, Floats]:
    """95 % limits of curves, (last + 1, 4) each, symmetric on the log-odds scale; equal to the estimate at 0 and 1."""
    variance = np.einsum("dsq,qr,dsr->ds", curves.slope, covariance, curves.slope, optimize=True)
    p = np.clip(curves.estimate, 1e-12, 1 - 1e-12)
    reach = z * np.sqrt(np.maximum(variance, 0.0)) / (p * (1 - p))
    odds = np.log(p / (1 - p))
    inside = (curves.estimate > 1e-12) & (curves.estimate < 1 - 1e-12)
    low, high = (np.where(inside, expit(odds + sign * reach), curves.estimate) for sign in (-1, 1))
    return low, high


def _observations(seen: Stays) -> list[tuple[Ints, Ints, Ints]]:
    """(start, left, right) for each hazard."""
    out = [(seen.start, seen.left, seen.right)]
    for cause in (2, 3):
        exits = seen.cause == cause
        left = np.where(exits, seen.stop - 1, seen.stop)
        out.append((seen.exit_start, left, np.where(exits, seen.stop, NEVER)))
    return out


def _cells(start: Ints, left: Ints, right: Ints, x: Floats, cluster: Ints) -> tuple[Cells, sparse.csr_matrix]:
    """Distinct observations, and how often each cluster holds each, (k, m)."""
    patterns, code = np.unique(x, axis=0, return_inverse=True) if x.shape[1] else (x[:1], np.zeros(len(x), np.int64))
    columns = (start, left, right, code.ravel())
    order = np.lexsort(columns)
    ordered = np.column_stack(columns)[order]
    new = np.concatenate([[True], (ordered[1:] != ordered[:-1]).any(axis=1)])
    which = np.empty(len(order), dtype=np.int64)
    which[order] = np.cumsum(new) - 1
    key = ordered[new]
    shape = (int(cluster.max()) + 1, len(key))
    member = sparse.csr_matrix((np.ones(len(cluster)), (cluster, which)), shape=shape)
    return Cells(key[:, 0], key[:, 1], key[:, 2], patterns[key[:, 3]]), member


def occupied(rates: Floats, designs: list[Floats]) -> Curves:
    """States by day, and their slopes, of hazards (last + 1, 3) that are constant within a day."""
    days = len(rates)
    total = rates.sum(axis=1)
    before = np.exp(-np.concatenate([[0.0], np.cumsum(total)[:-1]]))
    size = np.maximum(total, 1e-5)  # below it the two limits are right to 1e-5
    leaves = -np.expm1(-size)
    share = np.where(total < size, 1.0 - total / 2, leaves / size)
    bend = np.where(total < size, -0.5, (np.exp(-size) * size - leaves) / size**2)
    gone = np.cumsum(before[:, None] * rates * share[:, None], axis=0)
    stays = np.exp(-np.cumsum(total))
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
    return Curves(np.column_stack([gone, stays]), np.concatenate(slopes, axis=2))


def _inverse(matrix: Floats) -> Floats:
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    return np.asarray((vectors / np.maximum(values, 1e-9)) @ vectors.T)


def _three(parts: list) -> tuple:  # type: ignore[type-arg]
    first, second, third = parts
    return first, second, third
