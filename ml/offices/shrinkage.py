"""What to believe of each ratio, given all of them: drawn towards 1, the more so the less it rests on.

Counts: a gamma distribution of the ratios around 1 (Clayton D, Kaldor J (1987), Biometrics 43:671-681); means: a normal
one. How far groups differ (its standard deviation) is not fixed at one estimate but averaged over, weighted by how likely
it makes the data and a half-normal prior of scale 0.3; so the limits do not vanish where it is estimated as 0.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import gammainc, gammaln, ndtr

from ml.offices.compared import Compared

Floats = npt.NDArray[np.float64]

SPREADS = np.geomspace(0.01, 1.5, 40)
PRIOR = 0.3


@dataclass(frozen=True)
class Believed:
    """Posterior distributions of k ratios: mixtures over SPREADS with `weight` (40,); told and base as in Compared."""

    weight: Floats
    told: Floats
    base: Floats
    is_count: bool

    def mean(self) -> Floats:
        """The posterior mean, (k,)."""
        first, second = self._parts()
        middle = first / second if self.is_count else first
        return np.asarray(middle @ self.weight)

    def below(self, ratio: npt.ArrayLike) -> Floats:
        """P(the ratio is below these), (k,)."""
        first, second = self._parts()
        at = np.broadcast_to(np.asarray(ratio, dtype=np.float64), self.told.shape)[:, None]
        part = gammainc(first, second * np.maximum(at, 0.0)) if self.is_count else ndtr((at - first) / second)
        return np.asarray(part @ self.weight)

    def quantile(self, probability: float) -> Floats:
        """The ratio below which it lies with this probability, (k,), by halving."""
        high = np.full(len(self.told), 20.0)
        low = np.zeros(len(self.told)) if self.is_count else -high
        for _ in range(50):
            middle = (low + high) / 2
            under = self.below(middle) < probability
            low, high = np.where(under, middle, low), np.where(under, high, middle)
        return np.asarray((low + high) / 2)

    def _parts(self) -> tuple[Floats, Floats]:
        """Shape and rate of the gammas, or mean and deviation of the normals, (k, 40)."""
        told, base = self.told[:, None], self.base[:, None]
        if self.is_count:
            shape = 1.0 / SPREADS**2
            return told + shape, base + shape
        total = base + 1.0 / SPREADS**2
        return 1.0 + (told - 1.0) * base / total, 1.0 / np.sqrt(total)


def believe(compared: Compared) -> Believed:
    """The posterior of each group that is large enough, in their order."""
    enough = compared.is_enough
    told, base = compared.told[enough], compared.precision[enough]
    log_weight = -(SPREADS**2) / (2 * PRIOR**2) + np.log(SPREADS)  # a grid even in the logarithm
    if compared.is_count:
        o, e, a = told[:, None], base[:, None], 1.0 / SPREADS**2
        seen = gammaln(o + a) - gammaln(a) + a * np.log(a / (a + e)) + o * np.log(e / (a + e))
    else:
        variance = 1.0 / base[:, None] + SPREADS**2
        seen = -0.5 * (np.log(variance) + (told[:, None] - 1.0) ** 2 / variance)
    log_weight = log_weight + seen.sum(axis=0)
    weight = np.exp(log_weight - log_weight.max())
    return Believed(weight / weight.sum(), told, base, compared.is_count)
