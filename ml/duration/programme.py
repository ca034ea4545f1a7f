"""Everybody in the programme: the frames that the estimates of duration read, held against their contracts."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.contracts import (
    FCT_EPISODE,
    INITIAL_TOTAL,
    RESTORATION_VARIANT,
    UNRESTORED,
    UNRESTORED_VARIANT,
    VISIT,
    empty,
    require,
)
from ml.duration.stays import Stays, stays
from ml.resampling import clusters

Ints = npt.NDArray[np.int64]

FRAMES = {
    "unrestored": UNRESTORED,
    "initial": INITIAL_TOTAL,
    "visits": VISIT,
    "restoration_variant": RESTORATION_VARIANT,
    "unrestored_variant": UNRESTORED_VARIANT,
}


@dataclass(frozen=True)
class Programme:
    """Everybody: the frames of the marts (ml.contracts), the clusters of the episodes (n,) and what their stays say."""

    episodes: pd.DataFrame
    unrestored: pd.DataFrame
    initial: pd.DataFrame
    visits: pd.DataFrame
    restoration_variant: pd.DataFrame
    unrestored_variant: pd.DataFrame
    cluster: Ints
    known: Stays

    @classmethod
    def of(cls, episodes: pd.DataFrame, **given: pd.DataFrame | None) -> "Programme":
        """The programme of episodes; a frame that is not given is empty. Raises InputError when one breaks its contract."""
        frames = {name: empty(contract) for name, contract in FRAMES.items()}
        frames |= {name: frame for name, frame in given.items() if frame is not None}
        require(episodes, FCT_EPISODE)
        for name, contract in FRAMES.items():
            require(frames[name], contract)
        return cls(episodes, **frames, cluster=clusters(episodes).code, known=stays(episodes, frames["unrestored"]))
