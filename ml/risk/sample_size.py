"""How many people a rung needs before it is tried: Riley RD et al. (2020), BMJ 368:m441, for a binary outcome.

The largest of three numbers: a shrinkage of 0.9, an optimism of at most 0.05 in Nagelkerke's R squared, and the overall risk within 0.05.
R squared is assumed to be 15 % of its largest possible value, as is advised where nothing better is known. People are counted by
Kish's effective number of their weights.
"""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

SHRINKAGE, OPTIMISM, MARGIN, NAGELKERKE = 0.9, 0.05, 0.05, 0.15


def needed(parameters: int, prevalence: float) -> int:
    """People needed for so many parameters at a share of people with the outcome; 0 for no parameter."""
    if parameters == 0:
        return 0
    share = min(max(prevalence, 1e-6), 1 - 1e-6)
    largest = 1.0 - float(np.exp(2.0 * (share * np.log(share) + (1 - share) * np.log(1 - share))))
    r2 = NAGELKERKE * largest
    shrinkage = _for_shrinkage(parameters, r2, SHRINKAGE)
    optimism = _for_shrinkage(parameters, r2, r2 / (r2 + OPTIMISM * largest))
    overall = (1.96 / MARGIN) ** 2 * share * (1 - share)
    return int(np.ceil(max(shrinkage, optimism, overall)))


def effective(weight: Floats) -> float:
    """Kish's effective number of people of weights (n,)."""
    return float(weight.sum() ** 2 / (weight**2).sum()) if weight.any() else 0.0


def _for_shrinkage(parameters: int, r2: float, shrinkage: float) -> float:
    return parameters / ((shrinkage - 1.0) * np.log(1.0 - r2 / shrinkage))
