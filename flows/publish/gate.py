"""The last gate before share/ may leave: the CSVs are read back and held against the marts, by other code than wrote them.

Every number of people in them must be one that may be said: large enough in the marts (or as it was published before, where it is
to stay so), on the grid, and not the only hidden one of a table with a total. A number that may not be said stops the release, and
nothing of it stays (F71).
"""

import csv
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import duckdb

from flows.errors import VerifyError
from flows.publish.files import STAGE
from flows.publish.sharing.cells import Row, State
from flows.publish.sharing.columns import COLUMNS, COUNTS
from flows.publish.sharing.figure import worded

KEY = re.compile(r"\b[0-9a-f]{32,}\b")
# Numbers that may stand in a hidden line: they are about no survivor.
NO_SURVIVOR = frozenset({"month", "horizon_months", "definition_version", "n_trainings", "last_training_quarter"})
OF_GROUPS = ("casework_type", "age_band", "office_id")
WORDS = ("reason", "wording")
PARTLY = frozenset({"n"})
"""What a line may still say where only its other numbers are hidden."""

Csv = list[dict[str, str]]
Exact = dict[tuple[str, ...], int]

# table: the mart behind it, the columns that name a line, and what in the mart is exact of each number of people
_OF_MARTS = {
    "optimal_time": ("outcomes.optimal_time", ("question", "stratum", "stratum_value"), {"n": "n"}),
    "history": ("outcomes.history", ("release_id", "measure", "stratum", "stratum_value"), {"n": "n"}),
    "model_metrics": ("models.metric", ("model_name", "model_id", "metric", "split"), {"n": "n"}),
    "fairness": (
        "models.fairness", ("model_id", "group_kind", "group_value", "metric"), {"n": "n", "n_positive": "n_positive"},
    ),
    "service_effects": (
        "services.effect", ("question", "strategy", "comparator", "contrast", "horizon_months"),
        {"effective_n": "floor(effective_n)"},
    ),
    "service_descriptions": (
        "services.description", ("measure", "category", "stratum", "stratum_value", "month"), {"n": "n"},
    ),
    "offices": ("outcomes.office", ("office_id", "measure"), {"n": "n"}),
    "partners": ("outcomes.partner", ("partner_id", "measure"), {"n": "n"}),
    "training_needs": ("outcomes.training_need", ("partner_id", "kind", "code", "measure"), {"n": "n"}),
    "exclusions": ("meta.exclusion", ("reason",), {"n_survivors": "n_survivors_rounded"}),
}  # fmt: skip
_STATE_NAMES = {"n_positive": "yes"}


def check_share(
    folder: Path, connection: duckdb.DuckDBPyConnection, *, threshold: int, past: State | None = None
) -> None:
    """Returns when every CSV of a share folder may leave; raises VerifyError with the first table and how many lines may not.

    The marts of the release are attached as `marts`. `past`: what the release before remembered.
    """
    for table, columns in COLUMNS.items():
        rows = _read(folder / f"{table}.csv", columns, table)
        _refuse("a line that is hidden says a number", table, [row for row in rows if not _is_silent(row)])
        _refuse(
            "a number of people is off the grid or too small",
            table,
            [row for row in rows if not _on_grid(row, threshold)],
        )
        _refuse("a line holds a key of a person", table, [row for row in rows if _holds_key(row)])
        _refuse(
            "words may count people",
            table,
            [row for row in rows if any(worded(row.get(c)) != row.get(c) for c in WORDS)],
        )
        for column, exact in _exact(connection, table):
            known = past.tables.get(table, {}) if past else {}
            named = _named(table)
            wrong = [
                row for row in rows
                if row[column] and not _may_be_said(row, column, named, exact, known, threshold)
            ]  # fmt: skip
            _refuse("a number of people is not what the marts allow to be said", table, wrong)
        _refuse("one hidden number follows from the total", table, _alone(table, rows))


def _read(path: Path, columns: tuple[str, ...], table: str) -> Csv:
    try:
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file, strict=True)
            rows = list(reader)
    except (OSError, csv.Error, UnicodeError):
        raise _refusal("a shared table cannot be read back", table, 1) from None
    if tuple(reader.fieldnames or ()) != columns or any(None in row or None in row.values() for row in rows):
        raise _refusal("a shared table has other columns than are promised", table, 1)
    return rows


def _holds_key(row: Mapping[str, str]) -> bool:
    """Whether a cell looks like a pseudonym; the id of a model looks so, too."""
    return any(KEY.search(text) for name, text in row.items() if name != "model_id")


