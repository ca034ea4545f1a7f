"""What people said of support priorities: how often they were overruled, with an interval, and why."""

import numpy as np
import pandas as pd
from scipy.stats import norm

AGREE, OVERRIDE = "agree", "override"
REASONS = (
    "known_to_be_safer",
    "known_to_need_more",
    "circumstances_changed",
    "wrong_scores",
    "support_already_given",
    "other",
)


def override_rows(reviews: pd.DataFrame, names: dict[str, str]) -> list[dict[str, object]]:
    """Rows of models.metric, as JSON, of reviews (model_id, review, reason): `override_rate`, and the share of each reason given.

    names: the model name of each model id. Of a person reviewed more than once under one model the last counts; limits by Wilson EB (1927).
    """
    out: list[dict[str, object]] = []
    last = reviews.drop_duplicates(["model_id", "episode_key"], keep="last")
    for model_id, own in last[last["model_id"].isin(names)].groupby("model_id", sort=True):
        named = {"model_name": names[str(model_id)], "model_id": model_id, "split": "reviews", "n": len(own)}
        overruled = own["review"] == OVERRIDE
        out.append({**named, "metric": "override_rate", **_share(int(overruled.sum()), len(own))})
        for reason, n in own.loc[overruled, "reason"].value_counts().sort_index().items():
            out.append({**named, "metric": f"override_{reason}", **_share(int(n), len(own))})
    return out


def _share(n: int, of: int) -> dict[str, float]:
    z = float(norm.ppf(0.975))
    centre, half = (n + z**2 / 2) / (of + z**2), z * np.sqrt(n * (of - n) / of + z**2 / 4) / (of + z**2)
    return {"estimate": n / of, "lower": max(0.0, float(centre - half)), "upper": min(1.0, float(centre + half))}
