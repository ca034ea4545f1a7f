"""A made-up programme of many offices, each with its own case mix, pace and habits of assessing. Nothing in it comes from people."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

PLANNED = np.array([0, 182, 365, 730, 1095, 1460, 1825])
DOMAINS = ("saf", "leg", "men", "eco", "soc", "phy")
TYPES = ("forced_labour", "sex_trafficking", "other")
BANDS = ("12-17", "18-24", "25-34")


@dataclass(frozen=True)
class Offices:
    """sizes, pace, late, missed: of each office, how many people, its factor on the hazard of restoration, by how many days its
    assessments come after their plan, and the share of them that it misses. Worse-off people go to some offices more than to others.
    """

    sizes: tuple[int, ...]
    pace: tuple[float, ...]
    late: tuple[int, ...]
    missed: tuple[float, ...]
    scale: float = 1400.0
    shape: float = 1.2

    @property
    def k(self):
        return len(self.sizes)

    def draw(self, rng):
        """episodes, unrestored, baseline, change, recording: the frames of the comparison."""
        office = np.repeat(np.arange(self.k), self.sizes)
        n = len(office)
        operation = office * 10_000 + rng.integers(0, np.asarray(self.sizes)[office] // 2 + 1)
        mix = rng.normal(0, 0.3, self.k)[office]
        score = np.clip(2.0 + mix[:, None] + 0.5 * rng.standard_normal((n, 6)), 1, 3.6)
        kind = rng.integers(0, 3, n)
        log_hazard = 0.5 * (score.mean(axis=1) - 2.0) + 0.3 * (kind == 1) + np.log(np.asarray(self.pace)[office])
        restored = self.scale * (rng.exponential(size=n) * np.exp(-log_hazard)) ** (1 / self.shape)
        leaves = np.ceil(rng.exponential(2300, n))
        as_of = rng.integers(100, 2000, n)
        end = np.minimum(leaves, as_of)
        visits = PLANNED + np.asarray(self.late)[office][:, None] * (PLANNED > 0) + rng.integers(0, 40, (n, 7))
        made = rng.random((n, 7)) >= np.asarray(self.missed)[office][:, None] * (PLANNED > 0)
        made &= visits <= end[:, None]
        after = visits >= restored[:, None]
        right = np.where(made & after, visits, np.inf).min(axis=1)
        left = np.where(made & ~after & (visits < right[:, None]), visits, -np.inf).max(axis=1)
        exit_day = np.where(np.isfinite(right), np.minimum(leaves, right + 200), leaves)
        gone = exit_day <= as_of
        is_lost = rng.random(n) < 0.6
        outcome = np.where(np.isfinite(right), "restored", np.where(is_lost, "lost_contact", "transferred"))
        keys = np.char.add("e", np.char.zfill(np.arange(n).astype(str), 6))
        seen = np.isfinite(right)
        episodes = pd.DataFrame(
            {
                "episode_key": keys,
                "survivor_key": np.char.replace(keys, "e", "s"),
                "household_key": None,
                "operation_key": np.char.add("o", operation.astype(str)),
                "office_id": np.char.add("F", np.char.zfill(office.astype(str), 3)),
                "partner_id": np.char.add("P", np.char.zfill(office.astype(str), 3)),
                "casework_type": np.asarray(TYPES)[kind],
                "age_band": rng.choice(BANDS, n),
                "intake_quarter": np.char.add((2026 - as_of // 365).astype(str), "Q1"),
                "entry_day": 0,
                "exit_day": np.where(gone, exit_day, np.nan),
                "as_of_day": as_of,
                "outcome": np.where(gone, outcome, "open"),
                "restored_left_day": np.where(np.isfinite(left), left, np.nan),
                "restored_right_day": np.where(seen, right, np.nan),
                "event": np.where(seen, 1, np.where(gone, np.where(is_lost, 2, 3), 0)),
            }
        )
        return self._frames(rng, episodes, score, made, visits, after)

    def _frames(self, rng, episodes, score, made, visits, after):
        keys, n = episodes["episode_key"].to_numpy(), len(episodes)
        who, which = np.nonzero(made & ~after)
        unrestored = pd.DataFrame({"episode_key": keys[who], "day": visits[who, which]}).astype({"day": "int64"})
        baseline = pd.DataFrame({"episode_key": keys, **{d: score[:, i] for i, d in enumerate(DOMAINS)}})
        again = made[:, 1:].any(axis=1)
        last = np.where(made, visits, 0).max(axis=1)
        change = pd.concat(
            pd.DataFrame(
                {
                    "episode_key": keys[again],
                    "domain_code": d.upper(),
                    "initial": score[again, i],
                    "delta": (0.4 + 0.0004 * last + 0.4 * (2.5 - score[:, i]) + 0.4 * rng.standard_normal(n))[again],
                    "days_between": last[again],
                }
            )
            for i, d in enumerate(DOMAINS)
        )
        due = np.asarray(episodes["as_of_day"])[:, None] >= PLANNED + 150
        due &= np.fmin(episodes["exit_day"].to_numpy(), 1e9)[:, None] >= PLANNED + 150
        recording = pd.DataFrame(
            {
                "episode_key": keys,
                "first_service_day": rng.exponential(15, n).astype(int),
                "n_due": due.sum(axis=1),
                "n_made": (due & made).sum(axis=1),
                "n_due_initial": due[:, 0].astype(int),
                "n_due_half_year": due[:, 1].astype(int),
                "n_entered": made.sum(axis=1),
                "lag_days": made.sum(axis=1) * 4,
                "n_gaps": np.maximum(made.sum(axis=1) - 1, 0),
                "gap_days": last,
                "n_long": made.sum(axis=1),
                "n_flat": 0,
            }
        )
        return episodes, unrestored, baseline, change, recording


def alike(k, size, **given):
    """k offices of one size that differ in nothing but their case mix and, if given, their habits."""
    habits = {"pace": (1.0,) * k, "late": (0,) * k, "missed": (0.2,) * k} | given
    return Offices(sizes=(size,) * k, **habits)
