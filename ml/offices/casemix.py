"""What an office or partner is given to work with: who comes to it, as known at intake. Neither of them is in it."""

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]

MEANS = ("saf", "leg", "men", "eco", "soc", "phy")
MIN_LEVEL = 11


def case_mix(episodes: pd.DataFrame, baseline: pd.DataFrame) -> Floats:
    """(n, p), each column of mean 0 and deviation 1, in the order of the episodes.

    Domain means of the initial assessment (baseline: episode_key, saf .. phy; a missing one takes the mean of all), a
    flag where none was made, age band, casework type, year of intake (levels of fewer than 11 episodes are pooled).
    The outcome of the rescue, and anything after the initial assessment, is never in it.
    """
    if episodes.empty:
        return np.zeros((0, 0))
    means = baseline.set_index("episode_key")[list(MEANS)].reindex(episodes["episode_key"]).to_numpy(dtype=np.float64)
    absent = np.isnan(means).all(axis=1)
    columns = [np.where(np.isnan(means), _mean(means), means), absent[:, None].astype(np.float64)]
    columns += [_levels(episodes[name]) for name in ("age_band", "casework_type")]
    columns.append(_levels(episodes["intake_quarter"].astype(object).str.slice(0, 4)))
    return standardised(np.hstack(columns))


def standardised(x: Floats) -> Floats:
    """Each column with mean 0 and deviation 1; columns that do not vary are left out."""
    spread = x.std(axis=0)
    kept = spread > 1e-9
    return np.asarray((x[:, kept] - x[:, kept].mean(axis=0)) / spread[kept])


def _mean(values: Floats) -> Floats:
    known = ~np.isnan(values)
    return np.asarray(np.where(known, values, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1))


def _levels(values: pd.Series) -> Floats:
    """One column a level, without the most frequent one."""
    text = values.astype(object).where(values.notna(), "none").astype(str)
    counts = text.value_counts().sort_index()
    pooled = text.where(~text.isin(counts.index[counts < MIN_LEVEL]), "few")
    levels = pooled.value_counts().sort_index().sort_values(ascending=False, kind="stable").index[1:]
    return np.column_stack([np.zeros(len(text)), *((pooled == level).to_numpy(dtype=np.float64) for level in levels)])
