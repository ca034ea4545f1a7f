"""How checks are written down: groups of `id: because`, and the words they share."""

from dataclasses import replace

from expectations.checks import Check, Family, Severity

SINCE = "2026-11-22"
HOLD_ROWS = 19  # with more than this, and more than HOLD_PERCENT, a person looks first
HOLD_PERCENT = 2.0

SOURCE_TABLES = (
    "offices",
    "partners",
    "partner_trainings",
    "survivors",
    "cases",
    "aftercare_episodes",
    "aso_assessments",
    "aso_scores",
    "community_events",
    "health_services",
    "legal_proceedings",
    "support_services",
)


def group(
    family: Family,
    sub_family: str,
    because: dict[str, str],
    *,
    severity: Severity = "warn",
    max_failed: int | None = 0,
    max_percent: float | None = None,
    table: str | None = None,
) -> list[Check]:
    """One check an entry of `because`; its table is the id without the last word, unless one is given."""
    return [
        Check(
            check_id=check_id,
            table_name=table or check_id.rpartition(".")[0],
            family=family,
            sub_family=sub_family,
            severity=severity,
            because=text,
            since=SINCE,
            max_failed=max_failed,
            max_percent=max_percent,
        )
        for check_id, text in because.items()
    ]


def with_holds(checks: list[Check]) -> list[Check]:
    """The checks, each followed by a twin on the same count that holds the run when it grows large."""
    return [twin for check in checks for twin in (check, hold(check, f"{check.check_id}.hold"))]


def hold(check: Check, check_id: str) -> Check:
    """A twin that judges the same count by `more than 2 % and at least 20 rows`."""
    return replace(
        check,
        check_id=check_id,
        severity="block",
        hold=True,
        max_failed=HOLD_ROWS,
        max_percent=HOLD_PERCENT,
        same_count_as=check.check_id,
        because=f"{check.because} So many at once is a change at the source that a person must see first.",
    )
