"""The pre-stated questions: target trials as files. A file that says anything else than these fields is refused.

Hernán MA, Robins JM (2016), Am J Epidemiol 183:758-764. There is no field for a sum over the stay: whether she had a
service is asked of the time before a month or before time zero, never of what came after.
"""

from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

FOLDER = Path(__file__).parent / "questions"
Contrast = Literal["log_hazard_ratio", "risk_difference"]


class QuestionError(ValueError):
    """A question's file does not keep the form; says the file and the fields that are wrong."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Eligibility(_Part):
    """Who is asked about, beside those whose first assessment found them in care and not restored."""

    observed_from_intake: Literal[True]
    assessed_by_day: int = Field(ge=0, le=60)
    text: str = Field(min_length=20)


class Exposure(_Part):
    """What is compared. `recent`: in the three months before each month. `by_day`: from intake to a day.
    `before_event`: in so many days up to the first event of a kind in the stay.
    """

    kind: Literal["recent", "by_day", "before_event"]
    services: tuple[str, ...] = Field(min_length=1)
    days: int = Field(ge=30, le=120)
    event: str | None = None

    @model_validator(mode="after")
    def _event_where_needed(self) -> "Exposure":
        if (self.kind == "before_event") != (self.event is not None):
            raise ValueError("event is named for before_event, and only there")
        return self


class Question(_Part):
    """One target trial."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: str = Field(min_length=10)
    eligibility: Eligibility
    exposure: Exposure
    strategy: str = Field(min_length=10)
    comparator: str = Field(min_length=10)
    assignment: str = Field(min_length=20)
    time_zero: str = Field(min_length=10)
    outcome: Literal["restored"]
    follow_up: str = Field(min_length=20)
    contrasts: tuple[Contrast, ...] = Field(min_length=1)
    horizon_months: int = Field(ge=6, le=60)
    own_category: Literal["health", "community", "legal"]
    assumptions: tuple[str, ...] = Field(min_length=3)
    not_claimed: tuple[str, ...] = Field(min_length=1)


def read(path: Path) -> Question:
    """The question of a file. Raises QuestionError naming the file and its wrong fields."""
    try:
        return Question.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        fields = sorted({".".join(str(part) for part in one["loc"]) or "(whole)" for one in error.errors()})
        raise QuestionError(f"{path.name}: {', '.join(fields)}") from None


def questions(folder: Path = FOLDER) -> tuple[Question, ...]:
    """All questions, by name. Raises QuestionError for a file that breaks the form, or two of one name."""
    found = sorted((read(path) for path in folder.glob("*.yml")), key=lambda one: one.name)
    if len({one.name for one in found}) < len(found):
        raise QuestionError("two questions have one name")
    return tuple(found)


def codes() -> tuple[str, ...]:
    """The service codes that any question names, sorted."""
    found = {code for one in questions() for code in (*one.exposure.services, one.exposure.event) if code}
    return tuple(sorted(found))
