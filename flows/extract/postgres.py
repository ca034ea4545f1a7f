"""DuckDB's reader of PostgreSQL, loaded from its wheel: one read-only transaction, and errors without the server's words.

A PostgreSQL error can quote a row or a name, so its text is looked at to find the kind of trouble, and then dropped.
"""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import duckdb
import duckdb_extension_postgres_scanner

from flows.errors import DeliveryError, StageError
from flows.extract.contract import Contract
from flows.extract.url import STAGE, DatabaseUrl
from flows.warehouse import literal

# The name under which the database is attached.
NAME = "jds_source"
READ_AGAIN = "run again; nothing of it was loaded, and the next run starts from the same place"

# Words of libpq and of the server, what they mean, and what to do; the first that is found holds.
_MEANINGS: tuple[tuple[tuple[str, ...], str, str], ...] = (
    (
        ("password", "pg_hba", "role ", "authentication"),
        "the database refused the user or the password",
        "check the user in the URL, and set AFTERCARE_DATABASE_PASSWORD, PGPASSWORD or a pgpass file",
    ),
    (
        ("permission denied",),
        "the user of the database may not read it",
        "grant usage on the schema and select on its tables to that user, then run again",
    ),
    (
        ("fatal:  database", "fatal: database"),
        "there is no database of that name on the server",
        "check the database in the URL",
    ),
    (
        ("closed the connection", "terminat", "connection to server was lost", "ssl syscall", "no connection"),
        "the connection to the database was cut while it was read",
        READ_AGAIN,
    ),
    (
        (
            "unable to connect",
            "could not connect",
            "could not translate",
            "refused",
            "timeout expired",
            "starting up",
            "can't connect",
            "unable to open",
        ),
        "the database cannot be reached",
        "check that the server is up, and the host and the port in the URL, then run again",
    ),
)


@dataclass(frozen=True)
class Access:
    """How the database may be read: the password, where not in libpq's own places, and what DuckDB may use."""

    password: str | None = None
    spill: Path | None = None
    memory_limit: str | None = None


def load_scanner(connection: duckdb.DuckDBPyConnection) -> None:
    """Load the reader of PostgreSQL from its wheel: nothing is fetched."""
    folder = Path(duckdb_extension_postgres_scanner.__file__).parent / "extensions" / f"v{duckdb.__version__}"
    connection.execute(f"load {literal(str(folder / 'postgres_scanner.duckdb_extension'))}")


def attach(
    connection: duckdb.DuckDBPyConnection, url: DatabaseUrl, *, password: str | None, read_only: bool = True
) -> None:
    """Attach the database as `jds_source`. DeliveryError where it cannot be opened.

    Without a password libpq looks for one itself (PGPASSWORD, a pgpass file).
    """
    load_scanner(connection)
    secret = f", password {literal(password)}" if password else ""
    conninfo = url.conninfo(connect_timeout="10", application_name="aftercare")
    try:
        connection.execute(f"create or replace temporary secret {NAME} (type postgres{secret})")
        connection.execute(
            f"attach {literal(conninfo)} as {NAME} (type postgres, secret {NAME}{', read_only' if read_only else ''})"
        )
    except duckdb.Error as error:
        raise explained(error, stage=STAGE) from None


def begin(connection: duckdb.DuckDBPyConnection) -> None:
    """Begin the one repeatable-read transaction in which everything is read.

    A standby and Aurora cannot hand a snapshot to a second connection: there, one connection reads alone.
    """
    connection.execute("begin")
    # Each query is run once: compiling it costs more than it saves.
    query(connection, "select set_config('jit', 'off', true)")
    alone = query(
        connection,
        "select pg_is_in_recovery() or version() ~* '(aurora|redshift)' or "
        "exists (select 1 from pg_settings where name ~ '^(apg|rds[.]aurora)')",
    )[0][0]
    if alone:
        connection.execute("set pg_use_ctid_scan = false")


def query(connection: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[object, ...]]:
    """The rows that the server itself answers a query with, inside the transaction."""
    return connection.execute(f"from postgres_query({literal(NAME)}, {literal(sql)})").fetchall()


def tables_with_unique_key(connection: duckdb.DuckDBPyConnection, url: DatabaseUrl, contract: Contract) -> set[str]:
    """The tables whose key the server itself keeps unique and never null."""
    rows = query(
        connection,
        "select c.relname::text, array_to_string(array_agg(a.attname::text order by a.attname::text), ',') "
        "from pg_index as i join pg_class as c on c.oid = i.indrelid join pg_namespace as n on n.oid = c.relnamespace "
        "join pg_attribute as a on a.attrelid = c.oid and a.attnum = any(i.indkey) "
        f"where n.nspname = {literal(url.schema)} and i.indisunique and i.indisvalid and i.indpred is null and i.indexprs is null "
        "group by i.indexrelid, c.relname having bool_and(a.attnotnull)",
    )
    keys = {name: ",".join(sorted(table.primary_key)) for name, table in contract.tables.items()}
    return {str(name) for name, columns in rows if keys.get(str(name)) == columns}


def explained(error: duckdb.Error, *, stage: str, table: str | None = None) -> StageError:
    """The error in our words: what happened, in which table, and what to do; none of its own text."""
    return meaning(str(error), stage=stage, table=table)


def meaning(text: str, *, stage: str, table: str | None = None) -> StageError:
    """What a driver's words mean, in our words."""
    text = text.lower()
    for words, rule, next_step in _MEANINGS:
        if any(word in text for word in words):
            return DeliveryError(rule, stage=stage, table=table, next_step=next_step)
    return DeliveryError(
        "a table of the database could not be read to its end", stage=stage, table=table, next_step=READ_AGAIN
    )


def close(connection: duckdb.DuckDBPyConnection) -> None:
    """End the transaction and the connection, which may be lost already."""
    with suppress(duckdb.Error):
        connection.execute("rollback")
    with suppress(duckdb.Error):
        connection.close()
