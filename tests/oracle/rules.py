"""The definitions that a second reading goes by: the contract's, unless a reading is told otherwise.

Names are those of meta.definition, so that one mapping of values tells both readings the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction

from tests.oracle.contract import INDICATORS

DAYS_A_MONTH = 30.4375


@dataclass(frozen=True)
class Item:
    """An indicator: its domain, the least and greatest score, and which end is the better one."""

    domain: str
    least: int = 1
    most: int = 4
    best: int = 4

    def aligned(self, score: int) -> Fraction:
        """The score on the scale from 1 (worst) to 4 (best)."""
        worst = self.least if self.best == self.most else self.most
        return 1 + 3 * Fraction(abs(score - worst), self.most - self.least)


ASO = {code: Item(domain) for code, domain in INDICATORS.items()}
HMIS = {
    "MENTAL_HEALTH": Item("MEN", 1, 5, best=1),
    "GENERAL_HEALTH": Item("PHY", 1, 5, best=1),
    "DENTAL_HEALTH": Item("PHY", 1, 5, best=1),
    "INSURED": Item("PHY", 0, 1, best=1),
    "EMPLOYED": Item("ECO", 0, 1, best=1),
    "INCOME_ANY": Item("ECO", 0, 1, best=1),
    "SCHOOL": Item("ECO", 1, 5, best=5),
    "FLEEING": Item("SAF", 0, 1, best=0),
    "DV_RECENT": Item("SAF", 1, 4, best=4),
}
INSTRUMENTS = {"aso": ASO, "hmis": HMIS}
FEWEST_DOMAINS = {"aso": 5, "hmis": 3}


@dataclass(frozen=True)
class Rules:
    """The value of each definition. Changes are shares of the scale from 1 to 4, which is three long."""

    instrument: str = "aso"
    restoration_cutoff: float = 3.0
    restoration_rule: str = "all_domains_ge_cutoff"
    minimum_scored_domains: int = 5
    minimum_item_share: str = "2/3"
    initial_window_days: int = 60
    end_window_days: int = 60
    mid_target_days: float = 6 * DAYS_A_MONTH
    sustained_from_days: float = 9 * DAYS_A_MONTH
    sustained_target_days: float = 12 * DAYS_A_MONTH
    sustained_to_days: float = 18 * DAYS_A_MONTH
    continuation_days: int = 30
    earliest_assessment_days: int = 90
    recent_days: int = 91
    measurable_change: float = 0.125
    substantial_change: float = 0.25
    earliest_plausible_date: str = "1970-01-01"
    language_pool: int = 11

    @property
    def items(self) -> dict[str, Item]:
        """The indicators by code."""
        return INSTRUMENTS[self.instrument]

    @property
    def last_impossible_date(self) -> date:
        """Dates on or before it cannot be."""
        return date.fromisoformat(self.earliest_plausible_date)


_IN_FORCE: ContextVar[Rules] = ContextVar("rules", default=Rules())  # noqa: B039 - frozen


def rules() -> Rules:
    """The rules of the reading at work."""
    return _IN_FORCE.get()


@contextmanager
def reading_by(instrument: str, **values: object) -> Iterator[None]:
    """What is read within goes by these values."""
    own = Rules(instrument=instrument, minimum_scored_domains=FEWEST_DOMAINS[instrument])
    token = _IN_FORCE.set(replace(own, **values))  # type: ignore[arg-type]
    try:
        yield
    finally:
        _IN_FORCE.reset(token)
