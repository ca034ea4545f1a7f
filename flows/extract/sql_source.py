"""Any database that SQLAlchemy can read, as a delivery: what landing needs of it is copied in one transaction, which then ends.

Everything on the first reading. After that every key with its stamp is read, held against what has landed, and the rows that changed
since the cursor are read. What is copied stands in DuckDB's temporary tables: in memory, or spilled in cipher.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import duckdb

from flows.errors import StageError
from flows.extract.begun import DatabaseDelivery, begun
from flows.extract.contract import Column, Contract, Table
from flows.extract.folder import check_columns
from flows.extract.keyscan import Difference, compare, scan_keys, stamp
from flows.extract.mapping.database import mapped_texts
from flows.extract.mapping.spec import Mapping
from flows.extract.postgres import Access
from flows.extract.pseudonymise import Key, install
from flows.extract.reader import Look
from flows.extract.resume import OVERLAP, Base
from flows.extract.sql_tables import TEXT, SqlTables, reading
from flows.extract.sql_url import SqlUrl
from flows.warehouse import connect


class SqlDelivery(DatabaseDelivery):
    """A reading whose rows have been copied."""

    def recheck(self) -> None:
        """Nothing: the transaction ended when all was copied."""


@dataclass(frozen=True)
class SqlReader:
    """Looks at tables under the contract's names; `texts` are queries of mapped tables over what was copied, not to be read again."""

    connection: duckdb.DuckDBPyConnection
    contract: Contract
    origin: str
    size_bytes: int
    tables: SqlTables
    texts: dict[str, str]

    def moment(self) -> datetime:
        """The server's clock in the transaction."""
        return self.tables.moment()

    def look(self, table: Table, base: Base | str, since: datetime | None) -> Look:
        """What is there of a table, how it differs from what has landed, and its rows to read in `copied_<table>`."""
        text = self.texts.get(table.name)
        if not isinstance(base, Base) or since is None:
            text = text or self._copy(table, list(table.columns), "copied", None)
            return Look(scan_keys(self.connection, table, text, None, is_unique=False), Difference(0, 0, 0, 0))
        wanted = [table.column(name) for name in (*table.primary_key, "modified_at")]
        keys = text or self._copy(table, wanted, "keys", None)
        seen = scan_keys(self.connection, table, keys, since, is_unique=False)
        difference = compare(self.connection, self.contract, table, base, since)
        if not text:
            self._copy(table, list(table.columns), "copied", since)
        return Look(seen, difference)

    def scan(self, table: Table, look: Look, since: datetime | None) -> str:
        """A SQL query of the rows to read."""
        text = self.texts.get(table.name)
        if text and since:
            changed = "try_cast(modified_at as timestamptz)"
            return f"{text} where {changed} is null or {changed} > {stamp(since)}"
        return text or f'select * from "copied_{table.name}"'

    def _copy(self, table: Table, wanted: list[Column], prefix: str, since: datetime | None) -> str:
        target = f"{prefix}_{table.name}"
        self.tables.copy(table.name, wanted, target, since=since)
        return f'select * from "{target}"'


def open_sql(
    url: SqlUrl, contract: Contract, key: Key, base: Base | str, access: Access, *, overlap: timedelta = OVERLAP,
    mapping: Mapping | None = None,
) -> DatabaseDelivery:  # fmt: skip
    """Read the database: incremental on `base`, or everything for the reason that stands in its place.

    With a `mapping` all of its tables are copied, and each contract table is a query over them. Raises DeliveryError (not reachable,
    refused, two rows with one key), ContractError (schema, table or column missing) or OlderDeliveryError (stamps went back).
    """
    connection = connect(temp_directory=access.spill, memory_limit=access.memory_limit)
    try:
        install(connection, key)
        asked = mapping.source_contract(contract) if mapping else contract
        with reading(url, asked, connection, access.password) as tables:
            reader, extra = _reader(connection, url, contract, tables, mapping)
            return begun(reader, extra, base, overlap, mapping, SqlDelivery)
    except StageError:
        connection.close()
        raise


def _reader(
    connection: duckdb.DuckDBPyConnection, url: SqlUrl, contract: Contract, tables: SqlTables, mapping: Mapping | None
) -> tuple[SqlReader, dict[str, int]]:
    if not mapping:
        extra = {name: check_columns(table, [set(tables.columns[name])]) for name, table in contract.tables.items()}
        return SqlReader(connection, contract, url.origin, 0, tables, {}), extra
    for name, columns in tables.columns.items():
        tables.copy(name, [Column(column, "text", "", "none") for column in columns], f"source_{name}")
    types = {name: dict.fromkeys(columns, TEXT) for name, columns in tables.columns.items()}
    texts = mapped_texts(connection, lambda name: f'from "source_{name}"', types, mapping, contract)
    return SqlReader(connection, contract, url.origin, 0, tables, texts), dict.fromkeys(contract.tables, 0)
