"""The `share/` folder of a release, the only part that may leave: every count passes disclosure control here."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from math import isfinite
from pathlib import Path

import duckdb

from flows.publish import content, curves, files
from flows.publish.disclosure import checked_threshold, one_way, rounded
from flows.publish.facts import ReleaseFacts
from flows.publish.tables import AGE_BANDS, CASEWORK_TYPES, GENDERS, OUTCOMES
from flows.warehouse import connect

FORMAT = 1

Row = Sequence[object]

# Lists of groups are fixed, never read from the data: a group with nobody in it looks like any other hidden one.
GROUPS: dict[str, tuple[str, ...]] = {
    "casework_type": CASEWORK_TYPES,
    "outcome": OUTCOMES,
    "age_band": AGE_BANDS,
    "gender": GENDERS,
}

CAVEATS = {
    "episodes_by": "One row per group. Counts of aftercare episodes, with consent only. Hidden: groups of fewer people "
    "than the threshold, and more so that totals do not give them away. Rounded to 5; percent from rounded counts.",
    "curves.csv": "Survivors of all offices together. At-risk counts rounded to 5; a step waits until it stands for "
    "six people.",
    "risk_indicators.csv": "What helps to predict, never what causes. No row is about a person.",
    "checks_summary.csv": "How many checks of the data ended how. Not numbers of people.",
    "checks_spoken.csv": "The checks that found more than they allow, by name; how much they found is not said.",
    "exclusions.csv": "Survivors who are in no table, rounded to 5.",
    "definitions.csv": "The definitions in force, with their versions.",
}

_DEFINITIONS = "select name, version, value, since from marts.meta.definition order by name, version"
_CHECKS = "select severity, status, count(*) from marts.quality.check group by all order by all"
_SPOKEN = (
    "select check_id, family, table_name, status, threshold, because from marts.quality.check "
    "where status in ('warn', 'fail', 'error') order by all"
)
_EXCLUSIONS = "select reason, sum(n_survivors_rounded) from marts.meta.exclusion group by reason order by reason"
_RISK = """
    select r.outcome, r.code, i.label, i.domain_code, round(r.importance, 4), round(r.lower, 4), round(r.upper, 4),
        r.rank_low, r.rank_high, r.direction, round(100 * r.selection_frequency)::integer
    from marts.models.risk_indicator as r
    left join marts.core.dim_indicator as i on r.code = i.indicator_code
    where r.unit = 'indicator'
    order by r.outcome, r.rank_low, r.rank_high, r.code
"""
SPOKEN_COLUMNS = ("check_id", "family", "table_name", "status", "threshold", "because")
RISK_COLUMNS = (
    "outcome", "code", "label", "domain_code", "importance", "lower", "upper",
    "rank_low", "rank_high", "direction", "selection_percent",
)  # fmt: skip


def write_share(marts: Path, folder: Path, facts: ReleaseFacts, *, threshold: int = 11) -> None:
    """Writes every shared table as CSV, and share/manifest.json that says what they are."""
    checked_threshold(threshold)
    folder.mkdir()
    with connect() as connection:
        content.attach(connection, marts, "marts")
        tables = {f"episodes_by_{name}.csv": _episodes(connection, name, threshold) for name in ("office", *GROUPS)}
        tables |= {
            "curves.csv": [curves.COLUMNS, *curves.shared_curves(connection, threshold)],
            "risk_indicators.csv": [RISK_COLUMNS, *connection.execute(_RISK).fetchall()],
            "checks_summary.csv": [("severity", "status", "n_checks"), *connection.execute(_CHECKS).fetchall()],
            "checks_spoken.csv": [SPOKEN_COLUMNS, *connection.execute(_SPOKEN).fetchall()],
            "exclusions.csv": _exclusions(connection, threshold),
            "definitions.csv": [("name", "version", "value", "since"), *connection.execute(_DEFINITIONS).fetchall()],
        }
    for name, rows in tables.items():
        files.write_text(folder / name, as_csv(rows))
    _write_manifest(folder, facts, threshold, {name: len(rows) - 1 for name, rows in tables.items()})


def _episodes(connection: duckdb.DuckDBPyConnection, dimension: str, threshold: int) -> list[Row]:
    column = content.quoted("office_id" if dimension == "office" else dimension)
    found = connection.execute(
        f"select {column}::varchar, count(*), count(distinct survivor_key) from marts.core.fct_episode group by 1"
    ).fetchall()
    labels = _offices(connection) if dimension == "office" else {name: name for name in GROUPS[dimension]}
    rest = "unknown" if "unknown" in labels or dimension == "office" else "other"
    counts, people = {name: 0 for name in labels}, {name: 0 for name in labels}
    for name, n_episodes, n_people in found:
        group = name if name in labels else rest
        labels.setdefault(group, group)
        counts[group] = counts.get(group, 0) + n_episodes
        people[group] = people.get(group, 0) + n_people
    table = one_way(counts, people=people, threshold=threshold)
    rows: list[Row] = [("group", "label", "n_episodes", "percent", "status")]
    rows += [(name, labels[name], n, table.percents[name], _status(n)) for name, n in table.counts.items()]
    return [*rows, ("all", "all", table.total, None, _status(table.total))]


def _offices(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    rows = connection.execute("select office_id::varchar, name from marts.core.dim_office order by 1").fetchall()
    return {str(office): str(name or office) for office, name in rows}


def _exclusions(connection: duckdb.DuckDBPyConnection, threshold: int) -> list[Row]:
    rows: list[Row] = [("reason", "n_survivors", "status")]
    for reason, n in connection.execute(_EXCLUSIONS).fetchall():
        shown = rounded(int(n or 0), threshold)
        rows.append((reason, shown, _status(shown)))
    return rows


def _status(shown: object) -> str:
    return "hidden" if shown is None else "shown"


def neutral(value: object) -> object:
    """A text that a spreadsheet would take for a formula, with an apostrophe before it; anything else as it is."""
    if isinstance(value, str) and value.lstrip().startswith(("=", "+", "-", "@")):
        return "'" + value
    if isinstance(value, str) and value.startswith(("\t", "\r", "\n")):
        return "'" + value
    return value


def _cell(value: object) -> object:
    """What is not a number is nothing."""
    return None if isinstance(value, float) and not isfinite(value) else neutral(value)


def as_csv(rows: Iterable[Row]) -> str:
    """Rows as RFC 4180 text with plain line ends; nothing becomes an empty field."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue()


def _write_manifest(folder: Path, facts: ReleaseFacts, threshold: int, n_rows: Mapping[str, int]) -> None:
    known = facts.as_json()
    described = {name: known[name] for name in ("release_id", "as_of", "extracted_at", "created_at", "code_version")}
    tables = {
        name: {
            "rows": rows,
            "sha256": files.sha256(folder / name),
            "caveat": CAVEATS["episodes_by" if name.startswith("episodes_by") else name],
        }
        for name, rows in n_rows.items()
    }
    described |= {"format": FORMAT, "threshold": threshold, "rounded_to": 5, "tables": tables}
    files.write_text(folder / "manifest.json", files.canonical_json(described) + "\n")
