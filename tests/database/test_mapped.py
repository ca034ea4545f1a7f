"""A database with tables and columns of its own: the same rows as from a folder, and after that only what changed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from flows.errors import ContractError
from flows.extract.contract import jds
from flows.extract.database import Access, DatabaseDelivery, open_database
from flows.extract.land import extracts, land
from flows.extract.mapping.parse import parse
from flows.extract.resume import base_of
from flows.extract.scope import in_scope, rows_in_force
from flows.extract.url import DatabaseUrl
from flows.warehouse import connect
from tests.nights import KEY
from tests.unit.extract.mapping.small import TEXT, opened, read_csv, write

Sql = Callable[[str], str]


@pytest.fixture
def filled(database: DatabaseUrl, sql: Sql, tmp_path: Path) -> DatabaseUrl:
    """The small source in the schema of the URL: every column text, an empty field null."""
    sql(f'create schema "{database.schema}"')
    for path in write(tmp_path / "source").glob("*.csv"):
        rows = read_csv(path)
        names = ", ".join(f'"{name}" text' for name in rows[0])
        values = ", ".join("(" + ", ".join(f"nullif('{value}', '')" for value in row.values()) + ")" for row in rows)
        table = f'"{database.schema}"."{path.stem}"'
        sql(f"create table {table} ({names}); insert into {table} values {values}")
    return database


def begin(url: DatabaseUrl, raw: Path, text: str = TEXT) -> DatabaseDelivery:
    """A reading on top of what has landed, all of which was released."""
    mapping = parse(text, jds(), origin="small")
    base = base_of(extracts(raw), frozenset(range(99)), origin=url.origin, contract=jds(), mapping=mapping.hash)
    return open_database(url, jds(), KEY, base, Access(), mapping=mapping)


def in_force(raw: Path) -> dict[str, list[tuple[object, ...]]]:
    """The rows that hold of each table."""
    with connect() as connection:
        return {
            name: connection.execute(
                f"select * exclude (extract_sequence) from ({rows_in_force(in_scope(extracts(raw)), table)}) order by all"
            ).fetchall()
            for name, table in jds().tables.items()
        }


def test_database_and_folder_give_the_same_rows(filled: DatabaseUrl, tmp_path: Path) -> None:
    of_database, of_folder = tmp_path / "a", tmp_path / "b"
    land(of_database, begin(filled, of_database), jds(), KEY)
    land(of_folder, opened(tmp_path / "source"), jds(), KEY)
    assert in_force(of_database) == in_force(of_folder)


def test_after_that_only_what_changed_is_read(filled: DatabaseUrl, sql: Sql, tmp_path: Path) -> None:
    raw, whole = tmp_path / "raw", tmp_path / "whole"
    land(raw, begin(filled, raw), jds(), KEY)
    assert begin(filled, raw).facts.repeats == extracts(raw)[0].facts["hash"]
    schema = filled.schema
    sql(f"""update "{schema}"."Person" set sex = 'm', changed = '03.07.2024' where id = 'p1'""")
    sql(f"""delete from "{schema}"."Form" where id = 'f2'""")
    second = land(raw, begin(filled, raw), jds(), KEY)
    assert second.facts["mode"] == "incremental"
    assert second.gone("aso_assessments") is not None
    land(whole, begin(filled, whole), jds(), KEY)
    assert in_force(raw) == in_force(whole)


def test_another_mapping_reads_everything_anew(filled: DatabaseUrl, tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    land(raw, begin(filled, raw), jds(), KEY)
    other = begin(filled, raw, TEXT.replace("m: male", "m: other"))
    assert (other.facts.mode, other.facts.remark) == ("full", "the source mapping has changed")
    other.close()


def test_a_missing_table_or_column_refuses(filled: DatabaseUrl, tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="required tables are missing: Stays"):
        begin(filled, tmp_path / "raw", TEXT.replace("from: Stay", "from: Stays"))
    with pytest.raises(ContractError, match=r"survivors.gender: the source column gender is not in Person"):
        begin(filled, tmp_path / "raw", TEXT.replace("from: sex", "from: gender"))
