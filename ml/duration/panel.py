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
import pandas as pd
from scipy import sparse
from scipy.linalg import block_diag

from ml import resampling
from ml.duration import hazard
from ml.duration.hazard import NEVER, Cells, Fitted
from ml.duration.occupancy import STATES, Curves, average, interval, occupied
from ml.duration.stays import Stays

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

__all__ = [
    "STATES",
    "Curves",
    "Panel",
    "Part",
    "Watched",
    "average",
    "fit",
    "interval",
    "observations",
    "occupied",
    "sandwich",
]


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

    def curves(self, x: npt.ArrayLike = (), *, last: int, days: Ints | None = None) -> Curves:
        """Curves of days 0 .. last, or on some of these days, rising, for covariates x (p,)."""
        rates = np.stack([one.hazard(x)[: last + 1] for one in self.hazards], axis=1)
        return occupied(rates, [one.basis.design[: last + 1] for one in self.hazards], x, days)

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


@dataclass(frozen=True)
class Watched:
    """What is known of restoration, where not the stays themselves say it: (m,) each.

    row: the stay; (start, left, right) as in `hazard`; weight: how often the observation counts.
    """

    row: Ints
    start: Ints
    left: Ints
    right: Ints
    weight: Floats


@dataclass(frozen=True)
class Part:
    """One hazard's fit, its distinct observations, how often each cluster holds them (k, m), its scores by cluster."""

    fitted: Fitted
    cells: Cells
    members: sparse.csr_matrix
    scores: Floats

    @classmethod
    def of(
        cls, watched: Watched, x: Floats, cluster: Ints, last: int, *, pooled: bool, near: Fitted | None = None
    ) -> "Part":
        """The fit of observations of stays with covariates x (n, p) and clusters (n,); near: where the search begins."""
        cells, members = _cells(watched, x[watched.row], cluster)
        weight = np.asarray(members.sum(axis=0)).ravel()
        one = hazard.fit(cells, weight, hazard.basis_of(cells, last), pooled=pooled, near=near)
        return cls(one, cells, members, np.asarray(members @ hazard.scores(cells, one.basis, one.theta)))


def fit(
    seen: Stays, cluster: Ints, x: Floats | None = None, *, pooled: bool = False, watched: Watched | None = None,
    near: Panel | None = None,
) -> Panel:  # fmt: skip
    """The panel model of stays that are used; cluster (n,) from 0; x (n, p) acts proportionally on all three hazards.

    `pooled`: the coefficients of x are drawn towards 0 by as much as the data ask, as for the offices of one programme.
    `watched`: what is known of restoration, in place of what the stays say. `near`: a fit of like data, where the
    search begins. Raises ValueError when no stay is used.
    """
    if not len(seen.used) or not seen.used.all():
        raise ValueError("a fit needs stays, and only such as are used")
    given = np.zeros((len(seen.used), 0)) if x is None else np.asarray(x, dtype=np.float64)
    last = int(max(seen.stop.max(), seen.left.max(), seen.right[seen.right < NEVER].max(initial=0), 0))
    cluster = np.unique(cluster, return_inverse=True)[1].astype(np.int64)
    known = observations(seen)
    known[0] = known[0] if watched is None else watched
    begin = near.hazards if near else (None, None, None)
    parts = [Part.of(one, given, cluster, last, pooled=pooled, near=at) for one, at in zip(known, begin, strict=True)]
    covariance = sandwich(parts)
    fits, cells, members = ([getattr(part, name) for part in parts] for name in ("fitted", "cells", "members"))
    return Panel(_three(fits), covariance, _three(cells), _three(members))


def sandwich(parts: list[Part]) -> Floats:
    """The covariance of all coefficients, (q, q): scores added up by cluster, and what the smoothing may hide."""
    spread = block_diag(*(_inverse(part.fitted.information) for part in parts))
    score = np.hstack([part.scores for part in parts])
    k = len(score)
    meat = score.T @ score * (k / max(k - 1, 1)) + block_diag(*(part.fitted.penalty.matrix for part in parts))
    return np.asarray(spread @ meat @ spread)


def observations(seen: Stays) -> list[Watched]:
    """What the stays say of each hazard."""
    row, once = np.arange(len(seen.used)), np.ones(len(seen.used))
    out = [Watched(row, seen.start, seen.left, seen.right, once)]
    for cause in (2, 3):
        exits = seen.cause == cause
        left, right = np.where(exits, seen.stop - 1, seen.stop), np.where(exits, seen.stop, NEVER)
        out.append(Watched(row, seen.exit_start, left, right, once))
    return out


def _cells(watched: Watched, x: Floats, cluster: Ints) -> tuple[Cells, sparse.csr_matrix]:
    """Distinct observations, and how often each cluster holds each, (k, m); x (m, p) of each observation."""
    rows = len(watched.row)
    code = np.zeros(rows, dtype=np.int64)
    for column in x.T:
        values, names = pd.factorize(column, sort=True)
        code = pd.factorize(code * len(names) + values, sort=True)[0]
    columns = (watched.start, watched.left, watched.right, code)
    order = np.lexsort(columns)
    ordered = np.column_stack(columns)[order]
    new = np.concatenate([[True], (ordered[1:] != ordered[:-1]).any(axis=1)])
    which = np.empty(len(order), dtype=np.int64)
    which[order] = np.cumsum(new) - 1
    key = ordered[new]
    shape = (int(cluster.max()) + 1, len(key))
    member = sparse.csr_matrix((watched.weight, (cluster[watched.row], which)), shape=shape)
    return Cells(key[:, 0], key[:, 1], key[:, 2], x[order[new]]), member


def _inverse(matrix: Floats) -> Floats:
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    return np.asarray((vectors / np.maximum(values, 1e-9)) @ vectors.T)


def _three(parts: list) -> tuple:  # type: ignore[type-arg]
    first, second, third = parts
    return first, second, third
