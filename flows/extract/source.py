"""What every source of JDS data offers to landing."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

Mode = Literal["full", "incremental"]


@dataclass(frozen=True)
class DeliveryFacts:
    """What is known of a delivery before a row of it is read; `origin` is where it came from, without credentials."""

    extract_id: str
    extracted_at: datetime
    mode: Mode
    since: datetime | None
    rows: Mapping[str, int]
    sha256: Mapping[str, tuple[str, ...]]
    extra_columns: Mapping[str, int]
    origin: str = ""

    @property
    def hash(self) -> str:
        """One hash of everything the delivery says it holds: equal hashes are the same delivery."""
        content = {
            "extract_id": self.extract_id,
            "extracted_at": self.extracted_at.isoformat(),
            "mode": self.mode,
            "since": self.since.isoformat() if self.since else None,
            "rows": dict(self.rows),
            "sha256": {table: list(hashes) for table, hashes in self.sha256.items()},
        }
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


class Delivery(Protocol):
    """One delivery whose manifest and columns have been found right."""

    @property
    def facts(self) -> DeliveryFacts:
        """What the delivery says of itself."""
        ...

    def scan(self, table: str) -> str:
        """A SQL query that gives every column of the contract as text, under its contract name."""
        ...

    def recheck(self) -> None:
        """Raise DeliveryError where the delivery changed while it was read."""
        ...
