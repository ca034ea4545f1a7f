"""A small build file with every promised table, made by hand, and the facts of a release."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from flows.publish.facts import ReleaseFacts, release_id
from flows.publish.release import current_release, next_sequence, publish
from flows.publish.tables import AGE_BANDS, CASEWORK_TYPES, GENDERS, OUTCOMES, PROMISED
from flows.warehouse import Home

AT = datetime(2026, 11, 1, 2, 0, tzinfo=UTC)
AS_OF = date(2026, 11, 1)

DOUBLES = {
    *("saf", "leg", "men", "eco", "soc", "phy", "total", "initial", "latest", "delta", "estimate", "lower", "upper"),
    *("observed", "expected", "ratio", "shrunken", "importance", "selection_frequency", "effective_n", "quantity"),
}
INTEGERS = {"day", "score", "month", "sequence", "event", "n", "rank_low", "rank_high", "version", "horizon_months"}


def kind_of(column: str) -> str:
    """A plausible type for a promised column, by its name."""
    if column in DOUBLES or (
        column.endswith(("_before", "_months")) and not column.startswith(("n_", "horizon", "set"))
    ):
        return "double"
    if column in INTEGERS or column.startswith(("n_", "days_")) or column.endswith(("_day", "_days", "_number")):
        return "integer"
    if column.startswith(("is_", "has_")):
        return "boolean"
    return {"trained_as_of": "date", "since": "date", "as_of": "date"}.get(column, "varchar")


def make_build(
    path: Path, *, n_episodes: int = 300, stamp: str = "one", order: str = "i", office: str = "North"
) -> Path:
    """A build file with all promised tables, a few of them with rows; `stamp` is a value to look for."""
    path.unlink(missing_ok=True)
    with duckdb.connect(str(path)) as connection:
        for schema in ("core", "aso", "services", "outcomes", "models", "quality", "meta", "staging"):
            connection.execute(f"create schema {schema}")
        for table, columns in PROMISED.items():
            if table != "meta.release":
                connection.execute(f"create table {table} ({', '.join(f'{c} {kind_of(c)}' for c in columns)})")
        connection.execute("create table staging.private as select 'not for a release' as x")
        connection.execute("comment on table core.fct_episode is 'One row per episode. It''s for tests.'")
        connection.execute("comment on column core.fct_episode.exit_day is 'The first day out.'")
        _fill(connection, n_episodes, stamp, order, office)
    return path


def insert(connection: duckdb.DuckDBPyConnection, table: str, **values: Any) -> None:
    """One row by name."""
    names, marks = ", ".join(values), ", ".join("?" for _ in values)
    connection.execute(f"insert into {table} ({names}) values ({marks})", list(values.values()))


def _fill(connection: duckdb.DuckDBPyConnection, n: int, stamp: str, order: str, office: str) -> None:
    for number, name in enumerate((office, "South", "East")):
        insert(connection, "core.dim_office", office_id=f"O{number}", name=name, country_code="XX", region=stamp)
    for code in ("SAF1", "LEG1"):
        insert(connection, "core.dim_indicator", indicator_code=code, domain_code=code[:3], label=f"label of {code}")
        insert(
            connection, "models.risk_indicator", outcome="not_restored_24m", unit="indicator", code=code,
            importance=-0.01234567, lower=-0.02, upper=0.03, rank_low=1, rank_high=2, direction="lower",
            selection_frequency=0.8,
        )  # fmt: skip
    connection.execute(
        f"""
        insert into core.fct_episode (episode_key, survivor_key, office_id, casework_type, gender, age_band, outcome)
        select md5(i::varchar), md5((i // 2)::varchar), 'O' || (i % 3), ?[1 + i % 4], ?[1 + (i % 20 = 0)::int],
            ?[1 + i % 6], ?[1 + i % 9]
        from range({n}) as r(i) order by {order}
        """,
        [list(CASEWORK_TYPES), list(GENDERS), list(AGE_BANDS), list(OUTCOMES)],
    )
    connection.execute(
        "insert into core.dim_survivor (survivor_key) select distinct survivor_key from core.fct_episode"
    )
    connection.execute(
        f"""
        insert into aso.fct_assessment (assessment_key, episode_key, day, saf)
        select md5('a' || i), md5(i::varchar), 3 * i, 1 + i / 7.0 from range({n}) as r(i) order by {order}
        """
    )
    for name, method in (("restoration_detection_date", "detection_date"), ("restoration_npmle", "npmle")):
        connection.execute(
            f"""
            insert into outcomes.curve select '{name}', 'overall', 'all', 30 * i, 'restored', i / 50.0, i / 50.0 - 0.01,
                i / 50.0 + 0.01, greatest(0, {n} - 6 * i), '{method}' from range(40) as r(i)
            """
        )
    for number, status in enumerate(("pass", "pass", "warn")):
        insert(
            connection, "quality.check", check_id=f"c{number}", severity="block", status=status, n_checked=9, n_failed=0
        )
    insert(connection, "meta.extract", extract_id=stamp, source_table="survivors", n_rows=n, sha256=stamp, mode="full")
    insert(connection, "meta.definition", name="restored", version=1, value="every domain >= 3.0", since=AS_OF)
    insert(connection, "meta.exclusion", reason="no_consent", n_survivors_rounded=25)
    insert(connection, "meta.exclusion", reason="erased", n_survivors_rounded=5)


def make_facts(home: Home, **changes: Any) -> ReleaseFacts:
    """The facts of the next release of a home."""
    sequence = changes.pop("sequence", None) or next_sequence(home)
    as_of = changes.pop("as_of", AS_OF)
    known: dict[str, Any] = {
        "release_id": release_id(as_of, sequence), "sequence": sequence, "as_of": as_of, "extracted_at": AT,
        "created_at": AT + timedelta(hours=sequence), "code_version": "0.1.0", "lock_hash": "l", "config_hash": "c",
        "fingerprint": "f", "seed": 7, "extracts": [{"extract_id": "e1", "sequence": 1}], "key_id": "k", "model_ids": ["m1"],
        "checks": {"pass": 2},
    }  # fmt: skip
    return ReleaseFacts(**(known | changes))


def publish_one(home: Home, build: Path, models: Path | None = None, **more: Any) -> str:
    """Publishes the next release and gives its name."""
    facts, current = make_facts(home), current_release(home)
    publish(home, build, facts, models_folder=models, expected_current=current, at=AT + timedelta(days=1), **more)
    return facts.release_id


def tree(folder: Path) -> dict[str, bytes]:
    """Every file under a folder with its bytes."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def query(marts: Path, sql: str) -> list[tuple[Any, ...]]:
    """What a query gives on a DuckDB file opened read-only."""
    with duckdb.connect(str(marts), read_only=True) as connection:
        return connection.execute(sql).fetchall()
