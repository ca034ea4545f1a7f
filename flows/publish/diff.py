"""What changed between two releases: rows by table and by cause, definitions, headline figures. Counts only, never a key.

A row differs when it is in one release only or has other content. Rows that record a fact (forms, scores, services) are told apart
by themselves; a row of a derived table follows from what happened to the facts of its episode, and where nothing did, from a
changed definition, from time passing, or from the code.
"""

from dataclasses import dataclass
from pathlib import Path

import duckdb

from flows.errors import VerifyError
from flows.publish import content, manifest
from flows.publish.content import quoted
from flows.publish.files import STAGE
from flows.publish.tables import KEYS, STAMPED_TABLES
from flows.warehouse import attach, connect

CAUSES = ("corrected", "late", "gone", "new", "definition", "time", "code", "other")
"""Causes in the order of precedence: an episode with a corrected and a new form changed by correction."""


@dataclass(frozen=True)
class Facts:
    """A table whose rows record facts: the day that dates a row, and the columns that only follow from other rows."""

    day: str
    derived: frozenset[str]


_HAS = ("has_initial", "has_mid", "has_end")
_DOMAINS = ("saf", "leg", "men", "eco", "soc", "phy")
_FACTS = {
    "core.fct_episode": Facts(
        "coalesce(exit_day, 0)",
        frozenset(
            {"as_of_day", "last_seen_day", "restored_left_day", "restored_right_day", "event", "n_assessments", *_HAS}
        ),
    ),
    "aso.fct_assessment": Facts("day", frozenset({"stage", *_DOMAINS, "total", "n_domains", "is_restored"})),
    "aso.fct_score": Facts("day", frozenset()),
    "services.timeline": Facts(
        "coalesce(day, planned_day)", frozenset({"sequence", "days_since_previous", "days_since_same_category"})
    ),
}
# What only says how long a person has been followed.
_AGEING = {"core.fct_episode": frozenset({"as_of_day"})}

HEADLINES = {
    "survivors": "select count(*) from {catalog}.core.dim_survivor",
    "episodes": "select count(*) from {catalog}.core.fct_episode",
    "open episodes": "select count(*) from {catalog}.core.fct_episode where exit_day is null",
    "episodes seen restored": "select count(*) from {catalog}.core.fct_episode where restored_right_day is not null",
    "mean total at intake": "select round(avg(total), 3) from {catalog}.aso.snapshot where stage = 'initial'",
    "restored within 24 months": (
        "select round(arg_max(estimate, day), 3) from {catalog}.outcomes.curve where curve_name = 'restoration' "
        "and stratum = 'overall' and state = 'restored' and day <= 24 * 30.4375"
    ),
}


@dataclass(frozen=True)
class TableDifference:
    """One table: rows before and after, and how many rows differ by cause (empty where causes are not told apart)."""

    table: str
    before: int
    after: int
    differing: int
    causes: dict[str, int]


@dataclass(frozen=True)
class Difference:
    """What differs between two releases; `about` are lines on where the two come from."""

    about: list[str]
    definitions: list[str]
    headlines: list[tuple[str, object, object]]
    tables: list[TableDifference]


def difference(before: Path, after: Path) -> Difference:
    """What changed from one release folder to another. VerifyError where their keys were made with different secrets."""
    old, new = manifest.read(before), manifest.read(after)
    if old.get("key_id") != new.get("key_id"):
        raise VerifyError(
            "the two releases were made with different pseudonym keys, so no row of one can be found in the other",
            stage=STAGE,
            next_step="compare releases that were made with one key",
        )
    with connect() as connection:
        for name, folder in (("old", before), ("new", after)):
            attach(connection, folder / "marts.duckdb", name)
        days = _days(connection)
        definitions = _definitions(connection)
        if definitions:
            fallback = "definition"
        elif days:
            fallback = "time"
        else:
            fallback = "code" if old["code_version"] != new["code_version"] else "other"
        return Difference(_about(old, new), definitions, _headlines(connection), _tables(connection, days, fallback))


def _days(connection: duckdb.DuckDBPyConnection) -> int:
    query = (
        "select datediff('day', old.as_of::date, new.as_of::date) from old.meta.release as old, new.meta.release as new"
    )
    return int(connection.execute(query).fetchall()[0][0])


def _about(old: dict[str, object], new: dict[str, object]) -> list[str]:
    names = {"as_of": "as of", "extracted_at": "extracted", "code_version": "code", "config_hash": "settings"}
    lines = [f"{label}: {old[name]} -> {new[name]}" for name, label in names.items() if old[name] != new[name]]
    before, after = ({str(one["extract_id"]) for one in facts["extracts"]} for facts in (old, new))  # type: ignore[attr-defined]
    lines.append(
        f"deliveries: {len(after - before)} new, {len(before & after)} in both, {len(before - after)} only before"
    )
    return lines


def _definitions(connection: duckdb.DuckDBPyConnection) -> list[str]:
    rows = connection.execute(
        "select name, old.version, old.value, new.version, new.value "
        "from old.meta.definition as old full join new.meta.definition as new using (name) "
        "where old.value is distinct from new.value or old.version is distinct from new.version order by name"
    ).fetchall()
    return [f"{name}: {a} (version {av}) -> {b} (version {bv})" for name, av, a, bv, b in rows]


