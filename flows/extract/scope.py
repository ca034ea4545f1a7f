"""Which landed deliveries a run builds from, and whether the delivery at hand is new, known, or older than what has landed."""

from dataclasses import dataclass
from pathlib import Path

import duckdb

from flows.errors import KeyProblemError, OlderDeliveryError
from flows.extract.contract import Contract
from flows.extract.folder import quoted
from flows.extract.land import LANDING_VERSION, Extract
from flows.extract.source import DeliveryFacts

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


def show_raw(build: duckdb.DuckDBPyConnection, scope: list[Extract], contract: Contract) -> None:
    """Make the schema `raw` of a build file: one view a source table over the extracts in scope."""
    build.execute("create schema if not exists raw")
    for table in contract.tables:
        files = ", ".join(quoted(str(extract.file(table))) for extract in scope)
        build.execute(
            f'create or replace view raw."{table}" as select * from read_parquet([{files}], union_by_name=true)'
        )


def show_known_keys(
    build: duckdb.DuckDBPyConnection, base: list[Extract], contract: Contract, gone_before: Path | None
) -> None:
    """Make `raw.known_keys` (table_name, key, was_gone): the keys of the live release's extracts, and those gone before.

    The rows of table_name `instrument_versions` are versions of the ASO form that were seen before.
    """
    single = [table for table in contract.tables.values() if len(table.landed_key) == 1] if base else []
    parts = ["select null::varchar as table_name, null::varchar as key, false as was_gone where false"]
    for table in single:
        files = ", ".join(quoted(str(extract.file(table.name))) for extract in base)
        parts.append(
            f"select distinct {quoted(table.name)}, {table.landed_key[0]}, false from read_parquet([{files}]) "
            f"where {table.landed_key[0]} is not null"
        )
    if base:
        files = ", ".join(quoted(str(extract.file("aso_assessments"))) for extract in base)
        parts.append(
            f"select distinct 'instrument_versions', instrument_version, false from read_parquet([{files}]) "
            "where instrument_version is not null"
        )
    if gone_before:
        parts.append(f"select table_name, key, true from read_parquet({quoted(str(gone_before))})")
    build.execute("create or replace table raw.known_keys as " + " union all ".join(parts))
