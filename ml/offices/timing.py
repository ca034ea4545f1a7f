"""Whether an office assesses so differently from the others that what is seen at assessments cannot be compared.

Intervals take care of moderate differences; an office that assesses hardly anybody, or at quite other times, has other
people in its figures.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.offices.definition import GAP_RATIO, LEAST_MADE, LEAST_MADE_OF_OTHERS, MIN_DUE, MOST_LAG_DAYS

Ints = npt.NDArray[np.int64]


def not_comparable(recording: pd.DataFrame, group: Ints, k: int) -> list[str | None]:
    """For each group the key of the phrase that says why not, or None; recording has a row an episode, group (n,) its group.

    In this order: too few of the assessments due were made (under half, or under 0.6 of what the others make); the days
    between assessments differ from the others' by more than 1.75 times; forms are entered more than 60 days late on average.
    """
    own = group >= 0
    columns = ("n_due", "n_made", "n_gaps", "gap_days", "n_entered", "lag_days")
    sums = {name: np.bincount(group[own], recording[name].to_numpy(dtype=np.float64)[own], k) for name in columns}
    rest = {name: values.sum() - values for name, values in sums.items()}
    found: list[str | None] = []
    for i in range(k):
        here, there = ({name: float(part[name][i]) for name in columns} for part in (sums, rest))
        found.append(_why(here, there))
    return found


def _why(here: dict[str, float], there: dict[str, float]) -> str | None:
    if here["n_due"] >= MIN_DUE:
        made = here["n_made"] / here["n_due"]
        others = there["n_made"] / there["n_due"] if there["n_due"] >= MIN_DUE else made
        if made < LEAST_MADE or made < LEAST_MADE_OF_OTHERS * others:
            return "made"
    if min(here["n_gaps"], there["n_gaps"]) >= MIN_DUE:
        times = (here["gap_days"] / here["n_gaps"]) / (there["gap_days"] / there["n_gaps"])
        if not 1 / GAP_RATIO <= times <= GAP_RATIO:
            return "gap"
    if here["n_entered"] >= MIN_DUE and here["lag_days"] / here["n_entered"] > MOST_LAG_DAYS:
        return "lag"
    return None
