"""Which features a need model may use, each with its reason, and which it never may. A gate, not a guideline.

Every name of a column must fit one entry of `ALLOWED`; a name that fits `FORBIDDEN` is refused even where an entry would let it
through. Features carry the day they became known; one that is known after time zero is refused.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


class FeaturePolicyError(ValueError):
    """A feature that no model may use. Names the feature and the rule, never a person."""


@dataclass(frozen=True)
class Feature:
    """One kind of feature: its name, where it comes from, on which day it is known, why it may be used, and on which rungs."""

    name: str
    source: str
    known: str
    reason: str
    rungs: tuple[str, ...] = ("total_age", "domains", "indicators", "boosting")


_FORM = "day of the initial assessment"
ALLOWED = (
    Feature("total", "aso.fct_score", _FORM, "the simplest summary of need that a worker already sees", ("total_age",)),
    Feature(
        "age", "core.fct_episode.age_band", "day 0", "what a worker knows beside the total; only to see whether the ASO adds to it",
        ("total_age",),
    ),
    Feature("domain", "aso.fct_score", _FORM, "the mean of a domain, as staff read the form", ("domains",)),
    Feature("score", "aso.fct_score", _FORM, "an item of the form: what staff saw at the initial assessment", ("indicators", "boosting")),
    Feature("missing", "aso.fct_score", _FORM, "an item was not scored: unlike a low score", ("indicators", "boosting")),
    Feature("not_applicable", "aso.fct_score", _FORM, "an item does not apply, as with no legal case", ("indicators", "boosting")),
    Feature(
        "quarantined", "aso.fct_score", _FORM, "a score was given that cannot be read: neither missing nor low",
        ("indicators", "boosting"),
    ),
)  # fmt: skip

FORBIDDEN = (
    (r"gender|sex\b|ethnic|religio|caste|language|nationality|birth|disab", "a protected attribute is no predictor"),
    (r"\bage(?!:)(?!_band)\w*|age_at", "age is used as a band with the total alone"),
    (r"(^|[_:])ever([_:]|$)|history_of|previous_case|prior_case", "a mark that never goes away leaves no way out"),
    (r"partner", "whom she was referred to is not her need"),
    (r"exit|outcome|closure|restored|event|as_of|last_seen|status_end", "known only after time zero"),
    (r"^n_|sum|count|sessions|services|sequence|_total_stay|stay", "a sum over the stay needs staying"),
    (r"credib|truthful|cooperat|complian", "a judgement of her credibility is no need"),
    (r"_key$|_id$|name|office", "who or where she is is not her need"),
)


def refuse(names: Iterable[str], rung: str) -> None:
    """Nothing where every feature may be used on this rung; else raises FeaturePolicyError."""
    for name in names:
        kind = name.partition(":")[0]
        told = "feature policy refuses"
        for pattern, why in FORBIDDEN:
            if re.search(pattern, name.lower()):
                raise FeaturePolicyError(f"{told} {name}: {why}")
        entry = next((one for one in ALLOWED if one.name == kind), None)
        if entry is None or not entry.reason.strip():
            raise FeaturePolicyError(f"{told} {name}: no entry of the contract gives a reason for it")
        if rung not in entry.rungs:
            raise FeaturePolicyError(f"{told} {name}: it is not allowed on the rung {rung}")


def refuse_late(known_day: Floats, time_zero: Floats) -> None:
    """Nothing where each person's features (n,) were known by her time zero (n,); else raises FeaturePolicyError with how many were not."""
    if late := int((~(known_day <= time_zero)).sum()):
        raise FeaturePolicyError(f"feature policy refuses {late:,} rows: a feature is dated after time zero")
