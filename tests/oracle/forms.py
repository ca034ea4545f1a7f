"""Assessments, scored: domain means, total, and whether restored."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from fractions import Fraction

from tests.oracle.buckets import House
from tests.oracle.contract import DOMAINS
from tests.oracle.delivery import Row
from tests.oracle.episodes import Episode
from tests.oracle.rules import rules


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
        return len(self.means) >= rules().minimum_scored_domains

    @property
    def total(self) -> float | None:
        """The mean of the domain means."""
        return sum(self.means.values()) / len(self.means) if self.counts else None

    @property
    def is_restored(self) -> bool:
        """Every scored domain (or, by the other rule, every scored item) at the cut-off, enough domains scored."""
        by_item = rules().restoration_rule == "all_items_ge_cutoff"
        judged = _aligned(self.scores).values() if by_item else self.means.values()
        return self.counts and all(round(float(value), 9) >= rules().restoration_cutoff for value in judged)

    def n(self, status: str) -> int:
        """How many of the indicators have this score_status."""
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
        # READING: one row per assessment and each of the instrument's indicators, whatever rows came: an item without a
        # row, or whose row is quarantined or deleted, is missing.
        form.scores = {indicator: _score(scores_of.get(key, {}).get(indicator)) for indicator in rules().items}
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


def _aligned(scores: dict[str, tuple[int | None, str]]) -> dict[str, Fraction]:
    """The scored items on the scale from 1 to 4."""
    items = rules().items
    return {code: items[code].aligned(score) for code, (score, _) in scores.items() if score is not None}


def _means(scores: dict[str, tuple[int | None, str]]) -> dict[str, float]:
    means, aligned = {}, _aligned(scores)
    for domain in DOMAINS:
        codes = [code for code, item in rules().items.items() if item.domain == domain]
        scored = [aligned[code] for code in codes if code in aligned]
        if scored and len(scored) >= len(codes) * Fraction(rules().minimum_item_share):
            means[domain] = float(sum(scored) / len(scored))
    return means
