"""What a log hazard is made of: a cubic spline over days since intake, and what its wiggles cost.

Eilers PHC, Marx BD (1996), Statistical Science 11:89-121, on the axis log(day + 30): there a Weibull hazard is nearly a
straight line, and a straight line costs nothing.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.interpolate import BSpline

Floats = npt.NDArray[np.float64]

SHIFT_DAYS = 30.0
TOP_DAY = 3652
SEGMENTS = 14
DEGREE = 3


@dataclass(frozen=True)
class Basis:
    """design (last + 1, k): row d is day d, on which the hazard is exp(design[d] @ beta) where `is_open[d]`, else 0.

    Day 0 stands for "at or before intake": the last column is its own. wiggle (k, k): beta @ wiggle @ beta is the sum
    of the squared second differences of the spline's coefficients; rank of it.
    """

    design: Floats
    is_open: npt.NDArray[np.bool_]
    wiggle: Floats
    rank: int

    def hazard(self, beta: Floats) -> Floats:
        """The hazard of each day, (last + 1,)."""
        return np.asarray(self.is_open * np.exp(np.clip(self.design @ beta, -60.0, 6.0)), dtype=np.float64)


def basis(last: int, *, at_intake: bool, later: bool) -> Basis:
    """The basis of days 0 .. last; events are possible on day 0 if `at_intake`, on the days after it if `later`.

    The knots do not depend on the data; after day 3652 the hazard stays as it is.
    """
    low, high = np.log(SHIFT_DAYS), np.log(TOP_DAY + SHIFT_DAYS)
    step = (high - low) / SEGMENTS
    knots = low + step * np.arange(-DEGREE, SEGMENTS + DEGREE + 1)
    axis = np.minimum(np.log(np.arange(1, last + 1) - 0.5 + SHIFT_DAYS), high)
    columns = SEGMENTS + DEGREE
    design = np.zeros((last + 1, columns + 1))
    if last:
        design[1:, :columns] = BSpline.design_matrix(axis, knots, DEGREE).toarray()
    design[0, columns] = 1.0
    second = np.diff(np.eye(columns), n=2, axis=0)
    wiggle = np.zeros((columns + 1, columns + 1))
    wiggle[:columns, :columns] = second.T @ second
    is_open = np.full(last + 1, later)
    is_open[0] = at_intake
    return Basis(design, is_open, wiggle, columns - 2)
