"""Who was lost in time: a right-censored outcome with other exits as competing events, weighted for censoring."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.risk.definition import LOST
from ml.risk.followed import MIN_FOLLOWED, Followed, capped, offices_of
from ml.risk.labels import Labels

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

CENSORED, EVENT, COMPETING = 0, 1, 2


def right_censored(
    time: Floats, state: Ints, horizon: float, offices: npt.NDArray[np.str_] | None = None, *, cap: bool = True
) -> Labels:
    """Labels at a horizon of times (n,) with states (n,): 0 censored, 1 the event, 2 something after which it cannot come.

    The event by the horizon counts 1 / G(just before it), a competing event by then likewise as not having had it, who is observed beyond
    the horizon 1 / G(horizon), who was censored before nothing. G: Kaplan-Meier of censoring, events before censoring at a tie; by
    office where one has 200 people. Times in whole days (or weeks).
    """
    event, competing = (state == EVENT) & (time <= horizon), (state == COMPETING) & (time <= horizon)
    beyond = time > horizon
    resolved, known = event | competing, event | competing | beyond
    where = np.zeros(len(time), dtype=str) if offices is None else offices
    probability = Followed(time, resolved, known, known, horizon).by_office(where)
    weight = capped(known, probability) if cap else np.where(known, 1.0 / probability, 0.0)
    counts = {
        "event": int(event.sum()),
        "other": int((competing | beyond).sum()),
        "straddling": 0,
        "unknown": int((~known).sum()),
    }
    return Labels(weight * ~event, weight * event, counts)


def tau(time: Floats, state: Ints, horizon: float, *, steps: int = 24) -> float:
    """The horizon, or the last 24th of it that 5 % are followed beyond: later than that nothing can be weighted. 0 where none is."""
    everyone = np.ones(len(time), dtype=bool)
    for at in horizon * np.arange(steps, 0, -1) / steps:
        resolved = (state != CENSORED) & (time <= at)
        known = resolved | (time > at)
        if (time > at).any() and Followed(time, resolved, known, known, at).at_horizon(everyone) > MIN_FOLLOWED:
            return float(at)
    return 0.0


def label_lost(episodes: pd.DataFrame, time_zero: Floats, *, horizon: float = LOST.horizon_days) -> Labels:
    """Labels of eligible episodes (columns of core.fct_episode); time_zero (n,) in days since intake.

    Lost: event 2 (lost contact or withdrew, never seen restored) at most `horizon` days after time zero. Not lost: seen restored or left
    for another reason by then, or still in care after it. Unknown: in care with less follow-up.
    """
    end = np.where(episodes["exit_day"].isna(), episodes["as_of_day"], episodes["exit_day"]).astype(np.float64)
    event = episodes["event"].to_numpy(dtype=np.int64)
    seen = episodes["restored_right_day"].astype("float64").to_numpy()
    last = np.where(event == 1, np.fmin(seen, end), end)
    state = np.select([event == 2, event == 0], [EVENT, CENSORED], default=COMPETING)
    return right_censored(np.maximum(last - time_zero, 0.0), state, horizon, offices_of(episodes))
