"""A build file becomes a folder that could be released: data, models, what may be shared, the report, the manifest."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb

from flows.errors import HomeError, VerifyError
from flows.publish import audit, catalogue, content, files, manifest
from flows.publish.facts import ReleaseFacts
from flows.publish.files import STAGE, refusing
from flows.publish.report import write_report
from flows.publish.share import write_share
from flows.publish.sharing.cells import read_state, write_state
from flows.publish.steps import step
from flows.publish.tables import PROMISED, SCHEMAS
from flows.publish.verify import check_promise
from flows.warehouse import Home, attach, connect, is_sealed, literal, write_parquet

FORBIDDEN_MODELS = (".pkl", ".pickle", ".joblib", ".skops", ".dill")


def building_folder(home: Home, release_id: str) -> Path:
    """Where a release is put together: beside the finished ones, under a name that no reader looks at."""
    return home.releases / f".building-{release_id}"


def assemble(
    home: Home,
    build_file: Path,
    facts: ReleaseFacts,
    *,
    models_folder: Path | None,
    threshold: int = 11,
    memory_limit: str | None = None,
    threads: int | None = None,
    goes_on_from: str | None = None,
) -> Path:
    """The folder `.building-<release_id>`: whole, synced, read-only, not yet verified and not visible to any reader.

    What crashed publications left behind is cleared away first. `goes_on_from` is the release whose shared numbers stay until
    they may move. Raises HomeError for the disk, VerifyError for the build file.
    """
    building = building_folder(home, facts.release_id)
    with refusing("preparing the releases folder"):
        home.releases.mkdir(mode=0o750, parents=True, exist_ok=True)
        catalogue.sweep(home, at=facts.created_at)
        audit.append(home, "assemble", at=facts.created_at, release_id=facts.release_id)
        step("create building folder")
        building.mkdir(mode=0o750)
    spill = building / ".spill"
    with refusing("copying the marts"), connect(
        building / "marts.duckdb", temp_directory=spill, memory_limit=memory_limit, threads=threads
    ) as connection:  # fmt: skip
        _copy_marts(connection, build_file, facts)
        if not is_sealed(building / "marts.duckdb"):
            _write_parquet(connection, building / "parquet")
    with refusing("writing the release"):
        files.remove_tree(spill)
        _copy_models(models_folder, building / "models")
        past = read_state(home, goes_on_from)
        state = write_share(building / "marts.duckdb", building / "share", facts, threshold=threshold, past=past)
        write_state(home, facts.release_id, state)
        write_report(building / "share", building / "report" / "index.html")
        _seal(home, building, facts)
    return building


def _copy_marts(connection: duckdb.DuckDBPyConnection, build_file: Path, facts: ReleaseFacts) -> None:
    connection.execute("set preserve_insertion_order = true")
    attach(connection, build_file, "build")
    check_promise(connection, "build", optional={"meta.release"})
    tables = content.tables_of(connection, "build")
    connection.execute("begin")  # one transaction: a commit a table would sync the disk a table
    for schema in sorted({table.split(".")[0] for table in [*tables, *PROMISED]}):
        connection.execute(f"create schema {content.quoted(schema)}")
    for table, columns in tables.items():
        if table != "meta.release":
            _copy_table(connection, table, content.sort_order(table, columns))
    _copy_comments(connection)
    _write_release_row(connection, facts)
    step("commit marts.duckdb")
    connection.execute("commit")
    connection.execute("detach build")
    step("checkpoint marts.duckdb")
    connection.execute("checkpoint")
    step("checkpointed marts.duckdb")


def _copy_table(connection: duckdb.DuckDBPyConnection, table: str, order: str) -> None:
    step(f"copy {table}")
    with refusing("copying the marts", table=table):
        name = content.quoted(table)
        connection.execute(f"create table {name} as select * from build.{name} order by {order}")


def _copy_comments(connection: duckdb.DuckDBPyConnection) -> None:
    rows = connection.execute(
        "select schema_name || '.' || table_name, null, comment from duckdb_tables() "
        "where database_name = 'build' and list_contains(?, schema_name) and comment is not null union all "
        "select schema_name || '.' || table_name, column_name, comment from duckdb_columns() "
        "where database_name = 'build' and list_contains(?, schema_name) and comment is not null",
        [list(SCHEMAS), list(SCHEMAS)],
    ).fetchall()
    for table, column, comment in rows:
        if table != "meta.release":
            name = content.quoted(table)
            target = f"column {name}.{content.quoted(column)}" if column else f"table {name}"
            connection.execute(f"comment on {target} is {literal(comment)}")


def _write_release_row(connection: duckdb.DuckDBPyConnection, facts: ReleaseFacts) -> None:
    connection.execute(
        "create table meta.release as select ?::varchar as release_id, ?::date as as_of, "
        "?::timestamptz as extracted_at, ?::varchar as code_version, ?::timestamptz as created_at",
        [facts.release_id, facts.as_of, facts.extracted_at, facts.code_version, facts.created_at],
    )
    connection.execute("comment on table meta.release is 'One row: which release this file is.'")


def _write_parquet(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    catalog = str(connection.execute("select current_database()").fetchall()[0][0])
    for table in content.tables_of(connection, catalog):
        schema, name = table.split(".", 1)
        target = folder / schema / f"{name}.parquet"
        step(f"write {schema}/{target.name}")
        target.parent.mkdir(parents=True, exist_ok=True)
        write_parquet(connection, f"from {content.quoted(table)}", target, sealed=False)


def _copy_models(source: Path | None, target: Path) -> None:
    target.mkdir()
    if source is None or not source.is_dir():
        return
    for file in files.files_in(source):
        if file.suffix.lower() in FORBIDDEN_MODELS:
            raise VerifyError(
                f"a model file of type {file.suffix} could run code when it is read",
                stage=STAGE,
                next_step="store the model as JSON or Parquet",
            )
        step(f"copy model {file.name}")
        copy = target / file.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, copy)


def _seal(home: Home, building: Path, facts: ReleaseFacts) -> None:
    if list(building.glob("*.wal")):
        raise HomeError("the new marts file was not closed whole", stage=STAGE, next_step="run again")
    sealed: Mapping[str, Any] = manifest.describe(building, facts, audit_head=audit.head(home))
    files.write_text(building / manifest.NAME, manifest.as_text(sealed))
    step("sync release")
    files.sync_tree(building)
    step("make release read-only")
    files.make_read_only(building)
    files.sync_folder(home.releases)
