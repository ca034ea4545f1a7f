"""What may come of a person who is still in care: for the case manager who knows her, never for a release.

Of someone in care on day s, last found not restored on day a (-1: never), under the panel model and its default assumption.
She may have been restored since a without anyone having seen it: chance 1 - S(s) / S(a), with S the survival of the hazard
of restoration. If not, what follows is what the curves say of those in care and not restored at s.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.contracts import FORECAST, IN_CARE, empty, require, shaped
from ml.duration.headline import Headline
from ml.duration.panel import STATES, Curves, interval

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

DAYS_AHEAD = 183


def still_in_care(episodes: pd.DataFrame) -> pd.DataFrame:
    """Whom a forecast is made for: in care today and not seen restored; columns of IN_CARE."""
    now = episodes[episodes["exit_day"].isna() & episodes["restored_right_day"].isna()]
    since = now["restored_left_day"].astype("float64").clip(lower=0)
    return pd.DataFrame(
        {
            "episode_key": now["episode_key"],
            "office_id": now["office_id"],
            "unrestored_day": since,
            "day": now["as_of_day"],
        }
    ).reset_index(drop=True)


def forecast(found: Headline, people: pd.DataFrame, *, ahead: int = DAYS_AHEAD) -> pd.DataFrame:
    """Chances of being in each state `ahead` days on, one row a person and state, with 95 % limits.

    people: episode_key, office_id, unrestored_day (last found not restored; null: never), day (today). The state restored
    holds whoever is restored by then, before any exit, seen or not. People of an office that is not in the fit, and days
    that nobody has been observed to, have no row: nothing is known of them. The limits are those of the chance, not of
    what will become of her. Raises InputError when the frame breaks its contract.
    """
    require(people, IN_CARE)
    office = pd.Index(found.names).get_indexer(pd.Index(people["office_id"].fillna("").astype(str)))
    day = people["day"].to_numpy(dtype=np.int64)
    since = people["unrestored_day"].astype("float64").fillna(-1).to_numpy().astype(np.int64)
    since = np.clip(since, -1, day)
    usable = (office >= 0) & (day >= 0) & (day + ahead <= found.fitted.last)
    parts = []
    for code in np.unique(office[usable]):
        rows = np.flatnonzero(usable & (office == code))
        states = _ahead(found, int(code), since[rows], day[rows], ahead)
        lower, upper = interval(states, found.fitted.covariance)
        for j, state in enumerate(STATES):
            parts.append(
                pd.DataFrame(
                    {
                        "episode_key": people["episode_key"].to_numpy()[rows],
                        "day": day[rows] + ahead,
                        "state": state,
                        "estimate": states.estimate[:, j],
                        "lower": lower[:, j],
                        "upper": upper[:, j],
                    }
                )
            )
    if not parts:
        return empty(FORECAST)
    return shaped(pd.concat(parts).sort_values(["episode_key", "state"], ignore_index=True), FORECAST)


def _ahead(found: Headline, office: int, since: Ints, day: Ints, ahead: int) -> Curves:
    """States of each person, and their slopes by theta."""
    x = np.eye(len(found.names))[office] if len(found.names) > 1 else np.zeros(0)
    curves = found.fitted.curves(x, last=found.fitted.last)
    restoration = found.fitted.hazards[0]
    hazard = restoration.hazard(x)
    total = np.concatenate([[0.0], np.cumsum(hazard)])
    slope = np.zeros((len(total), curves.slope.shape[2]))
    slope[1:, : len(restoration.theta)] = np.cumsum(hazard[:, None] * restoration.design(x), axis=0)
    unrestored = np.exp(total[since + 1] - total[day + 1])[:, None]
    d_unrestored = (slope[since + 1] - slope[day + 1]) * unrestored
    now, then = curves.on(day), curves.on(day + ahead)
    stays = np.maximum(now.estimate[:, 3:], 1e-12)
    change, d_change = then.estimate - now.estimate, then.slope - now.slope
    change[:, 3], d_change[:, 3] = then.estimate[:, 3], then.slope[:, 3]
    chance = change / stays
    d_chance = (d_change - chance[:, :, None] * now.slope[:, 3:]) / stays[:, :, None]
    estimate = unrestored * chance
    estimate[:, 0] += 1 - unrestored[:, 0]
    moved = d_unrestored[:, None] * chance[:, :, None] + unrestored[:, :, None] * d_chance
    moved[:, 0] -= d_unrestored
    return Curves(estimate, moved)
