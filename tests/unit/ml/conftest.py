"""A made-up programme, small enough to train on in a test. Nothing in it comes from people."""

import numpy as np
import pandas as pd
import pytest

DOMAINS = {"eco": 4, "leg": 3, "men": 4, "phy": 3, "saf": 3, "soc": 3}
CODES = [f"{domain.upper()}{i + 1}" for domain, size in DOMAINS.items() for i in range(size)]
DOMAIN_OF = [domain for domain, size in DOMAINS.items() for _ in range(size)]


def _programme(n, seed=0):
    rng = np.random.default_rng(seed)
    score = rng.integers(1, 5, (n, len(CODES)))
    days = rng.weibull(1.2, n) * 800 * np.exp(-0.5 * (score[:, CODES.index("MEN1")] - 2.5))
    as_of, exit_day = rng.integers(200, 2600, n), rng.exponential(1500, n).round()
    end, left, right, visit = np.minimum(exit_day, as_of), np.full(n, np.nan), np.full(n, np.nan), np.zeros(n)
    for _ in range(20):
        seen = (visit <= end) & np.isnan(right)
        right, left = np.where(seen & (days <= visit), visit, right), np.where(seen & (days > visit), visit, left)
        visit = visit + rng.integers(90, 200, n)
    keys = np.char.zfill(np.arange(n).astype(str), 6)
    gone = exit_day <= as_of
    episodes = pd.DataFrame(
        {
            "episode_key": np.char.add("e", keys),
            "survivor_key": np.char.add("s", keys),
            "household_key": None,
            "operation_key": np.where(rng.random(n) < 0.5, np.char.add("o", (np.arange(n) // 4).astype(str)), None),
            "office_id": rng.choice(["F1", "F2", "F3"], n),
            "casework_type": "residential",
            "age_band": "18-24",
            "entry_day": 0,
            "exit_day": np.where(gone, exit_day, np.nan),
            "as_of_day": as_of,
            "restored_left_day": left,
            "restored_right_day": right,
            "event": np.where(~np.isnan(right), 1, np.where(gone, 2, 0)),
            "outcome": np.where(gone, "lost_contact", "open"),
        }
    )
    snapshots = pd.DataFrame(
        {
            "episode_key": episodes["episode_key"],
            "stage": "initial",
            "assessment_key": np.char.add("a", keys),
            "day": 0,
            "total": score.mean(axis=1),
        }
    )
    status = rng.choice(["scored", "missing", "not_applicable"], score.size, p=[0.94, 0.04, 0.02])
    scores = pd.DataFrame(
        {
            "assessment_key": np.repeat(snapshots["assessment_key"].to_numpy(), len(CODES)),
            "indicator_code": np.tile(CODES, n),
            "domain_code": np.tile(DOMAIN_OF, n),
            "score": np.where(status == "scored", score.ravel(), np.nan),
            "score_status": status,
        }
    )
    return episodes, snapshots, scores


@pytest.fixture(scope="session")
def programme():
    """programme(n, seed) -> episodes, snapshots, scores; MEN1 alone drives restoration."""
    return _programme
