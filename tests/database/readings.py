"""Reading a database for tests as a night does, without a home around it, and as whole nights."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from flows.extract.contract import jds
from flows.extract.database import Access, DatabaseDelivery, open_database
from flows.extract.folder import open_folder
from flows.extract.land import Extract, extracts, land
from flows.extract.resume import base_of
from flows.extract.scope import in_scope, rows_in_force
from flows.extract.simulate import Parameters, write_delivery, write_next
from flows.extract.simulate.load import fill
from flows.extract.url import DatabaseUrl
from flows.warehouse import connect
from tests.nights import KEY

ALL = frozenset(range(1, 1000))


def nights(folder: Path, number: int, *, survivors: int = 120, merged_share: float = 0.005) -> list[Path]:
    """Full folder deliveries of so many nights, one after another."""
    made = [
        write_delivery(
            folder / "night0", Parameters(survivors=survivors, merged_share=merged_share), fmt="parquet"
        ).folder
    ]
    while len(made) < number:
        made.append(write_next(folder / f"night{len(made)}", made[-1], fmt="parquet").folder)
    return made


def play(url: DatabaseUrl, delivery: Path) -> int:
    """The database holds what the folder holds; how many rows changed."""
    return fill(url, open_folder(delivery, jds()))


def begin(url: DatabaseUrl, raw: Path, *, released: frozenset[int] = ALL, full: bool = False) -> DatabaseDelivery:
    """A reading on top of what has landed; `released`: the extracts of the live release."""
    base = "asked for" if full else base_of(extracts(raw), released, origin=url.origin, contract=jds())
    return open_database(url, jds(), KEY, base, Access())


def read(url: DatabaseUrl, raw: Path, *, released: frozenset[int] = ALL, full: bool = False) -> Extract:
    """A reading, landed."""
    return land(raw, begin(url, raw, released=released, full=full), jds(), KEY)


def differences(one: Iterable[Extract], other: Iterable[Extract]) -> dict[str, int]:
    """Tables whose rows in force are not the same, with how many rows are in only one of the two."""
    found = {}
    with connect() as connection:
        for table in jds().tables.values():
            queries = [
                f"(select * exclude (extract_sequence) from ({rows_in_force(in_scope(list(scope)), table)}))"
                for scope in (one, other)
            ]
            a, b = queries
            only = connection.execute(
                f"select (select count(*) from (from {a} except all from {b})) + (select count(*) from (from {b} except all from {a}))"
            ).fetchall()[0][0]
            if only:
                found[table.name] = only
    return found


def dated(delivery: DatabaseDelivery, moment: str) -> DatabaseDelivery:
    """The same reading as if it had been made at another moment."""
    at = datetime.fromisoformat(moment).astimezone(UTC)
    return replace(delivery, facts=replace(delivery.facts, extracted_at=at))
