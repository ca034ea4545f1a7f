"""Assessments, scored: domain means, total, and whether restored."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field

from tests.oracle.buckets import House
from tests.oracle.contract import DOMAINS, INDICATORS
from tests.oracle.delivery import Row
from tests.oracle.episodes import Episode

RESTORED_FROM = 3.0
FEWEST_DOMAINS = 5


@dataclass(eq=False)
class Form:
    """One assessment with its score rows."""

    row: Row
    episode: Episode
    day: int
    scores: dict[str, tuple[int | None, str]] = field(default_factory=dict)  # indicator -> score, score_status
    means: dict[str, float] = field(default_factory=dict)  # scored domains only
    stage: str = "interim"

    @property
    def key(self) -> Hashable:
        """The raw assessment id."""
        return self.row.key

    @property
    def counts(self) -> bool:
        """Whether enough domains are scored for a total and for restoration."""
        return len(self.means) >= FEWEST_DOMAINS

    @property
    def total(self) -> float | None:
        """The mean of the domain means."""
        return sum(self.means.values()) / len(self.means) if self.counts else None

    @property
    def is_restored(self) -> bool:
        """Every scored domain at the cut-off, enough of them scored."""
        return self.counts and all(mean >= RESTORED_FROM for mean in self.means.values())

    def n(self, status: str) -> int:
        """How many of the twenty indicators have this score_status."""
        return sum(1 for _, found in self.scores.values() if found == status)

    def value(self, domain: str) -> float | None:
        """The domain's mean, or the total for `TOTAL`."""
        return self.total if domain == "TOTAL" else self.means.get(domain)


def scored_forms(house: House, episodes: list[Episode]) -> list[Form]:
    """The assessments that are out, scored."""
    episode_of = {episode.key: episode for episode in episodes}
    scores_of: dict[Hashable, dict[str, Row]] = {}
    for row in house.out("aso_scores").values():
        scores_of.setdefault(row["assessment_id"], {})[row["indicator_code"]] = row
    found = []
    for key, row in house.out("aso_assessments").items():
        episode = episode_of[house.root_of.get(row["episode_id"], row["episode_id"])]
        form = Form(row, episode, episode.day(row["assessed_on"]))
        # READING: one row per assessment and each of the twenty indicators, whatever rows came: an item without a
        # row, or whose row is quarantined or deleted, is missing.
        form.scores = {indicator: _score(scores_of.get(key, {}).get(indicator)) for indicator in INDICATORS}
        form.means = _means(form.scores)
        found.append(form)
    return found


def _score(row: Row | None) -> tuple[int | None, str]:
    # READING: not_applicable goes before a score given beside it; the score is then null.
    if row is None:
        return None, "missing"
    if row["not_applicable"]:
        return None, "not_applicable"
    return (None, "missing") if row["score"] is None else (int(row["score"]), "scored")


def _means(scores: dict[str, tuple[int | None, str]]) -> dict[str, float]:
    means = {}
    for domain in DOMAINS:
        items = [scores[indicator][0] for indicator, its_domain in INDICATORS.items() if its_domain == domain]
        scored = [score for score in items if score is not None]
        if 3 * len(scored) >= 2 * len(items):
            means[domain] = sum(scored) / len(scored)
    return means
