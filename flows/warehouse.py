"""Where things are in a home, and the one way to open a DuckDB connection."""

from dataclasses import dataclass
from pathlib import Path

import duckdb

from flows import keyring
from flows.at_rest import (
    attach,
    literal,
    load_crypto,
    parquet,
    read_text,
    readable,
    the_file,
    unlock,
    write_parquet,
    write_text,
)
from flows.keyring import MARTS, encrypts, is_sealed, is_wrong_key, wrong_key

__all__ = [
    "FORMAT_VERSION", "MARTS", "Home", "attach", "connect", "encrypts", "is_sealed", "is_wrong_key", "literal", "load_crypto",
    "parquet", "read_text", "readable", "the_file", "unlock", "write_parquet", "write_text", "wrong_key",
]  # fmt: skip

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
    nothing loaded that could reach out. A file that is encrypted, or is new and to be, is attached to a database in memory as its default
    catalog; KeyProblemError where its key is not at hand or is another one. A connection to such a file, or with a `temp_directory`, can
    read encrypted Parquet files where the key is at hand.
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
    sealed = path is not None and (is_sealed(path) if path.exists() else keyring.encrypts())
    in_clear = str(path) if path and not sealed else ":memory:"
    connection = duckdb.connect(in_clear, read_only=read_only and not sealed, config=config)
    if temp_directory or (path and not read_only):
        load_crypto(connection)
    connection.execute("set time zone 'UTC'")
    connection.execute("set enable_progress_bar = false")
    if path and sealed:
        _open_sealed(connection, path, read_only=read_only)
    if (sealed or temp_directory) and keyring.opens_home():
        unlock(connection)
    return connection


def _open_sealed(connection: duckdb.DuckDBPyConnection, path: Path, *, read_only: bool) -> None:
    try:
        attach(connection, path, path.stem, read_only=read_only)
        connection.execute(f'use "{path.stem}"')
    except Exception:
        connection.close()
        raise
