"""Who was worse at the mid assessment, and how much each stands for those who had none."""

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.linear_model import LogisticRegression

from ml.risk.definition import WORSE
from ml.risk.followed import MIN_FOLLOWED, MIN_OFFICE, capped, offices_of
from ml.risk.labels import Labels

Floats = npt.NDArray[np.float64]
DIGITS = 9  # as aso.change compares


def asked(episodes: pd.DataFrame, time_zero: Floats) -> npt.NDArray[np.bool_]:
    """(n,): observed from time zero, and the date is three months past the planned mid assessment, whatever became of her."""
    entry, as_of = (episodes[name].astype("float64").to_numpy() for name in ("entry_day", "as_of_day"))
    return np.asarray((entry <= time_zero) & (as_of - time_zero >= WORSE.horizon_days))


def label_worse(episodes: pd.DataFrame, initial: Floats, mid: Floats) -> Labels:
    """Labels of people who are asked: total scores (n,) at the initial and at the mid assessment, NaN where there is none.

    Worse: mid below initial. Without a mid assessment (left before, missed) the outcome is unknown and has weight 0. The others weigh
    1 / P(a mid assessment | office, initial total, length of follow-up), by a ridge logistic model; 95 % at most are stood for.
    """
    known = np.isfinite(mid) & np.isfinite(initial)
    weight = capped(known, _probability(episodes, initial, known))
    worse = known & (np.round(np.where(known, mid - initial, 0.0), DIGITS) < 0)
    counts = {
        "event": int(worse.sum()),
        "other": int((known & ~worse).sum()),
        "straddling": 0,
        "unknown": int((~known).sum()),
    }
    return Labels(weight * ~worse, weight * worse, counts)


def _probability(episodes: pd.DataFrame, initial: Floats, known: npt.NDArray[np.bool_]) -> Floats:
    if known.all() or not known.any():
        return np.ones(len(known))
    offices = offices_of(episodes)
    names, sizes = np.unique(offices, return_counts=True)
    marks = [offices == name for name in names[sizes >= MIN_OFFICE]]
    total = np.nan_to_num(initial, nan=float(np.nanmean(initial)) if np.isfinite(initial).any() else 0.0)
    follow = np.minimum(episodes["as_of_day"].to_numpy(dtype=np.float64), 1461.0) / 365.25
    design = np.column_stack([total, follow, *marks])
    fitted = LogisticRegression(C=1.0, solver="newton-cholesky", max_iter=100).fit(design, known)
    return np.maximum(fitted.predict_proba(design)[:, 1], MIN_FOLLOWED)
