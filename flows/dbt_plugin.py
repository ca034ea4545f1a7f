"""What each DuckDB connection of the nightly dbt build needs: the extension that encrypts what is spilled."""

import duckdb
from dbt.adapters.duckdb.plugins import BasePlugin

from flows.warehouse import load_crypto


class Plugin(BasePlugin):
    """Named in dbt_project/profiles.yml for the target `build`."""

    def configure_connection(self, conn: duckdb.DuckDBPyConnection) -> None:
        """Load the extension."""
        load_crypto(conn)
