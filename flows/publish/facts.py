"""What a run tells about the release it makes, and how releases are numbered."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from flows.errors import VerifyError
from flows.publish import audit
from flows.publish.files import STAGE
from flows.warehouse import Home

_ID = re.compile(r"(\d{4}-\d{2}-\d{2})-(\d{4,})")
_UNFINISHED = re.compile(r"\.(?:building|removing)-")


@dataclass(frozen=True)
class ReleaseFacts:
    """Where a release comes from. All of it goes into manifest.json; none of it is read from a clock here."""

    release_id: str
    sequence: int
    as_of: date
    extracted_at: datetime
    created_at: datetime
    code_version: str
    lock_hash: str
    config_hash: str
    fingerprint: str
    seed: int
    extracts: list[dict[str, Any]] = field(default_factory=list)
    key_id: str = ""
    model_ids: list[str] = field(default_factory=list)
    checks: Mapping[str, Any] = field(default_factory=dict)
    definitions: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.release_id != release_id(self.as_of, self.sequence):
            raise _wrong("the name of the release does not follow from its as-of date and sequence")
        if self.extracted_at.tzinfo is None or self.created_at.tzinfo is None:
            raise _wrong("extracted_at and created_at need a time zone")

    def as_json(self) -> dict[str, Any]:
        """The facts with dates and times as ISO 8601 text, times in UTC."""
        moments = {name: getattr(self, name).astimezone(UTC).isoformat() for name in ("extracted_at", "created_at")}
        return asdict(self) | moments | {"as_of": self.as_of.isoformat(), "checks": dict(self.checks)}


def _wrong(rule: str) -> VerifyError:
    return VerifyError(rule, stage=STAGE, next_step="this is an error in the code: report it")


def release_id(as_of: date, sequence: int) -> str:
    """The name of a release: its as-of date and its place in the order of releases, as in 2026-11-01-0003."""
    return f"{as_of.isoformat()}-{sequence:04d}"


def sequence_of(name: str) -> int | None:
    """The place of a release in their order, from its name; None when the text is not the name of a release."""
    found = _ID.fullmatch(name)
    return int(found.group(2)) if found else None


def next_sequence(home: Home) -> int:
    """One more than the highest ever used in a home. The clock has no say, so one that jumps back changes nothing."""
    names = [_UNFINISHED.sub("", path.name) for path in home.releases.glob("*")]
    names += [line.release_id for line in audit.lines(home) if line.release_id]
    return 1 + max((sequence_of(name) or 0 for name in names), default=0)


def next_release_id(home: Home, as_of: date) -> tuple[str, int]:
    """The name and the sequence that the next release of a home takes."""
    sequence = next_sequence(home)
    return release_id(as_of, sequence), sequence
