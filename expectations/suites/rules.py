"""How checks are written down: groups of `id: because`, and the words they share."""

from dataclasses import replace

from expectations.checks import Check, Family, Severity
from expectations.policy import policy

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
    hold: bool = False,
    table: str | None = None,
) -> list[Check]:
    """One check an entry of `because`, with its limits, owner and guidance from the data files.

    Its table is the id without the last word, unless one is given. `hold` makes a person look first.
    """
    return [
        Check(
            check_id=check_id,
            table_name=table or check_id.rpartition(".")[0],
            family=family,
            sub_family=sub_family,
            severity="block" if hold else severity,
            because=text,
            hold=hold,
            **policy(check_id)._asdict(),
        )
        for check_id, text in because.items()
    ]


def with_holds(checks: list[Check]) -> list[Check]:
    """The checks, each followed by a twin on the same count that holds the run when it grows large."""
    return [twin for check in checks for twin in (check, hold(check, f"{check.check_id}.hold"))]


def hold(check: Check, check_id: str) -> Check:
    """A twin that judges the same count by limits of its own, and makes a person look first."""
    return replace(
        check,
        check_id=check_id,
        severity="block",
        hold=True,
        same_count_as=check.check_id,
        because=f"{check.because} So many at once is a change at the source that a person must see first.",
        **policy(check_id)._asdict(),
    )
