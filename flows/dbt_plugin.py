"""What each DuckDB connection of the nightly dbt build needs: the extension that encrypts, and the key of an encrypted build file."""

from pathlib import Path

import duckdb
from dbt.adapters.duckdb.plugins import BasePlugin

from flows.keyring import opens_home
from flows.warehouse import attach, load_crypto, unlock

BUILD = "build"


class Plugin(BasePlugin):
    """Named in dbt_project/profiles.yml for the targets `build` and `encrypted`."""

    def configure_connection(self, conn: duckdb.DuckDBPyConnection) -> None:
        """Load the extension; attach an encrypted build file, which dbt-duckdb then finds attached, and open encrypted raw files."""
        load_crypto(conn)
        if opens_home():
            attach(conn, Path(f"{BUILD}.duckdb"), BUILD, read_only=False)
            unlock(conn)

    def configure_cursor(self, cursor: duckdb.DuckDBPyConnection) -> None:
        """What is not qualified means the build file."""
        if opens_home():
            cursor.execute(f"use {BUILD}")
