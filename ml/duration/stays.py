"""What an episode says to the panel likelihood: the one place where its conventions are decided.

The states are in care and not restored, restored, lost, other exit. Restoration is known between two assessments, an
exit on its day; between the last assessment and an exit the state is not known.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.duration.hazard import NEVER
from ml.duration.observed import LOST, OTHER_EXIT

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

CLOSING_DAYS = 30
AFTER_EXIT_DAYS = 60
PLANNED = ("restored", "program_end")


@dataclass(frozen=True)
class Stays:
    """Days since intake, (n,) each, in the order of the frame; -1 is before intake.

    used: the episode says something. start: in care and not restored then. left, right: restoration lies in
    (left, right], right NEVER when it was not seen. exit_start, stop: at risk of an exit in (exit_start, stop]; cause:
    the exit on `stop`, 0 none.
    """

    used: Bools
    start: Ints
    left: Ints
    right: Ints
    exit_start: Ints
    stop: Ints
    cause: Ints

    def take(self, rows: Bools | slice) -> "Stays":
        """The same for some rows: (n,) bool, or a slice of them."""
        return Stays(**{name: values[rows] for name, values in vars(self).items()})


def stays(episodes: pd.DataFrame, unrestored: pd.DataFrame) -> Stays:
    """Stays of episodes (columns of core.fct_episode).

    `unrestored` (episode_key, day): the days on which an assessment with enough domains found her not restored.

    - Restored in (left, right] as recorded, not before intake; no earlier assessment: she may have come restored. An
      assessment after the exit tells the state at the exit: right is at most the exit day, and one that finds her not
      restored in the 60 days after it makes the exit day the left end.
    - What follows a restoration that was seen is another matter: the risk of an exit is watched until 30 days after
      it. An exit in these days is no consequence of it, save the planned ones (restored, program end); more often the
      assessment was made because of the exit. It counts.
    - Late entry (entry_day > 0): people who had been restored and had left are missing, and who among the others was
      restored is not known. They count from the first assessment that finds them in care and not restored; for the
      risk of an exit from 30 days after it, so that no closing assessment begins a stay. Others of them say nothing.
    """
    exit_day, as_of = _days(episodes["exit_day"]), _days(episodes["as_of_day"])
    left, right = _days(episodes["restored_left_day"]), _days(episodes["restored_right_day"])
    event, entry = _days(episodes["event"]), _days(episodes["entry_day"])
    gone, seen = ~np.isnan(exit_day), ~np.isnan(right)
    end = np.maximum(np.where(gone, exit_day, as_of), 0)
    right = np.where(seen, np.clip(right, 0, np.where(gone, end, np.inf)), np.inf)
    first, is_late_proof = _visits(episodes, unrestored, entry, np.where(gone, end - CLOSING_DAYS, np.inf), exit_day)
    left = np.where(~seen & is_late_proof, end, left)
    left = np.where(np.isnan(left), -1, np.clip(left, 0, end))
    left = np.minimum(left, right - 1)
    closing = gone & (end - right < CLOSING_DAYS) & ~episodes["outcome"].isin(PLANNED).to_numpy()
    lost = np.where(seen, episodes["outcome"].isin(["lost_contact", "withdrew"]).to_numpy(), event == LOST)
    counted = gone & (~seen | closing)
    late = entry > 0
    start = np.where(late, first, -1)
    exit_start = np.where(late, start + CLOSING_DAYS, -1)
    stop = np.where(seen, np.minimum(right + CLOSING_DAYS, end), end)
    used = ~late | (~np.isnan(first) & (first < right) & (first <= end))
    start, exit_start = np.where(used, start, -1), np.where(used, exit_start, -1)
    return Stays(
        used=used,
        start=start.astype(np.int64),
        left=np.maximum(left, start).astype(np.int64),
        right=np.where(np.isinf(right), NEVER, right).astype(np.int64),
        exit_start=np.minimum(exit_start, stop).astype(np.int64),
        stop=stop.astype(np.int64),
        cause=np.where(counted & (stop > exit_start), np.where(lost, LOST, OTHER_EXIT), 0).astype(np.int64),
    )


def _visits(
    episodes: pd.DataFrame, unrestored: pd.DataFrame, entry: npt.NDArray[np.float64],
    latest: npt.NDArray[np.float64], exit_day: npt.NDArray[np.float64],
) -> tuple[npt.NDArray[np.float64], Bools]:  # fmt: skip
    """First day on or after entry and not after `latest` she was found not restored (NaN: none); if after the exit."""
    row = pd.Index(episodes["episode_key"]).get_indexer(pd.Index(unrestored["episode_key"]))
    row, day = row[row >= 0], _days(unrestored["day"])[row >= 0]
    first = np.full(len(episodes), np.inf)
    counts = (day >= entry[row]) & (day <= latest[row])
    np.minimum.at(first, row[counts], day[counts])
    after = np.zeros(len(episodes), dtype=bool)
    with np.errstate(invalid="ignore"):
        after[row[(day >= exit_day[row]) & (day <= exit_day[row] + AFTER_EXIT_DAYS)]] = True
    return np.where(np.isinf(first), np.nan, first), after


def _days(values: pd.Series) -> npt.NDArray[np.float64]:
    return np.asarray(values.astype("float64"), dtype=np.float64)
