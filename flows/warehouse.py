"""Where things are in a home, and the one way to open a DuckDB connection."""

from dataclasses import dataclass
from pathlib import Path

import duckdb
import duckdb_extension_httpfs

# Raise it when what lies in a home changes its form, with a step in flows/upgrade.py that brings older homes there.
FORMAT_VERSION = 2


@dataclass(frozen=True)
class Home:
    """The folders of one warehouse; `root` is what `--home` names."""

    root: Path

    @property
    def current(self) -> Path:
        """The link to the live release."""
        return self.root / "current"

    @property
    def releases(self) -> Path:
        """Releases, each immutable."""
        return self.root / "releases"

    @property
    def raw(self) -> Path:
        """Landed deliveries, append-only."""
        return self.root / "raw"

    @property
    def history(self) -> Path:
        """What a release remembers for the next night."""
        return self.root / "history"

    @property
    def models(self) -> Path:
        """The registry of signed models."""
        return self.root / "models"

    @property
    def runs(self) -> Path:
        """Build files of runs at work or failed, and what dbt has parsed."""
        return self.root / "runs"

    @property
    def casework(self) -> Path:
        """What is about one person, for named case managers."""
        return self.root / "casework"

    @property
    def audit_log(self) -> Path:
        """The hash-chained log of what was done."""
        return self.root / "audit.log"

    @property
    def lock(self) -> Path:
        """The file that the run at work holds."""
        return self.root / "run.lock"

    @property
    def hold(self) -> Path:
        """Why publishing is on hold; absent where it is not."""
        return self.root / "hold.json"


def load_crypto(connection: duckdb.DuckDBPyConnection) -> None:
    """Load the extension that encrypts what is spilled, from its wheel: nothing is fetched."""
    version = duckdb.__version__
    folder = Path(duckdb_extension_httpfs.__file__).parent / "extensions" / f"v{version}"
    connection.execute(f"load '{folder / 'httpfs.duckdb_extension'}'")


def connect(
    path: Path | None = None,
    *,
    read_only: bool = False,
    temp_directory: Path | None = None,
    memory_limit: str | None = None,
    threads: int | None = None,
) -> duckdb.DuckDBPyConnection:
    """A DuckDB connection with everything that must not depend on the machine pinned.

    Time zone UTC, no extension is ever fetched, spilled data is encrypted, and row order is not promised. A connection that only reads has
    nothing loaded that could reach out.
    `path` None opens an in-memory database; without `temp_directory` an in-memory database cannot spill.
    """
    config: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "temp_file_encryption": True,
        "temp_directory": str(temp_directory) if temp_directory else "",
        "preserve_insertion_order": False,
    }
    if memory_limit:
        config["memory_limit"] = memory_limit
    if threads:
        config["threads"] = threads
    connection = duckdb.connect(str(path) if path else ":memory:", read_only=read_only, config=config)
    if temp_directory or (path and not read_only):
        load_crypto(connection)
    connection.execute("set time zone 'UTC'")
    connection.execute("set enable_progress_bar = false")
    return connection
