"""The models of a build file made anew, in order, from the SQL that dbt compiled: what a changed raw row comes to, in seconds."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import duckdb

from flows.extract.contract import jds

CHECK_MODELS = (
    "int_check_source",
    "int_check_mart",
    "int_finding",
    "int_check_record",
    "int_check_office",
    "int_check_recent",
)
ROW_MODELS = {
    "offices": "int_office_row", "partners": "int_partner_row", "partner_trainings": "int_training_row", "survivors": "int_survivor_row",
    "cases": "int_case_row", "aftercare_episodes": "int_episode_row", "aso_assessments": "int_assessment_row",
    "aso_scores": "int_score_row", "community_events": "int_community_row", "health_services": "int_health_row",
    "legal_proceedings": "int_legal_row", "support_services": "int_support_row",
}  # fmt: skip
_NAMED = re.compile(r'"build"\."(\w+)"\."(\w+)"')


@cache
def models(target: Path) -> dict[str, tuple[str, str, str]]:
    """Name -> (schema, view or table, compiled SQL) of every model, each after those it reads from."""
    found: dict[str, tuple[str, str, str]] = {}
    for path in sorted((target / "run").rglob("models/**/*.sql")):
        text = path.read_text(encoding="utf-8")
        made = re.search(r'create\s+(view|table)\s+"build"\."(\w+)"\."(\w+)"', text)
        compiled = Path(str(path).replace(f"{target}/run", f"{target}/compiled", 1))
        if made and compiled.exists():
            name = made[3].removesuffix("__dbt_tmp")
            found[name] = (made[2], made[1], compiled.read_text(encoding="utf-8"))
    reads = {name: {read for _, read in _NAMED.findall(sql)} & set(found) - {name} for name, (*_, sql) in found.items()}
    ordered: list[str] = []
    while len(ordered) < len(found):
        ready = sorted(name for name, read in reads.items() if name not in ordered and read <= set(ordered))
        assert ready, "the models go in a circle"
        ordered += ready
    return {name: found[name] for name in ordered}


def open_copy(build_file: Path, copy: Path) -> duckdb.DuckDBPyConnection:
    """A copy of a build file to spoil, with its raw views made tables."""
    copy.write_bytes(build_file.read_bytes())
    connection = duckdb.connect(str(copy))
    connection.execute("set time zone 'UTC'")
    for table in jds().tables:
        connection.execute(f"create table raw.held as select * from raw.{table}")
        connection.execute(f"drop view raw.{table}")
        connection.execute(f"alter table raw.held rename to {table}")
    return connection


def rebuild(connection: duckdb.DuckDBPyConnection, target: Path, only: tuple[str, ...] | None = None) -> None:
    """Makes the models anew as tables, all of them or `only` these; views show what is there by themselves."""
    for name, (schema, kind, sql) in models(target).items():
        if kind == "table" and (only is None or name in only) and schema not in {"outcomes", "models", "meta"}:
            connection.execute(f'create or replace table {schema}."{name}" as {sql}')


def counts(connection: duckdb.DuckDBPyConnection) -> dict[str, tuple[int, int]]:
    """n_checked and n_failed of every check of the marts door."""
    union = " union all ".join(f"select * from intermediate.{name}" for name in CHECK_MODELS if name != "int_finding")
    return {check: (checked, failed) for check, checked, failed in connection.execute(union).fetchall()}
