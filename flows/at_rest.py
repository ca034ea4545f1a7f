"""Files that may lie encrypted: the one place where a DuckDB file is attached and where Parquet is read and written.

A file that is there is opened in the form in which it lies; a new one is written as the setting says, or in the form of one it replaces.
"""

import os
from pathlib import Path

import duckdb

from flows import keyring
from flows.keyring import is_sealed

# How DuckDB calls the one key of Parquet files, in a connection that has it.
PARQUET_KEY = "aftercare"
_ENCRYPTED = f"encryption_config = {{footer_key: '{PARQUET_KEY}'}}"


def literal(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def load_crypto(connection: duckdb.DuckDBPyConnection) -> None:
    """Load the extension that encrypts what is written and spilled, from its wheel: nothing is fetched."""
    connection.execute(f"load {literal(str(keyring.refuse_without_extension()))}")


def attach(
    connection: duckdb.DuckDBPyConnection, path: Path, name: str, *, read_only: bool = True, sealed: bool | None = None
) -> None:
    """Attach a DuckDB file under a name, with its key where it is encrypted; a new one in the form `sealed`, else the setting's.

    Raises KeyProblemError where its key is not at hand or is another one.
    """
    is_encrypted = is_sealed(path) if path.exists() else keyring.encrypts() if sealed is None else sealed
    options = ["read_only"] if read_only else []
    if is_encrypted:
        options.append(f"encryption_key {literal(keyring.key_for(path))}")
        if not read_only:
            load_crypto(connection)
    how = f" ({', '.join(options)})" if options else ""
    quoted = name.replace('"', '""')
    try:
        connection.execute(f'attach {literal(str(path))} as "{quoted}"{how}')
    except duckdb.InvalidInputException as error:
        if is_encrypted and keyring.is_wrong_key(error):
            raise keyring.wrong_key() from None
        raise


def unlock(connection: duckdb.DuckDBPyConnection) -> None:
    """Give a connection the key of encrypted Parquet files. Raises KeyProblemError where it is not at hand."""
    connection.execute(f"pragma add_parquet_key({literal(PARQUET_KEY)}, {literal(keyring.parquet_key())})")


def parquet(*paths: Path) -> str:
    """SQL for the rows of these files, columns by name, each file read in its own form.

    A connection that reads an encrypted one has been given the key with `unlock` (`readable` does both).
    """
    forms = [([one for one in paths if is_sealed(one) is sealed], sealed) for sealed in (False, True)]
    parts = [_read(files, _ENCRYPTED if sealed else "") for files, sealed in forms if files]
    return parts[0] if len(parts) == 1 else f"(from {' union all by name from '.join(parts)})"


def the_file(path: Path) -> str:
    """The path as a literal that DuckDB's readers take for this file alone: as a pattern `[1]`, `*` and `?` stand for others."""
    return literal("".join(f"[{letter}]" if letter in "*?[" else letter for letter in str(path)))


def _read(paths: list[Path], option: str) -> str:
    listed = ", ".join(the_file(path) for path in paths)
    by_name = "union_by_name = true" if len(paths) > 1 else ""
    # A folder named `status=closed` is a name: it gives no column.
    options = [f"[{listed}]" if len(paths) > 1 else listed, by_name, "hive_partitioning = false", option]
    return f"read_parquet({', '.join(one for one in options if one)})"


def readable(connection: duckdb.DuckDBPyConnection, *paths: Path) -> str:
    """SQL for the rows of these files, which the connection can read from now on."""
    if any(is_sealed(path) for path in paths):
        unlock(connection)
    return parquet(*paths)


def write_parquet(
    connection: duckdb.DuckDBPyConnection, query: str, target: Path, *, sealed: bool | None = None
) -> int:
    """Write the rows of a query into a new Parquet file, in the form `sealed`, else the setting's; how many rows."""
    options = "format parquet, compression zstd"
    if keyring.encrypts() if sealed is None else sealed:
        load_crypto(connection)
        unlock(connection)
        options += f", {_ENCRYPTED.replace(' = ', ' ')}"
    ((count,),) = connection.execute(f"copy ({query}) to {literal(str(target))} ({options})").fetchall()
    return int(count)


def write_text(path: Path, text: str) -> None:
    """Write a small file whole, durably, for its owner alone; where files are encrypted, as the one cell of an encrypted Parquet file."""
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)
    mask = os.umask(0o077)
    try:
        if keyring.encrypts():
            with duckdb.connect() as connection:
                connection.execute("create table one as select ?::varchar as content", [text])
                write_parquet(connection, "from one", fresh)
        else:
            fresh.write_text(text, encoding="utf-8", newline="")
    finally:
        os.umask(mask)
    with fresh.open("rb") as file:
        os.fsync(file.fileno())
    os.replace(fresh, path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def read_text(path: Path) -> str:
    """The text of a file that `write_text` wrote, in whichever form."""
    if not is_sealed(path):
        with path.open(encoding="utf-8", newline="") as file:
            return file.read()
    with duckdb.connect() as connection:
        try:
            ((content,),) = connection.execute(f"from {readable(connection, path)}").fetchall()
        except duckdb.InvalidInputException as error:
            if keyring.is_wrong_key(error):
                raise keyring.wrong_key() from None
            raise
    return str(content)