def _headlines(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, object, object]]:
    found = []
    for name, query in HEADLINES.items():
        old, new = (connection.execute(query.format(catalog=catalog)).fetchall()[0][0] for catalog in ("old", "new"))
        if old != new:
            found.append((name, old, new))
    return found


def _tables(connection: duckdb.DuckDBPyConnection, days: int, fallback: str) -> list[TableDifference]:
    old, new = (content.tables_of(connection, catalog) for catalog in ("old", "new"))
    shared = [table for table in KEYS if table in old and table in new and table not in STAMPED_TABLES]
    for table in shared:
        _differing(connection, table, old[table], new[table])
    _touch(connection, days)
    return [
        TableDifference(
            table,
            content.row_count(connection, "old", table),
            content.row_count(connection, "new", table),
            _count(connection, table),
            _causes(connection, table, fallback) if "episode_key" in new[table] else {},
        )
        for table in shared
        if _count(connection, table)
    ]


def _differing(connection: duckdb.DuckDBPyConnection, table: str, old: dict[str, str], new: dict[str, str]) -> None:
    """Leave `differing_<table>`: keys, what happened (added, removed, changed), and whether a recorded fact changed."""
    keys, names = _keys(table), [quoted(name) for name in KEYS[table]]
    both = ", ".join(f"coalesce(old.{name}, new.{name}) as {name}" for name in names)
    same = " and ".join(f"old.{name} is not distinct from new.{name}" for name in names)  # a part of a key may be empty
    shared = [name for name in new if name in old and name not in KEYS[table] and name not in _AGEING.get(table, ())]
    recorded = [name for name in shared if table in _FACTS and name not in _FACTS[table].derived]
    texts = {
        catalog: f"select {keys}, md5_number({_text(shared, types)}) as row, md5_number({_text(recorded, types)}) as fact "
        f"from {catalog}.{quoted(table)}"
        for catalog, types in (("old", old), ("new", new))
    }
    connection.execute(
        f"create temp table {_name(table)} as select {both}, case when old.row is null then 'added' when new.row is null "
        f"then 'removed' else 'changed' end as what, old.fact is distinct from new.fact as is_recorded "
        f"from ({texts['old']}) as old full join ({texts['new']}) as new on {same} "
        "where old.row is distinct from new.row"
    )


def _text(columns: list[str], types: dict[str, str]) -> str:
    return "concat(" + ", '|', ".join([content.canonical(name, types[name]) for name in columns] or ["''"]) + ")"


def _touch(connection: duckdb.DuckDBPyConnection, days: int) -> None:
    """Leave `<differing>_cause` of each table of facts, and `touched`: of each episode the first cause by precedence.

    A row that was dated on or before the earlier release's as-of date and came only now is late.
    """
    for table, facts in _FACTS.items():
        keys = _keys(table)
        dated = f"select {keys}, episode_key, {facts.day} as dated_day from {{}}.{quoted(table)}"
        if table == "aso.fct_score":
            forms = "(select assessment_key, day as dated_day from {0}.aso.fct_assessment)"
            dated = (
                f"select {keys}, episode_key, dated_day from {{0}}.{quoted(table)} join {forms} using (assessment_key)"
            )
        is_exit = "old_dated.dated_day = 0 and new_dated.dated_day > 0" if table == "core.fct_episode" else "false"
        when = f"case when new_dated.dated_day > episodes.as_of_day - {days} then 'new' else 'late' end"
        connection.execute(
            f"create temp table {_name(table)}_cause as select {keys}, "
            "coalesce(new_dated.episode_key, old_dated.episode_key) as episode_key, "
            f"case what when 'removed' then 'gone' when 'added' then {when} "
            f"else case when {is_exit} then {when} when is_recorded then 'corrected' end end as cause "
            f"from {_name(table)} left join ({dated.format('old')}) as old_dated using ({keys}) "
            f"left join ({dated.format('new')}) as new_dated using ({keys}) "
            "left join new.core.fct_episode as episodes on episodes.episode_key = new_dated.episode_key"
        )
    order = ", ".join(f"'{cause}'" for cause in CAUSES)
    causes = " union all ".join(f"select episode_key, cause from {_name(table)}_cause" for table in _FACTS)
    connection.execute(
        f"create temp table touched as select episode_key, arg_min(cause, list_position([{order}], cause)) as cause "
        f"from ({causes}) where cause is not null group by episode_key"
    )


def _causes(connection: duckdb.DuckDBPyConnection, table: str, fallback: str) -> dict[str, int]:
    """Differing rows by cause: a fact's own, else that of its episode, else what moves all rows."""
    source, own = (f"{_name(table)}_cause", "cause, ") if table in _FACTS else (_name(table), "")
    rows = connection.execute(
        f"select coalesce({own.replace('cause', 'differing.cause')}touched.cause, '{fallback}') as cause, count(*) "
        f"from {source} as differing left join touched using (episode_key) group by 1"
    ).fetchall()
    counts = dict(rows)
    return {cause: int(counts[cause]) for cause in CAUSES if cause in counts}


def _count(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    return int(connection.execute(f"select count(*) from {_name(table)}").fetchall()[0][0])


def _keys(table: str) -> str:
    return ", ".join(quoted(name) for name in KEYS[table])


def _name(table: str) -> str:
    return "differing_" + table.replace(".", "_")
