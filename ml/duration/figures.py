"""The headline figures of a release, for outcomes.history: one row a measure and stratum that has an estimate."""

import pandas as pd

from ml.contracts import FIGURE, empty, shaped
from ml.duration.rows import MONTH_DAYS

MONTHS = (6, 12, 18, 24, 36)
STRATA = ("overall", "casework_type", "age_band", "office_id")
KEY = ["stratum", "stratum_value"]
COUNTED_VERSION = 1


def figures(curve: pd.DataFrame, times: pd.DataFrame, *, n_episodes: int, curve_version: int) -> pd.DataFrame:
    """Restored by 6 to 36 months (0 to 1), plateau, marginal gain and restricted mean (months), and how many episodes.

    Strata are those whose names stay the same from release to release: not severity, whose limits move.
    """
    n = times.drop_duplicates(KEY).set_index(KEY)["n"]
    restored = curve[(curve["curve_name"] == "restoration") & (curve["state"] == "restored")]
    parts = []
    for month in MONTHS:
        by_then = restored[restored["day"] == round(month * MONTH_DAYS)]
        parts.append(by_then.join(n, on=KEY).assign(measure=f"restored_{month}m", definition_version=curve_version))
    answered = times[times["status"] == "estimated"]
    names = {"question": "measure", "estimate_months": "estimate", "lower_months": "lower", "upper_months": "upper"}
    parts.append(answered.rename(columns=names))
    whole = pd.concat([part[list(FIGURE)] for part in parts if len(part)] or [empty(FIGURE)])
    whole = whole[whole["stratum"].isin(STRATA) & whole["n"].notna()]
    count = {"measure": "n_episodes", "stratum": "overall", "stratum_value": "all", "estimate": float(n_episodes)}
    counted = pd.DataFrame([{**count, "n": n_episodes, "definition_version": COUNTED_VERSION}])
    both = pd.concat([one for one in (whole, counted) if len(one)]).reindex(columns=list(FIGURE))
    both = both.astype({"lower": "float64", "upper": "float64"})
    return shaped(both.sort_values(["measure", *KEY], ignore_index=True), FIGURE)
