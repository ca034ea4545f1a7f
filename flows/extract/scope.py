"""Which landed deliveries a run builds from, and whether the delivery at hand is new, known, or older than what has landed."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path

import duckdb

from flows.errors import DeliveryError, KeyProblemError, OlderDeliveryError
from flows.extract.contract import Contract, Table
from flows.extract.land import LANDING_VERSION, Extract
from flows.extract.source import DeliveryFacts
from flows.warehouse import literal, parquet

STAGE = "delivery check"


@dataclass(frozen=True)
class Standing:
    """How a delivery stands to what has landed: the same one if it has, and what is worth a warning."""

    landed: Extract | None
    is_gap: bool
    is_without_base: bool
    is_key_rotated: bool


def usable(extracts: list[Extract], key_id: str) -> list[Extract]:
    """The extracts landed in the present form and under the present key."""
    return [
        extract
        for extract in extracts
        if extract.facts["key_id"] == key_id and extract.facts["landing_version"] == LANDING_VERSION
    ]


def in_scope(extracts: list[Extract]) -> list[Extract]:
    """The latest full delivery and every incremental one after it."""
    full = [position for position, extract in enumerate(extracts) if extract.is_full]
    return extracts[full[-1] :] if full else extracts


def known_by(extracts: list[Extract], day: date) -> list[Extract]:
    """The extracts that the last night for this date, or for one before it, knew; all of them from the newest of these dates on.

    Raises DeliveryError where nothing had landed by then.
    """
    if not extracts or day >= max(extract.landed_for for extract in extracts):
        return extracts
    by_then = [extract for extract in extracts if extract.landed_for <= day]
    if not by_then:
        first = min(extract.landed_for for extract in extracts)
        raise DeliveryError(
            "nothing had landed by that date",
            stage=STAGE,
            next_step=f"take a date from {first} on, for which the first delivery of this home landed",
        )
    last = max(by_then, key=lambda extract: (extract.landed_for, extract.sequence))
    return [extract for extract in extracts if extract.sequence <= last.sequence]


def facts_of(extract: Extract) -> DeliveryFacts:
    """What a delivery that has landed said of itself."""
    known, tables = extract.facts, extract.facts["tables"]
    return DeliveryFacts(
        extract_id=known["extract_id"],
        extracted_at=extract.extracted_at,
        mode=known["mode"],
        since=datetime.fromisoformat(known["since"]) if known["since"] else None,
        rows={table: facts["rows"] for table, facts in tables.items()},
        sha256={table: tuple(facts["sha256"]) for table, facts in tables.items()},
        extra_columns={table: facts["extra_columns"] for table, facts in tables.items()},
        origin=known["origin"],
        extra_tables=known.get("extra_tables", 0),
        repeats=known["hash"],
    )


def standing_then(extracts: list[Extract], last: Extract, key_id: str, day: date) -> Standing:
    """How the last of some landed deliveries stood to those before it in the night of a date: new in the one that landed it."""
    if last.landed_for != day:
        return Standing(last, is_gap=False, is_without_base=False, is_key_rotated=False)
    before = [extract for extract in extracts if extract.sequence < last.sequence]
    return replace(standing(facts_of(last), before, key_id), landed=last)


def standing(facts: DeliveryFacts, extracts: list[Extract], key_id: str) -> Standing:
    """How the delivery stands to the landed ones.

    Raises OlderDeliveryError where a later one has landed, KeyProblemError where an incremental one comes under another key.
    """
    known = usable(extracts, key_id)
    is_rotated = bool(extracts) and extracts[-1].facts["key_id"] != key_id
    if is_rotated and facts.mode == "incremental":
        raise KeyProblemError(
            "the pseudonym key is not the one this home was landed with",
            stage=STAGE,
            next_step="restore the key, or rotate it with a full delivery",
        )
    last = known[-1] if known else None
    if last and last.facts["hash"] == facts.hash:
        return Standing(last, is_gap=False, is_without_base=False, is_key_rotated=False)
    if extracts and facts.extracted_at < max(extract.extracted_at for extract in extracts):
        raise OlderDeliveryError(
            "the delivery was extracted before one that has already landed",
            stage=STAGE,
            next_step="deliver the newest extract; to go back to an older release use aftercare rollback",
        )
    is_incremental = facts.mode == "incremental"
    return Standing(
        landed=None,
        is_gap=bool(is_incremental and last and facts.since and facts.since > last.extracted_at),
        is_without_base=bool(is_incremental and not last and facts.since),
        is_key_rotated=is_rotated,
    )


def rows_in_force(scope: list[Extract], table: Table) -> str:
    """A SQL query over the extracts in scope: the rows of a table that hold now, for a connection that can read raw files.

    A row gives way to a later incremental reading of a database that has its key again, or that found its key gone, so that what is
    left is what a full reading would give. Rows of folder deliveries all stay: dbt collapses them by `modified_at`.
    """
    rows = f"select * from {parquet(*(extract.file(table.name) for extract in scope))}"
    later = [extract for extract in scope if extract.cursor and not extract.is_full]
    if not later:
        return rows
    keys = ", ".join(f'"{name}"' for name in table.landed_key)
    changed = [f"select {keys}, extract_sequence as s from {parquet(e.file(table.name))}" for e in later]
    changed += [
        f"select {keys}, {extract.sequence} as s from {parquet(gone)}"
        for extract in later
        if (gone := extract.gone(table.name))
    ]
    same_key = " and ".join(f'overtaken."{name}" = held."{name}"' for name in table.landed_key)
    return (
        f"select held.* from ({rows}) as held anti join (select {keys}, max(s) as s from ({' union all '.join(changed)}) "
        f"group by {keys}) as overtaken on {same_key} and overtaken.s > held.extract_sequence"
    )


def show_raw(build: duckdb.DuckDBPyConnection, scope: list[Extract], contract: Contract) -> None:
    """Make the schema `raw` of a build file: one view a source table over the extracts in scope."""
    build.execute("create schema if not exists raw")
    for table in contract.tables.values():
        build.execute(f'create or replace view raw."{table.name}" as {rows_in_force(scope, table)}')


def show_known_keys(
    build: duckdb.DuckDBPyConnection, base: list[Extract], contract: Contract, gone_before: Path | None
) -> None:
    """Make `raw.known_keys` (table_name, key, was_gone): the keys of the live release's extracts, and those gone before.

    The rows of table_name `instrument_versions` are versions of the ASO form that were seen before.
    """
    single = [table for table in contract.tables.values() if len(table.landed_key) == 1] if base else []
    parts = ["select null::varchar as table_name, null::varchar as key, false as was_gone where false"]
    for table in single:
        parts.append(
            f"select distinct {literal(table.name)}, {table.landed_key[0]}, false from ({rows_in_force(base, table)}) "
            f"where {table.landed_key[0]} is not null"
        )
    if base:
        parts.append(
            "select distinct 'instrument_versions', instrument_version, false from "
            f"({rows_in_force(base, contract.tables['aso_assessments'])}) where instrument_version is not null"
        )
    if gone_before:
        parts.append(f"select table_name, key, true from {parquet(gone_before)}")
    build.execute("create or replace table raw.known_keys as " + " union all ".join(parts))
