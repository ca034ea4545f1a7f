"""How old the data are. A page has no clock: it says its age when it was made, and the day after which to doubt it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

FRESH_DAYS = 35  # a month and a few days: the report is read monthly, and a night is made every night


@dataclass(frozen=True)
class Age:
    """Dates of the data; `days` from the as-of date to the day the page was made."""

    as_of: date
    extracted: date
    made: date

    @property
    def days(self) -> int:
        """Days from the as-of date to the making of the page."""
        return (self.made - self.as_of).days

    @property
    def doubt_after(self) -> date:
        """The last day on which the page can be relied on without a look for a newer one."""
        return min(self.as_of, self.extracted) + timedelta(days=FRESH_DAYS)

    @property
    def is_stale(self) -> bool:
        """Whether the data were too old on the very day the page was made."""
        return self.made > self.doubt_after


def age_of(facts: Mapping[str, Any]) -> Age:
    """The age that the manifest of share/ tells."""
    made, extracted = (datetime.fromisoformat(facts[name]).date() for name in ("created_at", "extracted_at"))
    return Age(date.fromisoformat(facts["as_of"]), extracted, made)
