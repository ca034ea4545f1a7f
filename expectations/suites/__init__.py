"""The registered checks of the three doors."""

from expectations.checks import Check, by_id
from expectations.suites import estimates, landing, marts

DOORS: dict[str, list[Check]] = {"landing": landing.CHECKS, "marts": marts.CHECKS, "estimates": estimates.CHECKS}

by_id([check for checks in DOORS.values() for check in checks])  # an id is used once in the whole project


def registry(door: str) -> list[Check]:
    """The checks of one door; raises ValueError when there is no such door."""
    if door not in DOORS:
        raise ValueError(f"there is no such door; the doors are {', '.join(DOORS)}")
    return DOORS[door]


def door_of(check_id: str) -> str | None:
    """The door a check stands at, None when it is not registered."""
    return next((door for door, checks in DOORS.items() if any(c.check_id == check_id for c in checks)), None)
