"""Holding marts in a DuckDB file against the second reading: the same rows, column by column, under the same keys."""

from __future__ import annotations

import hashlib
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from flows.extract.pseudonymise import Key, pseudonym

KINDS = {
    "episode_key": "episode",
    "survivor_key": "survivor",
    "case_key": "case",
    "household_key": "household",
    "operation_key": "operation",
    "assessor_key": "assessor",
    "assessment_key": "assessment",
}
SERVICE_KINDS = {
    "community_events": "attendance",
    "health_services": "health_service",
    "legal_proceedings": "proceeding",
    "support_services": "support_service",
}
GRAIN = {
    "core.dim_office": ["office_id"],
    "core.dim_partner": ["partner_id"],
    "core.dim_survivor": ["survivor_key"],
    "core.caseload": ["office_id", "quarter"],
    "core.fct_episode": ["episode_key"],
    "aso.fct_assessment": ["assessment_key"],
    "aso.fct_score": ["assessment_key", "indicator_code"],
    "aso.snapshot": ["episode_key", "stage"],
    "aso.change": ["episode_key", "domain_code"],
    "services.timeline": ["service_key"],
    "services.episode_month": ["episode_key", "month"],
    "services.partner_delivery": ["partner_id", "category"],
    "quality.conservation": ["source_table"],
}
# Records of one day are numbered by key, and pseudonyms do not sort as ids do: compared as sets of days instead.
TIED = {"services.timeline": {"sequence", "days_since_previous", "days_since_same_category"}}


def with_pseudonyms(marts: dict[str, pd.DataFrame], key: Key) -> dict[str, pd.DataFrame]:
    """The second reading's marts with raw ids replaced as landing replaces them."""
    return {name: _hashed(name, frame.copy(), key) for name, frame in marts.items()}


def _hashed(name: str, frame: pd.DataFrame, key: Key) -> pd.DataFrame:
    for column, kind in KINDS.items():
        if column in frame.columns:
            frame[column] = [None if pd.isna(value) else pseudonym(key, kind, str(value)) for value in frame[column]]
    if name == "services.timeline":
        frame["service_key"] = [
            _service_key(key, str(raw), table)
            for raw, table in zip(frame["service_key"], frame["source_table"], strict=True)
        ]
    return frame


def _service_key(key: Key, raw: str, table: str) -> str:
    if table == "legal_proceedings" and "|" in raw:
        proceeding, survivor = raw.split("|")
        pair = f"{pseudonym(key, 'proceeding', proceeding)}:{pseudonym(key, 'survivor', survivor)}"
        return hashlib.sha256(pair.encode()).hexdigest()[:32]
    return pseudonym(key, SERVICE_KINDS[table], raw)


def differences(build: Path, marts: dict[str, pd.DataFrame]) -> dict[str, dict[str, int]]:
    """For each table what differs: rows only here, only there, and cells by column. Empty when all agree."""
    found = {}
    with duckdb.connect(str(build), read_only=True) as connection:
        for table, grain in GRAIN.items():
            ours = connection.sql(f"select * from {table}").df()
            if different := _table(ours, marts[table], grain, TIED.get(table, set())):
                found[table] = different
    return found


def _table(ours: pd.DataFrame, theirs: pd.DataFrame, grain: list[str], tied: set[str]) -> dict[str, int]:
    columns = [column for column in theirs.columns if column in ours.columns]
    different = {f"missing column {column}": 1 for column in theirs.columns if column not in ours.columns}
    left = ours[columns].set_index(grain).sort_index()
    right = theirs[columns].set_index(grain).sort_index()
    if left.index.has_duplicates or right.index.has_duplicates:
        return different | {"repeated keys": 1}
    only_here, only_there = left.index.difference(right.index), right.index.difference(left.index)
    different |= {"rows only in SQL": len(only_here)} if len(only_here) else {}
    different |= {"rows only in the second reading": len(only_there)} if len(only_there) else {}
    both = left.index.intersection(right.index)
    for column in left.columns:
        if column not in tied and (n := _cells(left.loc[both, column], right.loc[both, column])):
            different[column] = n
    return different


def _cells(left: pd.Series, right: pd.Series) -> int:
    """How many cells differ; numbers to nine digits, nulls are equal."""
    a, b = left.astype(object).where(left.notna(), None), right.astype(object).where(right.notna(), None)
    return sum(not _same(x, y) for x, y in zip(a, b, strict=True))


def _same(x: object, y: object) -> bool:
    if x is None or y is None:
        return x is y
    if isinstance(x, (int, float, np.number)) and isinstance(y, (int, float, np.number)):
        return bool(abs(float(x) - float(y)) <= 1e-9)
    return x == y
