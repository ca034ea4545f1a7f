"""What is compared, from which size on, and the only sentences that say how it came out. A changed line is a changed definition."""

from dataclasses import dataclass

DOMAINS = ("SAF", "LEG", "MEN", "ECO", "SOC", "PHY")
RESTORED_DAYS, LOST_DAYS = 730.5, 365.25
FIRST_SERVICE_DAYS = 90
FOLDS = 5
MIN_PEOPLE, MIN_CLUSTERS, MIN_EXPECTED = 11, 5, 5.0
MIN_EVENTS = 20  # of the whole programme: fewer, and no model of what to expect
MIN_GAIN = 0.1  # points: where hardly any gain is expected a ratio says nothing
BELOW, STRENGTH = 0.8, 0.95
RECENT_QUARTERS = 4

# How an office may differ in when it assesses before its outcomes cannot be compared.
MIN_DUE = 20
LEAST_MADE, LEAST_MADE_OF_OTHERS = 0.5, 0.6
GAP_RATIO = 1.75
MOST_LAG_DAYS = 60.0

MEASURES = (
    "restored_24m",
    "lost_12m",
    *(f"gain_{domain.lower()}" for domain in DOMAINS),
    "days_to_first_service",
    "aso_completeness",
)
LESS_IS_BETTER = frozenset({"lost_12m", "days_to_first_service", "entry_lag", "same_score_forms"})
# What is only seen at assessments: compared where these are made alike.
SEEN_AT_ASSESSMENTS = frozenset({"restored_24m", *(name for name in MEASURES if name.startswith("gain_"))})


@dataclass(frozen=True)
class Margin:
    """How far from expected counts as worse: a ratio, or points of a share below it."""

    ratio: float | None = None
    points: float = 0.0

    def threshold(self, expected_share: float) -> float:
        """The ratio beyond which it is worse, for an expected share."""
        return self.ratio if self.ratio is not None else 1.0 - self.points / max(expected_share, 1e-9)


MARGINS = {
    **{name: Margin(ratio=0.8) for name in MEASURES if name.startswith("gain_")},
    "days_to_first_service": Margin(ratio=1.25),
    "planned_delivered": Margin(points=0.10),
    "aso_completeness": Margin(points=0.10),
    "entry_lag": Margin(ratio=1.25),
    "same_score_forms": Margin(ratio=1.25),
}

PHRASES = {
    # where a compared office or partner lies
    "within": "within the 95 % limits for its size",
    "watch": "outside the 95 % limits and inside the 99.8 % limits: look again with more people",
    "signal": "outside the 99.8 % limits: worth a conversation",
    "persistent": "outside the 95 % limits on the same side in both periods: worth a conversation",
    # why there is no comparison
    "few": "too few people to compare: 11 and 5 expected, or 5 groups who belong together, are needed",
    "no_gain": "hardly any gain is expected here, so a ratio would say nothing",
    "no_model": "too few people in the whole programme to say what to expect",
    "failed": "the comparison could not be computed; the other results do not depend on it",
    "made": "not comparable: too few of the assessments that were due were made",
    "gap": "not comparable: assessments lie much further apart, or closer together, than elsewhere",
    "lag": "not comparable: forms are entered months after the assessment",
    # training needs
    "strength": "above what its case mix leads one to expect",
    "as_expected": "about what its case mix leads one to expect",
    "below": "below what its case mix leads one to expect: worth a conversation; no training on it is recorded",
    "below_recent": "below what its case mix leads one to expect, with a training held within a year: it may be too early to see",
    "below_trained": "below what its case mix leads one to expect: worth a conversation; the last training on it is over a year old",
}
