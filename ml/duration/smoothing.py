"""How much a hazard is smoothed, and how much its coefficients are drawn together: as much as makes the data most likely.

Wood SN, Fasiolo M (2017), Biometrics 73:1071-1081, whose step is stretched by what the step before it has shown.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ml.duration.basis import Basis

Floats = npt.NDArray[np.float64]

RIDGE = 1e-6
SMOOTHING = (1e-3, 1e7)
LONGEST = np.log(1000.0)  # step of an amount on the log scale


@dataclass(frozen=True)
class Penalty:
    """Twice the cost of theta is theta @ matrix @ theta; smoothing and shrinkage are its two amounts."""

    smoothing: float
    shrinkage: float
    matrix: Floats


def penalty_of(over: Basis, p: int, *, smoothing: float, shrinkage: float) -> Penalty:
    """The penalty of these amounts on a basis and p coefficients of covariates, with a ridge that keeps all finite."""
    k = over.design.shape[1]
    matrix = RIDGE * np.eye(k + p)
    matrix[:k, :k] += smoothing * over.wiggle
    matrix[k:, k:] += shrinkage * np.eye(p)
    return Penalty(smoothing, shrinkage, matrix)


def tuned(
    over: Basis, theta: Floats, info: Floats, penalty: Penalty, before: tuple[Penalty, Floats] | None
) -> tuple[Penalty, Floats, float]:
    """The penalty after one step towards the amounts that make the data most likely; the amounts asked for, and how many
    coefficients were free. `before`: the penalty of the round before, and what was asked for then.

    Amounts that are asked for are those of Wood and Fasiolo, who set them at once: slow where data say little of them.
    """
    k = over.design.shape[1]
    spread = np.linalg.pinv(info, hermitian=True)
    bent = over.rank - penalty.smoothing * float(np.trace(spread[:k, :k] @ over.wiggle))
    asked, apart = np.array([_amount(bent, float(theta[:k] @ over.wiggle @ theta[:k])), 0.0]), 0.0
    if penalty.shrinkage:
        apart = len(theta) - k - penalty.shrinkage * float(np.trace(spread[k:, k:]))
        asked[1] = _amount(apart, float(theta[k:] @ theta[k:]))
    had = before[0] if before else penalty
    earlier = before[1] if before else asked
    smoothing = _nearer(penalty.smoothing, asked[0], had.smoothing, earlier[0])
    shrinkage = _nearer(penalty.shrinkage, asked[1], had.shrinkage, earlier[1]) if penalty.shrinkage else 0.0
    return penalty_of(over, len(theta) - k, smoothing=smoothing, shrinkage=shrinkage), asked, bent + apart


def _nearer(amount: float, asked: float, amount_before: float, asked_before: float) -> float:
    """An amount nearer to where what is had is what is asked for: a secant step on the log scale, of bounded length."""
    stretch, moved = 1.5, float(np.log(amount / amount_before))
    if abs(moved) > 1e-9:
        slope = float(np.log(asked / asked_before)) / moved
        stretch = 1.0 / max(1.0 - slope, 0.1)
    step = np.clip(stretch * np.log(asked / amount), -LONGEST, LONGEST)
    return float(np.clip(amount * np.exp(step), *SMOOTHING))


def _amount(free: float, size: float) -> float:
    return float(np.clip(max(free, 1e-6) / max(size, 1e-12), *SMOOTHING))
