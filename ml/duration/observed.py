"""How an episode row becomes observed times: the one place where the conventions of the curves are decided."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

CENSORED, RESTORED, LOST, OTHER_EXIT = 0, 1, 2, 3


@dataclass(frozen=True)
class Observed:
    """Days since intake, (n,) each, in the order of the frame.

    entry: at risk on (entry, time]; -inf when observed from intake, so that what happens on day 0 counts.
    time, state: the first of restoration *seen* and exit, or the end of observation (state 0).
    left, right: restoration lies in (left, right]; right inf = never seen. left -1 = nothing is known before `right`.
    """

    entry: Floats
    time: Floats
    state: Ints
    left: Floats
    right: Floats

    def take(self, rows: npt.NDArray[np.bool_]) -> "Observed":
        """The same for some rows, (n,) bool."""
        return Observed(self.entry[rows], self.time[rows], self.state[rows], self.left[rows], self.right[rows])

    def n_at_risk(self, days: Ints) -> Ints:
        """How many are under observation and not yet known restored just before each day, (k,)."""
        known = self.time > self.entry
        entered = np.searchsorted(np.sort(self.entry[known]), days, side="left")
        gone = np.searchsorted(np.sort(self.time[known]), days, side="left")
        return np.asarray(entered - gone, dtype=np.int64)


def observed(episodes: pd.DataFrame) -> Observed:
    """Observed times of episodes (columns of core.fct_episode).

    - Restored on the day it was seen (`restored_right_day`), and on the exit day when it was seen in the 60 days
      after exit. Seen before intake counts as day 0. Someone seen restored is restored (event 1), whatever the
      recorded reason of exit.
    - Not restored: event 2 is lost, event 3 another exit, on the exit day; event 0 is censored on as_of_day. An exit
      before intake counts as day 0. Stays of no length (exit on day 0) are at risk on day 0.
    - entry_day 0 is observed from intake. A later entry is at risk from the next day; what ended on or before
      entry_day was never at risk.
    - Interval: right and left as recorded, not before day 0. Seen restored by day 0: (-1, 0], restored at intake. No
      earlier assessment: (-1, right], since she may have come restored. Never seen restored: (left, inf).
    """
    exit_day = _number(episodes["exit_day"])
    seen, unrestored = _number(episodes["restored_right_day"]), _number(episodes["restored_left_day"])
    event = _number(episodes["event"]).astype(np.int64)
    is_seen = ~np.isnan(seen)
    end = np.where(np.isnan(exit_day), _number(episodes["as_of_day"]), exit_day)
    time = np.maximum(np.where(is_seen, np.fmin(seen, exit_day), end), 0.0)
    state = np.where(
        is_seen, RESTORED, np.where(np.isnan(exit_day), CENSORED, np.where(event == LOST, LOST, OTHER_EXIT))
    )
    right = np.where(is_seen, np.maximum(seen, 0.0), np.inf)
    left = np.where(np.isnan(unrestored), -1.0, np.maximum(unrestored, 0.0))
    left = np.where(right <= left, right - 1.0, left)
    entry_day = _number(episodes["entry_day"])
    return Observed(np.where(entry_day > 0, entry_day, -np.inf), time, state.astype(np.int64), left, right)


def _number(values: pd.Series) -> Floats:
    return np.asarray(values.astype("float64"), dtype=np.float64)
