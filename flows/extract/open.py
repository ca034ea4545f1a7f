"""Opening a source: a folder, a PostgreSQL database, or another one that SQLAlchemy reads."""

from pathlib import Path
from typing import TypeAlias

from flows.extract.contract import Contract
from flows.extract.database import Access, open_database
from flows.extract.folder import open_folder
from flows.extract.land import Extract
from flows.extract.mapping.delivery import open_mapped
from flows.extract.mapping.spec import Mapping
from flows.extract.pseudonymise import Key
from flows.extract.resume import Base, base_of
from flows.extract.source import Delivery
from flows.extract.sql_url import SqlUrl, parse_sql_url
from flows.extract.url import DatabaseUrl, is_postgres, is_url, parse_url

Source: TypeAlias = Path | DatabaseUrl | SqlUrl


def parse_source(text: str) -> Source:
    """The folder or the database that a text names. SourceError where its driver is missing, or it holds a password."""
    if not is_url(text):
        return Path(text.removeprefix("file://"))
    return parse_url(text) if is_postgres(text) else parse_sql_url(text)


def open_source(
    source: Source,
    contract: Contract,
    key: Key,
    access: Access,
    *,
    landed: list[Extract],
    released: frozenset[int] = frozenset(),
    full: bool = False,
    mapping: Mapping | None = None,
) -> Delivery:
    """The delivery that the source offers now, checked against the contract.

    A database is read on from what the live release (`released`: the sequences it was built from) has seen, or wholly with `full`.
    With a `mapping` the source speaks words of its own.
    """
    if isinstance(source, Path):
        return open_mapped(source, mapping, contract) if mapping else open_folder(source, contract)
    words = mapping.hash if mapping else ""
    base: Base | str = "a full reading was asked for"
    if not full:
        base = base_of(landed, released, origin=source.origin, contract=contract, mapping=words)
    if isinstance(source, SqlUrl):
        from flows.extract.sql_source import open_sql  # SQLAlchemy takes its time to load

        return open_sql(source, contract, key, base, access, mapping=mapping)
    return open_database(source, contract, key, base, access, mapping=mapping)
