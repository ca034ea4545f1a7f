"""The rows of a delivery judged by the night's own models: for each rule how many rows, and the first of them."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from flows.errors import Exit, HomeError
from flows.extract.contract import Contract, Table
from flows.extract.landing_query import landing_query, repeated_keys
from flows.extract.precheck.findings import Finding, Level, places
from flows.extract.precheck.likely import resembled
from flows.extract.precheck.models import Models, nothing_known_before, run_facts
from flows.extract.precheck.opening import REFUSES, Opened
from flows.extract.precheck.own_rules import ON_MODEL, OWN_RULES, on_landed
from flows.extract.precheck.rules import LOOKS_BACK, RELATIONAL, RULES, UNREADABLE, Rule, unheard, unlisted
from flows.warehouse import literal

MODEL_OF = {
    "offices": "int_office_row",
    "partners": "int_partner_row",
    "partner_trainings": "int_training_row",
    "survivors": "int_survivor_row",
    "cases": "int_case_row",
    "aftercare_episodes": "int_episode_row",
    "aso_assessments": "int_assessment_row",
    "aso_scores": "int_score_row",
    "community_events": "int_community_row",
    "health_services": "int_health_row",
    "legal_proceedings": "int_legal_row",
    "support_services": "int_support_row",
}
# Tables that nothing else looks into: let go as soon as they are judged.
LEAVES = frozenset({"partner_trainings", "aso_scores", *list(MODEL_OF)[8:]})
# As a spreadsheet counts: the header is row 1.
POSITION = '{file: "#file", row: "#row" + 1}'
Counted = tuple[str, int, list[dict[str, object]] | None]


@dataclass(frozen=True)
class Judge:
    """What judging a table needs."""

    connection: duckdb.DuckDBPyConnection
    models: Models
    opened: Opened
    contract: Contract
    limit: int


def judge_rows(
    opened: Opened,
    contract: Contract,
    project: Path,
    *,
    as_of: date,
    variables: Mapping[str, Any] | None = None,
    limit: int = 5,
    memory_limit: str | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> list[Finding]:
    """What the night would find in the rows: one finding a table, column and rule, with the first `limit` rows.

    `variables` are those that the night would give dbt, where they are not the project's.

    Everything stays in memory, identifiers as hashes; nothing is written or spilled. Raises HomeError where memory is not enough.
    """
    facts = opened.delivery.facts
    found: list[Finding] = []
    with opened.delivery.reading(None) as connection:
        if memory_limit:
            connection.execute(f"set memory_limit = {literal(memory_limit)}")
        connection.execute("create temp macro pseudonym(kind, identifier) as md5(kind || ':' || identifier)")
        models = Models(connection, project, variables or {})
        nothing_known_before(models)
        extracted_on = facts.extracted_at.date().isoformat()
        run_facts(models, as_of=as_of.isoformat(), is_full=facts.mode == "full", extracted_on=extracted_on)
        judge = Judge(connection, models, opened, contract, limit)
        for table in contract.tables.values():
            progress(table.name)
            try:
                found += _judge_table(judge, table)
            except duckdb.OutOfMemoryException:
                raise _no_memory(table) from None
    return found


def _judge_table(judge: Judge, table: Table) -> list[Finding]:
    model = MODEL_OF[table.name]
    unreadable = _load(judge, table)
    judge.models.build(model)
    n_rows = int(judge.connection.execute(f'select count(*) from raw."{table.name}"').fetchall()[0][0])
    if unreadable or table.name in judge.opened.broken:
        found = unreadable
    else:
        found = [*_of_file(judge, table, n_rows), *_of_models(judge, table, model), *_of_cells(judge, table)]
    if table.name in LEAVES:
        judge.models.forget(model)
        judge.models.forget(f"stg_jds__{table.name}")
        judge.connection.execute(f'drop table raw."{table.name}"')
    return [replace(_alone(judge, one), n_checked=n_rows) for one in found if not _is_hidden(judge, one)]


def _alone(judge: Judge, one: Finding) -> Finding:
    """The finding, softened where only the deliveries before an incremental one can say whether it is a problem."""
    if one.rule not in LOOKS_BACK or judge.opened.delivery.facts.mode == "full":
        return one
    return replace(
        one, level=Level.NOTE, night="The night looks for it in what landed before; what is nowhere is left out."
    )


def _load(judge: Judge, table: Table) -> list[Finding]:
    """Land the table in memory, every row with its place. Where it cannot be read it is empty, and the finding says so."""
    try:
        _land(judge, table)
    except duckdb.OutOfMemoryException:
        raise
    except duckdb.Error as error:
        judge.opened.broken.add(table.name)
        _land(judge, table)
        return [_unreadable(judge, error, table)]
    return []


def _land(judge: Judge, table: Table) -> None:
    judge.connection.execute(repeated_keys(judge.opened.scan(table), table))
    landing = landing_query(judge.opened.numbered(table), table, judge.contract, POSITION)
    judge.connection.execute(f'create or replace table raw."{table.name}" as {landing}')


def _unreadable(judge: Judge, error: duckdb.Error, table: Table) -> Finding:
    """What can be said of a file that the engine cannot read: the rule, and the line where it stopped, never the line's text."""
    said = judge.opened.delivery.unreadable(error, table.name)
    line = re.search(r"CSV Error on Line: (\d+)", str(error))
    what = f"{said.rule}" + (f", near line {int(line[1]):,}" if line else "")
    mend = "look for an open quotation mark or a row with too many fields; `aftercare seal` writes the files rightly"
    return Finding(Level.REFUSED, table.name, (), "unreadable_file", what, REFUSES, mend, exit=said.code)


