"""How likely it was that an outcome became known: inverse-probability-of-censoring weights.

Robins JM, Finkelstein DM (2000), Biometrics 56:779-788; for a fixed horizon Graf E et al. (1999), Stat Med
18:2529-2545. Where nobody is followed to the horizon there is no weight: the horizon is cut at tau, never a survival of
censoring at an epsilon.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.duration import aalen_johansen

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

MIN_OFFICE = 200
MIN_FOLLOWED = 0.05
CAP_QUANTILE = 0.99


def offices_of(episodes: pd.DataFrame) -> npt.NDArray[np.str_]:
    """The office of each episode, (n,); empty text where it has none."""
    return np.asarray(episodes["office_id"].astype(object).where(episodes["office_id"].notna(), ""), dtype=str)


def capped(known: Bools, probability: Floats) -> Floats:
    """Weights (n,): 1 / probability for the known, none above their 99th percentile; 0 for the unknown."""
    weight = np.where(known, 1.0 / probability, 0.0)
    return np.minimum(weight, np.quantile(weight[known], CAP_QUANTILE)) if known.any() else weight


@dataclass(frozen=True)
class Followed:
    """How likely it was that each person's outcome became known. All (n,), days since time zero.

    time: restoration seen, exit or as-of; known: the outcome is; reached: restored in time, or observed to the horizon.
    """

    time: Floats
    restored: Bools
    known: Bools
    reached: Bools
    horizon: float

    def by_office(self, offices: npt.NDArray[np.str_]) -> Floats:
        """The probability of each person, (n,), by office where the office allows it."""
        out = np.ones(len(offices))
        pooled = np.ones(len(offices), dtype=bool)
        for office in np.unique(offices):
            rows = offices == office
            if rows.sum() >= MIN_OFFICE and (own := self._probability(rows)) is not None:
                out[rows], pooled[rows] = own[rows], False
        for donors in (pooled, np.ones(len(offices), dtype=bool)):
            if pooled.any() and (donors.sum() >= MIN_OFFICE or donors.all()):
                together = self._probability(donors, floor=0.0 if donors.all() else MIN_FOLLOWED)
                if together is not None:
                    out[pooled] = together[pooled]
                    break
        return out

    def _probability(self, donors: Bools, floor: float = MIN_FOLLOWED) -> Floats | None:
        """Probabilities (n,) as estimated on the donors, or None where too few of them are followed to the horizon."""
        fitted = self._fitted(donors)
        open_at_horizon = donors & self.reached & ~self.restored
        again = float(self.known[open_at_horizon].mean()) if open_at_horizon.any() else 0.0
        at_horizon = float(fitted.survival_at([self.horizon])[0])
        if min(at_horizon, again) <= floor:
            return None
        return np.where(self.restored, fitted.survival_at(self.time - 0.5), at_horizon * again)

    def at_horizon(self, donors: Bools) -> float:
        """The share of the donors that would be observed to the horizon, were nobody censored by what she is asked about."""
        return float(self._fitted(donors).survival_at([self.horizon])[0])

    def _fitted(self, donors: Bools) -> aalen_johansen.Incidence:
        last = np.where(self.restored, self.time - 0.25, np.where(self.reached, self.horizon + 1.0, self.time))[donors]
        start, censored = np.full(len(last), -np.inf), ~self.reached[donors]
        return aalen_johansen.fit(start, last, censored.astype(np.int64), causes=1)
