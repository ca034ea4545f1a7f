"""Errors for a person who has no access to the logs, and the exit code of each kind.

A message names the stage, the rule, the table, the count and the next step. It never holds a value, an id or a person:
`StageError` therefore takes its parts one by one and builds the text itself.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from pathlib import Path


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


STAYS = "The last release stays live. "


class StageError(Exception):
    """A stage refused to go on. `is_live` says whether a release was live then, which it stays: see `at_stake`."""

    code: Exit = Exit.UNEXPECTED
    is_live = False

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
        super().__init__(rule)

    def __str__(self) -> str:
        return self.text()

    def text(self) -> str:
        """One paragraph: what was refused, where, how many, that the last release stays live (where one is), what to do next."""
        where = f" Table: {self.table}." if self.table else ""
        how_many = f" Count: {self.count:,}." if self.count is not None else ""
        stays = STAYS if self.is_live else ""
        return (
            f"{self.stage} refused (exit {int(self.code)}): {self.rule}.{where}{how_many} {stays}Next: {self.next_step}"
        )

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.rule, self.stage, self.next_step, self.table, self.count, self.is_live)


def _rebuild(
    kind: type[StageError],
    rule: str,
    stage: str,
    next_step: str,
    table: str | None,
    count: int | None,
    is_live: bool,
) -> StageError:
    error = kind(rule, stage=stage, next_step=next_step, table=table, count=count)
    error.is_live = is_live
    return error


@contextmanager
def at_stake(current: Path) -> Iterator[None]:
    """What is raised inside says that the last release stays live, where the link `current` shows that there is one."""
    try:
        yield
    except Exception as error:
        error.is_live = current.is_symlink()  # type: ignore[attr-defined]
        raise


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


class LeaseLostError(LockedError):
    """Another run took the home over while this one stood still: it may write nothing more."""


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


def unexpected_text(error: Exception) -> str:
    """What can be said of an error that nobody foresaw: its kind and its place, not its text."""
    where = error.__traceback__
    while where and where.tb_next:
        where = where.tb_next
    place = f"{Path(where.tb_frame.f_code.co_filename).name}:{where.tb_lineno}" if where else "an unknown place"
    return (
        f"unexpected error (exit {int(Exit.UNEXPECTED)}): {type(error).__name__} at {place}. "
        f"{STAYS if getattr(error, 'is_live', False) else ''}"
        "Next: report the kind and the place; the text of the error is not shown since it could quote a row."
    )