def _of_file(judge: Judge, table: Table, n_rows: int) -> Iterator[Finding]:
    """Rows that are not as many as stated, an empty table that may not be, and columns that nobody should fill."""
    stated = judge.opened.stated_rows.get(table.name, n_rows)
    if stated != n_rows:
        what = f"the file has {n_rows:,} rows, and the manifest says {stated:,}"
        mend = "seal or export the delivery again"
        yield Finding(Level.REFUSED, table.name, (), "row_count", what, REFUSES, mend, exit=Exit.DELIVERY)
    if n_rows == 0 and not table.may_be_empty and judge.opened.delivery.facts.mode == "full":
        mend = "fill the table in: nothing can be said without it"
        yield Finding(
            Level.REFUSED, table.name, (), "not_empty", "the table has no rows", REFUSES, mend, exit=Exit.DELIVERY
        )
    never = [column.name for column in table.columns if column.kind == "drop"]
    if never:
        counts = ", ".join(f'count("{name}")' for name in never)
        filled = judge.connection.execute(f"select {counts} from ({judge.opened.scan(table)})").fetchall()[0]
        names = tuple(name for name, n in zip(never, filled, strict=True) if n)
        if names:
            what = "the columns are filled, and the pipeline has no use for them"
            mend = "leave them blank, so that they do not travel; `aftercare seal` blanks them"
            yield Finding(
                Level.NOTE, table.name, names, "never_lands", what, "They are dropped at the door.", mend, max(filled)
            )


def _of_models(judge: Judge, table: Table, model: str) -> Iterator[Finding]:
    """What the night's models say of each row, and what they keep that a person would want to know."""
    quarantined = f"select rule as name, extract_sequence from {model} where bucket = 'quarantined'"
    doubled = (
        f"select 'duplicate_' || duplicate_rule as name, extract_sequence from {model} "
        "where duplicate_rule in ('exact', 'superseded')"
    )
    unreadable = (
        "select split_part(unnest(string_split(unreadable, ',')), ':', 1) as name, extract_sequence "
        f"from {model} where unreadable is not null"
    )
    for name, n, first in [*_first(judge, quarantined), *_first(judge, doubled)]:
        yield _finding(judge, table, name, RULES.get(name) or unheard(name), n, first)
    for name, n, first in _first(judge, unreadable):
        yield _finding(judge, table, "unreadable", UNREADABLE[table.column(name).kind], n, first, (name,))
    for name, condition in ON_MODEL.get(table.name, {}).items():
        for _, n, first in _first(judge, f"select '' as name, extract_sequence from {model} where {condition}"):
            is_hers = name == "consent_withheld"
            yield _finding(judge, table, name, OWN_RULES[name], n, None if is_hers else first)


def _of_cells(judge: Judge, table: Table) -> Iterator[Finding]:
    """What can be seen in single cells: codes that are not on their list, and hints on texts that land."""
    landed = f'raw."{table.name}"'
    for column in table.columns:
        if column.kind == "code" and column.name not in table.primary_key:
            query = f"select '' as name, extract_sequence from {landed} where \"{column.name}\" like '#%'"
            for _, n, first in _first(judge, query):
                likely = resembled(judge.connection, judge.opened.scan(table), column, judge.contract)
                yield _finding(judge, table, "unknown_code", unlisted(column), n, first, (column.name,), likely)
    for name, column_name, condition in on_landed(table):
        for _, n, first in _first(judge, f"select '' as name, extract_sequence from {landed} where {condition}"):
            rule = "unknown_code" if name == "closure_unmapped" else name
            yield _finding(judge, table, rule, OWN_RULES[name], n, first, (column_name,))


def _first(judge: Judge, query: str) -> list[Counted]:
    """(name, rows, the first of them) of a query that gives a name and a place for each row found."""
    first = f"min(extract_sequence, {judge.limit})" if judge.limit else "null"
    rows = judge.connection.execute(f"select name, count(*), {first} from ({query}) group by name order by name")
    return [(str(name), int(n), places) for name, n, places in rows.fetchall()]


def _finding(
    judge: Judge,
    table: Table,
    name: str,
    rule: Rule,
    n: int,
    first: Iterable[dict[str, object]] | None,
    columns: tuple[str, ...] = (),
    likely: tuple[tuple[str, int], ...] = (),
) -> Finding:
    columns = columns or rule.columns_of(table.name, table.primary_key)
    where = places(frozenset({table.name}) | judge.opened.source_tables, first)
    return Finding(
        rule.level, table.name, columns, name, rule.what, rule.night, rule.mend, n, places=where, likely=likely
    )


def _is_hidden(judge: Judge, one: Finding) -> bool:
    """Whether a finding only repeats that a column or another table could not be read."""
    if one.level is Level.REFUSED:
        return False
    lacking = judge.opened.missing.get(one.table, frozenset())
    return bool(lacking & set(one.columns)) or (one.rule in RELATIONAL and bool(judge.opened.broken))


def _no_memory(table: Table) -> HomeError:
    return HomeError(
        "the memory limit was reached; nothing is spilled to disk here",
        stage="delivery check",
        table=table.name,
        next_step="raise AFTERCARE_MEMORY_LIMIT, or check on a larger machine",
    )
