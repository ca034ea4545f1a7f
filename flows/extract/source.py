"""What every source of JDS data offers to landing."""

import hashlib
import json
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal, Protocol

import duckdb

from flows.errors import StageError

Mode = Literal["full", "incremental"]


@dataclass(frozen=True)
class DeliveryFacts:
    """What is known of a delivery before a row of it is read; `origin` is where it came from, without credentials.

    Of a database also: `cursor`, the newest change that it shows; `repeats`, the hash of the landed delivery that already holds
    all of it; `remark`, why it was read as it was; `sums`, what the server summed up over all rows of a table.
    `mapping` is the hash of the source mapping, empty where the source speaks the contract's own words.
    """

    extract_id: str
    extracted_at: datetime
    mode: Mode
    since: datetime | None
    rows: Mapping[str, int]
    sha256: Mapping[str, tuple[str, ...]]
    extra_columns: Mapping[str, int]
    origin: str = ""
    cursor: datetime | None = None
    repeats: str | None = None
    remark: str = ""
    sums: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    mapping: str = ""
    extra_tables: int = 0

    @property
    def hash(self) -> str:
        """One hash of everything the delivery says it holds: equal hashes are the same delivery."""
        if self.repeats:
            return self.repeats
        content = {
            "extract_id": self.extract_id,
            "extracted_at": self.extracted_at.isoformat(),
            "mode": self.mode,
            "since": self.since.isoformat() if self.since else None,
            "rows": dict(self.rows),
            "sha256": {table: list(hashes) for table, hashes in self.sha256.items()},
        }
        if self.mapping:
            content["mapping"] = self.mapping
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

    def gone(self, table: str) -> str | None:
        """A SQL query of the landed keys, by their raw names, that were deleted at the source; None where absence itself says so."""
        ...

    def sums(self) -> str | None:
        """A SQL query (table_name, bin, n_rows, keys, stamps) of what a reading adds to the source's sums; None without sums."""
        ...

    @property
    def size_bytes(self) -> int:
        """About how many bytes are read."""
        ...

    def reading(self, spill: Path | None) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
        """The connection on which the queries of `scan` and `gone` run; it spills into `spill`."""
        ...

    def unreadable(self, error: duckdb.Error, table: str) -> StageError:
        """What to say where a table cannot be read: nothing of the error's own text."""
        ...

    def recheck(self) -> None:
        """Raise DeliveryError where the delivery changed while it was read."""
        ...

    def close(self) -> None:
        """Let go of the source."""
        ...


class NumberedDelivery(Delivery, Protocol):
    """A delivery of files, whose rows have a place."""

    def numbered(self, table: str) -> str:
        """The query of `scan` with "#file", a file's name under the folder, and "#row", its data rows counted from 1."""
        ...
