"""What each partner delivered."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable

import pandas as pd

from tests.oracle.timeline import Record


def partner_delivery(records: list[Record]) -> pd.DataFrame:
    """services.partner_delivery: delivered records of each partner and category, and in how many episodes."""
    # READING: a partner that core.dim_partner does not have is counted all the same, under the id of the record.
    given: dict[tuple[str, str], list[Hashable]] = defaultdict(list)
    for record in records:
        if record.is_delivered and record.partner_id is not None:
            given[record.partner_id, record.category].append(record.episode.key)
    lines = [(*pair, len(keys), len(set(keys))) for pair, keys in given.items()]
    return pd.DataFrame(lines, columns=["partner_id", "category", "n_delivered", "n_episodes"])
