"""Errors for a person who has no access to the logs, and the exit code of each kind.

A message names the stage, the rule, the table, the count and the next step. It never holds a value, an id or a person:
`StageError` therefore takes its parts one by one and builds the text itself.
"""

from enum import IntEnum


class Exit(IntEnum):
    """Exit codes of the `aftercare` command; the runbook says what to do for each."""

    OK = 0
    UNEXPECTED = 1
    USAGE = 2
    DELIVERY = 10
    CONTRACT = 11
    OLDER = 12
    LOCKED = 13
    CHECKS = 14
    HELD = 15
    HOME = 16
    DBT = 17
    ESTIMATES = 18
    VERIFY = 19
    ON_HOLD = 20
    KEY = 21
    NOTHING_PUBLISHED = 22


# What is done apart from any home: there, no release is at stake.
APART = frozenset({"partner start", "sealing"})


class StageError(Exception):
    """A stage refused to go on; the last release stays live."""

    code: Exit = Exit.UNEXPECTED

    def __init__(
        self,
        rule: str,
        *,
        stage: str,
        next_step: str,
        table: str | None = None,
        count: int | None = None,
    ) -> None:
        self.rule, self.stage, self.next_step, self.table, self.count = rule, stage, next_step, table, count
        super().__init__(self.text())

    def text(self) -> str:
        """One paragraph: what was refused, where, how many, what stays live (where a release is at stake), what to do next."""
        where = f" Table: {self.table}." if self.table else ""
        how_many = f" Count: {self.count:,}." if self.count is not None else ""
        stays = "" if self.stage in APART else "The last release stays live. "
        return (
            f"{self.stage} refused (exit {int(self.code)}): {self.rule}.{where}{how_many} {stays}Next: {self.next_step}"
        )

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.rule, self.stage, self.next_step, self.table, self.count)


def _rebuild(
    kind: type[StageError], rule: str, stage: str, next_step: str, table: str | None, count: int | None
) -> StageError:
    return kind(rule, stage=stage, next_step=next_step, table=table, count=count)


class DeliveryError(StageError):
    """The delivery is missing, partial, unreadable or changed while it was read."""

    code = Exit.DELIVERY


class ContractError(StageError):
    """A required table or column is missing, or a column is not classified."""

    code = Exit.CONTRACT


class OlderDeliveryError(StageError):
    """The delivery was extracted before one that has already landed."""

    code = Exit.OLDER


class LockedError(StageError):
    """Another run holds this home."""

    code = Exit.LOCKED


class ChecksError(StageError):
    """A blocking check failed, or a check could not be evaluated."""

    code = Exit.CHECKS


class HeldError(StageError):
    """Too much of the delivery is unknown, quarantined or gone: a person must look first."""

    code = Exit.HELD


class HomeError(StageError):
    """The home cannot be used: not writable, no space, an unknown format."""

    code = Exit.HOME


class DbtError(StageError):
    """dbt did not build, naming the nodes that failed."""

    code = Exit.DBT


class EstimatesError(StageError):
    """An estimator could not run at all (a refusal to estimate is a result, not an error)."""

    code = Exit.ESTIMATES


class VerifyError(StageError):
    """The assembled release is not what was checked."""

    code = Exit.VERIFY


class OnHoldError(StageError):
    """A rollback put publishing on hold."""

    code = Exit.ON_HOLD


class KeyProblemError(StageError):
    """The pseudonym key is missing, readable by others, or not the one this home was landed with."""

    code = Exit.KEY


class NothingPublishedError(StageError):
    """There is no release to read."""

    code = Exit.NOTHING_PUBLISHED
