"""A live database as a delivery: everything on the first reading, then what changed, and which keys are gone.

All tables are read in one repeatable-read transaction, which also keeps them from being renamed under the reader. A reading is
incremental from the newest change that the live release has seen, less an overlap; a nightly scan of keys and stamps finds what
was deleted.
"""

from datetime import timedelta

import duckdb

from flows.errors import StageError
from flows.extract import postgres
from flows.extract.begun import DatabaseDelivery, begun
from flows.extract.catalogue import catalogue, relation, text_of
from flows.extract.contract import Contract
from flows.extract.folder import check_columns
from flows.extract.mapping.database import mapped_texts
from flows.extract.mapping.spec import Mapping
from flows.extract.postgres import Access
from flows.extract.pseudonymise import Key, install
from flows.extract.reader import Reader
from flows.extract.resume import OVERLAP, Base
from flows.extract.sums import can_sum, seed_of
from flows.extract.url import STAGE, DatabaseUrl
from flows.warehouse import connect

__all__ = ["Access", "DatabaseDelivery", "open_database"]


def open_database(
    url: DatabaseUrl, contract: Contract, key: Key, base: Base | str, access: Access, *, overlap: timedelta = OVERLAP,
    mapping: Mapping | None = None,
) -> DatabaseDelivery:  # fmt: skip
    """Begin to read the database: incremental on `base`, or everything for the reason that stands in its place.

    With a `mapping` its tables have names of their own: each contract table is a query over them, and the server sums up nothing.
    Raises DeliveryError (not reachable, refused, two rows with one key), ContractError (schema, table or column missing) or
    OlderDeliveryError (stamps went back); nothing was loaded then.
    """
    connection = connect(temp_directory=access.spill, memory_limit=access.memory_limit)
    try:
        postgres.attach(connection, url, password=access.password)
        postgres.begin(connection)
        install(connection, key)
        reader, extra = _reader(connection, url, contract, key, mapping)
        return begun(reader, extra, base, overlap, mapping)
    except duckdb.Error as error:
        postgres.close(connection)
        raise postgres.explained(error, stage=STAGE) from None
    except StageError:
        postgres.close(connection)
        raise


def _reader(
    connection: duckdb.DuckDBPyConnection, url: DatabaseUrl, contract: Contract, key: Key, mapping: Mapping | None
) -> tuple[Reader, dict[str, int]]:
    """The reader of the tables, and how many columns of each contract table are not known."""
    if mapping:
        types, size = catalogue(connection, url, mapping.source_contract(contract))
        texts = mapped_texts(connection, lambda name: relation(url, name), types, mapping, contract)
        return Reader(connection, url, contract, types, set(), texts, size, seed_of(key)), dict.fromkeys(
            contract.tables, 0
        )
    types, size = catalogue(connection, url, contract)
    extra = {name: check_columns(table, [set(types[name])]) for name, table in contract.tables.items()}
    texts = {name: text_of(url, table, types[name]) for name, table in contract.tables.items()}
    unique = postgres.tables_with_unique_key(connection, url, contract) if can_sum(connection) else set()
    return Reader(connection, url, contract, types, unique, texts, size, seed_of(key)), extra
