"""A made-up programme in which the effect of therapy is known, and everything that misleads is present. Nothing in it comes from people.

After Havercroft WG, Didelez V (2012), Stat Med 31:4190-4206: each person has a hidden rank U of how soon she would be restored. Her
scores show it more and more; staff begin therapy, and people leave, by the last score on file. U itself is uniform, so that the hazard
of restoration given the first scores is exactly `log_hazard` of the strategy: scores are a confounder that therapy also moves.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import norm

MONTH = 30.4375
LAST = 60
THERAPY = "health_services.trauma_therapy"
DOMAINS = ("saf", "leg", "men", "eco", "soc", "phy")
OF_FIRST = np.array([0.1, 0.0, 0.5, 0.2, 0.1, 0.0])
CENTRE = 2.2


@dataclass(frozen=True)
class Programme:
    """log_hazard: the true effect of therapy in the last three months; need: how much low scores bring therapy; cut: above
    this mean score nobody has therapy (None: nobody is barred); gap: months between assessments.
    """

    log_hazard: float = 0.4
    need: float = 0.7
    leaving: float = 0.5
    cut: float | None = None
    gap: float = 4.0

    def draw(self, seed: int, n: int = 2000) -> dict[str, pd.DataFrame]:
        """The frames that ml.services reads, of n stays."""
        rng = np.random.default_rng(seed)
        shared = np.repeat(rng.standard_normal(n // 3 + 1), 3)[:n]
        rank = norm.cdf(np.sqrt(0.2) * shared + np.sqrt(0.8) * rng.standard_normal(n))
        level = rng.standard_normal(n)
        first = np.clip(np.rint(4 * (CENTRE + 0.35 * level[:, None] + 0.4 * rng.standard_normal((n, 6)))) / 4, 1, 4)
        visits = self._visits(rng, n)
        lived = self._live(rng, rank, first, visits)
        return self._recorded(rng, first, visits, lived)

    def hazard(self, first: np.ndarray, month: int | np.ndarray) -> np.ndarray:
        """The hazard of a month without therapy, given the first scores."""
        return 0.022 * (np.asarray(month) / 12 + 0.1) ** 0.25 * np.exp((first - CENTRE) @ OF_FIRST)

    def risk_difference(self, first: np.ndarray, months: int = 24) -> float:
        """The truth: therapy in every month from the second on against none, restored by then if nobody left."""
        rates = np.column_stack([self.hazard(first, month) for month in range(months)])
        on = np.exp(self.log_hazard * (np.arange(months) > 0))
        return float((np.exp(-rates.sum(axis=1)) - np.exp(-(rates * on).sum(axis=1))).mean())

    def _visits(self, rng: np.random.Generator, n: int) -> np.ndarray:
        planned = np.arange(0, LAST * MONTH, self.gap * MONTH)
        days = np.round(planned + np.clip(20 * rng.standard_normal((n, len(planned))), -50, 50))
        days[:, 0] = rng.integers(0, 20, n)
        days[:, 1:][rng.random((n, len(planned) - 1)) < 0.15] = np.inf
        return np.sort(days, axis=1)

    def _live(self, rng, rank, first, visits) -> dict[str, np.ndarray]:
        """Month by month: what is on file, therapy, restoration, leaving."""
        n = len(rank)
        sooner = -norm.ppf(np.clip(rank, 1e-6, 1 - 1e-6))
        threshold, cumulative = -np.log1p(-rank), np.zeros(n)
        restored, left = np.full(n, np.inf), np.full(n, np.inf)
        given = np.zeros((n, LAST), dtype=bool)
        on_file, files = first.copy(), []
        files = np.empty((n, LAST, 6))
        wander = np.zeros(n)
        scores = np.empty((n, visits.shape[1], 6))
        scores[:, 0] = first
        turn = np.ones(n, dtype=int)
        for month in range(LAST):
            files[:, month] = on_file
            recent = given[:, max(month - 3, 0) : month].any(axis=1)
            mean = on_file.mean(axis=1)
            rate = self.hazard(first, month) * np.exp(self.log_hazard * recent)
            crossed = (cumulative < threshold) & (cumulative + rate >= threshold)
            restored[crossed] = (month + (threshold - cumulative)[crossed] / rate[crossed]) * MONTH
            cumulative += rate
            odds = -3.0 - self.need * 2 * (mean - CENTRE) + 2.2 * recent
            takes = rng.random(n) < 1 / (1 + np.exp(-odds))
            given[:, month] = takes & ((mean < self.cut) if self.cut is not None else True)
            leaves = rng.random(n) < 0.012 * np.exp(-self.leaving * 2 * (mean - CENTRE))
            left = np.where(leaves & np.isinf(left), np.round((month + rng.random(n)) * MONTH) + 1, left)
            wander = 0.8 * wander + 0.2 * rng.standard_normal(n)
            progress = 0.3 * sooner * min(1.0, (month + 1) / 9) + 0.01 * month + 0.1 * recent + wander
            while True:
                now = (turn < visits.shape[1]) & (
                    visits[np.arange(n), np.minimum(turn, visits.shape[1] - 1)] < (month + 1) * MONTH
                )
                if not now.any():
                    break
                seen = first[now] + progress[now, None] + 0.2 * rng.standard_normal((int(now.sum()), 6))
                on_file[now] = np.clip(np.rint(4 * seen) / 4, 1, 4)
                scores[np.flatnonzero(now), turn[now]] = on_file[now]
                turn[now] += 1
        return {"restored": restored, "left": left, "given": given, "files": files}

    def _recorded(self, rng, first, visits, lived) -> dict[str, pd.DataFrame]:
        n = len(first)
        as_of = rng.integers(8 * 30, (LAST - 1) * 30, n)
        end = np.minimum(lived["left"], as_of + 1.0)
        made = (visits < end[:, None]) & (visits <= as_of[:, None])
        after = made & (visits >= lived["restored"][:, None])
        before = made & ~after
        right = np.where(after, visits, np.inf).min(axis=1)
        left = np.where(before, visits, -np.inf).max(axis=1)
        seen, gone = np.isfinite(right), lived["left"] <= as_of
        keys = np.char.add("e", np.char.zfill(np.arange(n).astype(str), 6))
        episodes = pd.DataFrame(
            {
                "episode_key": keys,
                "survivor_key": np.char.add("s", keys),
                "household_key": None,
                "operation_key": np.char.add("o", (np.arange(n) // 3).astype(str)),
                "office_id": np.char.add("F", (np.arange(n) // 3 % 4).astype(str)),
                "casework_type": "sex_trafficking",
                "age_band": "18-24",
                "gender": "female",
                "intake_quarter": "2024Q1",
                "episode_number": 1,
                "entry_day": 0,
                "exit_day": np.where(gone, lived["left"], np.nan),
                "as_of_day": as_of,
                "outcome": np.where(gone, "lost_contact", "open"),
                "restored_left_day": np.where(np.isfinite(left), left, np.nan),
                "restored_right_day": np.where(seen, right, np.nan),
                "event": np.where(seen, 1, np.where(gone, 2, 0)),
            }
        )
        who, which = np.nonzero(before)
        unrestored = pd.DataFrame({"episode_key": keys[who], "day": visits[who, which].astype("int64")})
        initial = pd.DataFrame({"episode_key": keys, **dict(zip(DOMAINS, first.T, strict=True))})
        months = np.maximum(np.ceil(np.minimum(end, as_of + 0.5) / MONTH), 1).astype(int)
        months = np.minimum(months, LAST)
        episode = np.repeat(np.arange(n), months)
        month = np.concatenate([np.arange(m) for m in months])
        files = lived["files"][episode, month].astype("float32")
        files[month * MONTH <= visits[episode, 0]] = np.nan
        table = pd.DataFrame({"episode": episode, "month": month})
        for j, name in enumerate(DOMAINS):
            table[f"{name}_before"] = files[:, j]
        for name in ("n_all", "n_health", "n_community", "n_legal"):
            table[name] = np.float32(0)
        of, at = np.nonzero(lived["given"])
        day = np.floor((at + rng.random(len(at))) * MONTH).astype("int64")
        kept = (day < end[of]) & (day <= as_of[of])
        services = pd.DataFrame({"episode": of[kept], "service_code": THERAPY, "day": day[kept]})
        return {
            "episodes": episodes,
            "unrestored": unrestored,
            "initial": initial,
            "months": table,
            "services": services,
        }
