"""What a check is, what it allows, and which status its counts earn."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

Family = Literal["conformance", "completeness", "plausibility"]
Severity = Literal["block", "warn"]
Status = Literal["pass", "pass_with_violations", "warn", "fail", "error", "not_applicable"]
Measure = Literal["n_failed", "percent"]

ID_SHAPE = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*){0,3}")


class Limit(NamedTuple):
    """The most that one measure may be; a value above it exceeds the limit."""

    measure: Measure
    at_most: float


@dataclass(frozen=True)
class Count:
    """How many were looked at and how many were wrong: all that a check ever sees."""

    n_checked: int
    n_failed: int

    @property
    def percent(self) -> float:
        """Failures in every hundred checked; failures out of nothing checked count as all."""
        if self.n_checked == 0:
            return 100.0 if self.n_failed else 0.0
        return 100 * self.n_failed / self.n_checked

    def measure(self, name: Measure) -> float:
        """The number that a limit on this measure is compared with."""
        return self.percent if name == "percent" else float(self.n_failed)


@dataclass(frozen=True)
class Check:
    """One rule with a stable id, its limits, why and since when they are what they are, who acts on it and how.

    With both limits given, both must be exceeded. `hold` marks a check whose failure means that a person must look
    first. `same_count_as` names the check whose count is judged again here when no count of its own is delivered.
    """

    check_id: str
    table_name: str
    family: Family
    sub_family: str
    severity: Severity
    because: str
    since: str
    max_failed: int | None = None
    max_percent: float | None = None
    hold: bool = False
    same_count_as: str | None = None
    owner: str = ""
    guidance: str = ""

    def __post_init__(self) -> None:
        if not ID_SHAPE.fullmatch(self.check_id):
            raise ValueError("a check id is lower-case words joined by dots")
        if self.max_failed is None and self.max_percent is None:
            raise ValueError(f"{self.check_id} has no limit")
        if self.hold and self.severity != "block":
            raise ValueError(f"{self.check_id} holds the run, so its severity must be block")

    @property
    def limits(self) -> tuple[Limit, ...]:
        """One or two limits; the check fails when every one of them is exceeded."""
        count = () if self.max_failed is None else (Limit("n_failed", self.max_failed),)
        percent = () if self.max_percent is None else (Limit("percent", self.max_percent),)
        return count + percent

    @property
    def threshold(self) -> str:
        """The limits as a person reads them."""
        texts = {"n_failed": "at most {:,.0f}", "percent": "at most {:g} %"}
        return " or ".join(texts[limit.measure].format(limit.at_most) for limit in self.limits)

    def status(self, count: Count, *, exceeded: bool | None) -> Status:
        """What the count earns, given the ruling of the check engine; no ruling is an error, never a pass."""
        if exceeded is None:
            return "error"
        if exceeded:
            return "fail" if self.severity == "block" else "warn"
        if count.n_failed:
            return "pass_with_violations"
        return "pass" if count.n_checked else "not_applicable"


def by_id(checks: list[Check]) -> Mapping[str, Check]:
    """The checks under their ids; raises ValueError naming an id that is used twice."""
    found: dict[str, Check] = {}
    for check in checks:
        if check.check_id in found:
            raise ValueError(f"two checks are called {check.check_id}")
        found[check.check_id] = check
    return found