def _is_silent(row: Mapping[str, str]) -> bool:
    """Whether a hidden line says no number; the number of all may stay where only a share of it is hidden."""
    if row.get("status") != "hidden":
        return True
    free = NO_SURVIVOR | PARTLY
    names = [name for name in row if name not in free and name.startswith(_FIGURES)]
    return not any(row[name] for name in names)


_FIGURES = (
    "estimate", "lower", "upper", "n_episodes", "n_at_risk", "n_positive", "n_survivors", "effective_n", "percent",
    "observed", "expected", "ratio", "shrunken", "probability", "mean", "before", "after", "set_months", "wording",
)  # fmt: skip


def _on_grid(row: Mapping[str, str], threshold: int) -> bool:
    shown = [row[name] for name in COUNTS if row.get(name)]
    return all(text.isdigit() and int(text) >= threshold and int(text) % 5 == 0 for text in shown)


def _named(table: str) -> tuple[str, ...]:
    if table in _OF_MARTS:
        return _OF_MARTS[table][1]
    return {"domain_changes": ("domain_code", "stratum", "stratum_value"), "quality": ("office_id", "measure")}.get(
        table, ("group",)
    )


def _exact(connection: duckdb.DuckDBPyConnection, table: str) -> Iterator[tuple[str, Exact]]:
    """For each column of numbers of people, what is exact in the marts."""
    if table.startswith("episodes_by_"):
        name = table.removeprefix("episodes_by_").replace("office", "office_id")
        counted = f"select {name}::varchar, least(count(*), count(distinct survivor_key)) from marts.core.fct_episode group by 1"
        yield "n_episodes", _asked(connection, counted)
    elif table == "domain_changes":
        yield "n", _domains(connection)
    elif table in _OF_MARTS:
        mart, key, numbers = _OF_MARTS[table]
        for column, number in numbers.items():
            # Twice in a mart is added up: a reason of exclusion may be.
            query = (
                f"select {', '.join(f'{one}::varchar' for one in key)}, sum({number}) from marts.{mart} group by all"
            )
            yield column, _asked(connection, query)


def _asked(connection: duckdb.DuckDBPyConnection, query: str) -> Exact:
    try:
        rows = connection.execute(query).fetchall()
    except duckdb.CatalogException:
        return {}
    return {tuple(str("" if part is None else part) for part in row[:-1]): int(row[-1] or 0) for row in rows}


def _domains(connection: duckdb.DuckDBPyConnection) -> Exact:
    joined = (
        "from marts.aso.change as c join marts.core.fct_episode as e using (episode_key) "
        "where c.initial is not null and c.latest is not null"
    )
    found = _asked(connection, f"select c.domain_code, 'overall', 'all', count(*) {joined} group by 1")
    for group in OF_GROUPS:
        found |= _asked(
            connection, f"select c.domain_code, '{group}', e.{group}::varchar, count(*) {joined} group by 1, 3"
        )
    return found


def _may_be_said(
    row: Mapping[str, str], column: str, named: tuple[str, ...], exact: Exact, before: Mapping[tuple[str, ...], Row], threshold: int
) -> bool:  # fmt: skip
    """Whether the exact number is no small one; or it is what was published before, and has moved by less than the threshold."""
    key, shown = tuple(row[name].removeprefix("'") for name in named), int(row[column])
    if column == "n_episodes" and key == ("all",):
        return True  # the sum of what is judged line by line
    now = exact.get(key, 0)
    if now >= threshold and (column == "n_episodes" or abs(shown - now) < max(5, threshold)):
        return True
    known = before.get(key)
    name = _STATE_NAMES.get(column, "n")
    was = known.counts.get(name, 0) if known else 0
    return was >= threshold and abs(was - shown) < 5 and abs(was - now) < threshold


def _alone(table: str, rows: Csv) -> Csv:
    """The one hidden group of a table whose total is shown."""
    if not table.startswith("episodes_by_") or not rows or rows[-1]["status"] == "hidden":
        return []
    hidden = [row for row in rows if row["status"] == "hidden"]
    return hidden if len(hidden) == 1 else []


def _refuse(rule: str, table: str, wrong: Csv) -> None:
    if wrong:
        raise _refusal(rule, table, len(wrong))


def _refusal(rule: str, table: str, count: int) -> VerifyError:
    return VerifyError(
        rule, stage=STAGE, table=f"share/{table}.csv", count=count,
        next_step="nothing was written that leaves; this is an error in the code: report the rule and the table",
    )  # fmt: skip
