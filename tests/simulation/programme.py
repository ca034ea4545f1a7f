"""A made-up programme whose truth is known, with all that makes the curve hard. Nothing in it comes from people."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import norm

MONTH = 30.4375
DAYS = np.array([183, 365, 548, 730, 1096])
PLANNED = np.array([0, 182, 365, 730, 1095, 1460, 1825, 2190])
OFFICE_EFFECT = np.array([0.02, -0.14, 0.01, 0.20, -0.52, 0.50])


@dataclass(frozen=True)
class Programme:
    """Restoration is Weibull times offices and a frailty; exits are constant a month; an office misses 5 to 40 % of its
    assessments; recording began late for some; `gap` None: assessed at intake, six months, then yearly, else every gap
    days. Staff end a stay some time after they saw restoration, recorded or not; many stays end with an assessment
    around the exit. exit_ratio: how the exits change at a restoration nobody has seen.
    """

    shape: float = 1.3
    scale: float = 800.0
    frailty: float = 0.6
    offices: bool = True
    lost: float = 0.008
    other: float = 0.005
    late: float = 0.15
    missed: bool = True
    gap: int | None = None
    closing: float = 0.5
    exit_ratio: float = 1.0

    def draw(self, rng, n):
        """n stays: a frame of episodes, and the days on which someone was found not restored."""
        stays = self._lives(rng, 2 * n)
        return self._seen(rng, stays, n)

    def _lives(self, rng, n):
        office = rng.integers(0, 6, n)
        log_hazard = self.frailty * rng.standard_normal(n) + OFFICE_EFFECT[office] * self.offices
        restored = self.scale * (rng.exponential(size=n) * np.exp(-log_hazard)) ** (1 / self.shape)
        leaves = rng.exponential(MONTH / (self.lost + self.other), n)
        later = restored + (leaves - restored) / max(self.exit_ratio, 1e-6)
        leaves = np.maximum(np.ceil(np.where(leaves > restored, later, leaves)), 1)
        is_lost = rng.random(n) < self.lost / (self.lost + self.other)
        entry = np.where(rng.random(n) < self.late, rng.integers(1, 800, n), 0)
        return {"office": office, "restored": restored, "leaves": leaves, "is_lost": is_lost, "entry": entry}

    def _seen(self, rng, life, n):
        size, restored, entry = len(life["office"]), life["restored"], life["entry"]
        planned = PLANNED if self.gap is None else np.arange(0, 2400, self.gap)
        visits = planned + np.round(np.clip(30 * rng.standard_normal((size, len(planned))), -75, 75))
        visits[:, 0] = rng.integers(-10, 25, size)
        missed = np.linspace(0.05, 0.40, 6)[life["office"]] * self.missed
        made = rng.random(visits.shape) >= missed[:, None]
        after = visits >= restored[:, None]
        planned_end = np.where(made & after, visits, np.inf).min(axis=1) + 14 + np.round(rng.exponential(210, size))
        ends_well = planned_end < life["leaves"]
        exit_day, as_of = np.minimum(planned_end, life["leaves"]), rng.integers(30, 2200, size)
        gone = exit_day <= as_of
        recorded = made & (visits >= entry[:, None]) & (visits < exit_day[:, None]) & (visits <= as_of[:, None])
        chance = np.where(ends_well, 0.8, np.where(life["is_lost"], 0.1, self.closing))
        closing_day = exit_day + rng.integers(-7, 21, size)
        closed = (rng.random(size) < chance) & gone & (closing_day <= as_of) & (closing_day >= entry)
        well = np.minimum(closing_day, exit_day) >= restored
        right = np.where(recorded & after, visits, np.inf).min(axis=1)
        right = np.where(closed & well, np.minimum(right, closing_day), right)
        before = np.column_stack([visits, closing_day])
        not_restored = np.column_stack([recorded & ~after, closed & ~well])
        bound = np.where(np.isfinite(right), right, exit_day)[:, None]
        left = np.where(not_restored & (before < bound), before, -np.inf).max(axis=1)
        rows = np.flatnonzero((exit_day > entry) & (as_of > entry))[:n]
        outcome = np.where(ends_well, "restored", np.where(life["is_lost"], "lost_contact", "transferred"))
        keys = np.char.add("e", np.char.zfill(np.arange(size).astype(str), 6))
        event = np.where(np.isfinite(right), 1, np.where(gone, np.where(outcome == "lost_contact", 2, 3), 0))
        frame = pd.DataFrame(
            {
                "episode_key": keys,
                "survivor_key": np.char.replace(keys, "e", "s"),
                "household_key": None,
                "operation_key": None,
                "office_id": np.char.add("F", life["office"].astype(str)),
                "casework_type": "other",
                "age_band": "18-24",
                "entry_day": entry,
                "exit_day": np.where(gone, exit_day, np.nan),
                "as_of_day": as_of,
                "outcome": np.where(gone, outcome, "open"),
                "restored_left_day": np.where(np.isfinite(left), left, np.nan),
                "restored_right_day": np.where(np.isfinite(right), right, np.nan),
                "event": event,
            }
        ).iloc[rows]
        who, which = np.nonzero(not_restored[rows])
        unrestored = pd.DataFrame({"episode_key": keys[rows][who], "day": before[rows][who, which]})
        return frame.reset_index(drop=True), unrestored.astype({"day": "int64"})

    def truth(self, days=DAYS):
        """P(restored by each day, before any exit): the population is integrated over."""
        spread = self.frailty * norm.ppf((np.arange(1000) + 0.5) / 1000)
        log_hazard = (spread[:, None] + OFFICE_EFFECT * self.offices).ravel()
        day = np.arange(days.max() + 1)
        unrestored = np.exp(-np.outer((day / self.scale) ** self.shape, np.exp(log_hazard))).mean(axis=1)
        stays = np.exp(-(day[:-1] + 0.5) * (self.lost + self.other) / MONTH)
        return np.concatenate([[0.0], np.cumsum(-np.diff(unrestored) * stays)])[days]
