"""Who is left out to see whether a model holds elsewhere and later: one office at a time, and each later intake year."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ml.risk.definition import MIN_EVENTS, MIN_LABELLED
from ml.risk.labels import Labels
from ml.risk.sample import Sample

Bools = npt.NDArray[np.bool_]

MIN_GROUP = 20
MOST_COHORTS = 4


@dataclass(frozen=True)
class Cohort:
    """The people taken in in one year, with their labels, and those of everyone taken in before; each of all people, (n,)."""

    year: int
    before: Labels
    own: Labels


def office_parts(sample: Sample) -> list[tuple[Bools, Bools]]:
    """(train, test) rows with each office of 20 known people left out in turn; none where there is one office."""
    known = sample.labels.total > 0
    names, sizes = np.unique(sample.offices[known], return_counts=True)
    if len(names) < 2:
        return []
    return [(sample.offices != name, sample.offices == name) for name in names[sizes >= MIN_GROUP]]


def cohorts_of(sample: Sample) -> list[Cohort]:
    """The latest four intake years that have 20 known people of either outcome and 100 known (20 of each) before them.

    Of a year only those count whose intake lies beyond the horizon: in the others only early outcomes would be known.
    """
    year, out = sample.cohort, []
    for one in np.unique(year[sample.is_followed])[::-1]:
        own, before = sample.relabelled((year == one) & sample.is_followed), sample.relabelled(year < one)
        if _least(own) >= MIN_GROUP and _least(before) >= MIN_EVENTS and (before.total > 0).sum() >= MIN_LABELLED:
            out.append(Cohort(int(one), before, own))
    return out[:MOST_COHORTS]


def _least(labels: Labels) -> int:
    return int(min((labels.event > 0).sum(), (labels.other > 0).sum()))
