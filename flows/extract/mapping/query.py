"""The SQL of a contract table: one set-based query over the source's tables that gives every contract column as text.

A source column that is not there, or could be of two tables, is a problem with its line; nothing is run then.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from flows.extract.contract import Column, Table
from flows.extract.mapping.document import Problems
from flows.extract.mapping.expression import Expression, Language, read_date
from flows.extract.mapping.spec import Block, Join, Mapped, Value
from flows.warehouse import literal

DATES = frozenset({"date", "birth_year", "timestamp"})
NUMBERS = ("#file", "#row")
# A source table's columns by its name, and the query of some of its columns as text, numbered or not.
Scan = Callable[[str, list[str], bool], str]


@dataclass(frozen=True)
class Source:
    """What the queries stand on: the columns of each source table, and how it is scanned."""

    columns: dict[str, tuple[str, ...]]
    scan: Scan


@dataclass
class Scope:
    """The tables that a block reads, by alias, and the columns it uses of each."""

    source: Source
    tables: dict[str, str]
    used: dict[str, dict[str, None]] = field(default_factory=dict)

    def resolve(self, names: tuple[str, ...]) -> tuple[str, str] | None:
        """Alias and column of a name as written; the block's first table goes before the joined ones. None where it is not one column."""
        found = self._found(names)
        if len(found) != 1:
            return None
        alias, column = found[0]
        self.used.setdefault(alias, {})[column] = None
        return alias, column

    def _found(self, names: tuple[str, ...]) -> list[tuple[str, str]]:
        name = names[-1]
        if len(names) == 2:
            return [(names[0], name)] if self._has(names[0], name) else []
        first = next(iter(self.tables))
        if self._has(first, name):
            return [(first, name)]
        found = [(alias, name) for alias in self.tables if self._has(alias, name)]
        alias, dot, rest = name.partition(".")
        return found or ([(alias, rest)] if dot and self._has(alias, rest) else [])

    def _has(self, alias: str, column: str) -> bool:
        return alias in self.tables and column in self.source.columns.get(self.tables[alias], ())

    def fault(self, names: tuple[str, ...]) -> str:
        """Why a name is not one column."""
        name = ".".join(names)
        where = ", ".join(dict.fromkeys(self.tables.values()))
        if len(self._found(names)) > 1:
            return f"the source column {name} stands in several tables; name its table ({where})"
        return f"the source column {name} is not in {where}"


@dataclass(frozen=True)
class Writer:
    """Writes the query of one contract table after another; what is wrong goes to `problems`."""

    source: Source
    language: Language
    forms: tuple[str, ...]
    problems: Problems

    def table(self, table: Table, mapped: Mapped, *, numbered: bool = False) -> str:
        """The query of a contract table; with `numbered` also the file and the row (from 1) of the block's source table."""
        names = [f'"{column.name}"' for column in table.columns] + [f'"{name}"' for name in NUMBERS if numbered]
        if not mapped.blocks:
            nothing = ", ".join(f"null::{'bigint' if name == _Q_ROW else 'varchar'} as {name}" for name in names)
            return f"select {nothing} where false"
        rows = " union all ".join(self.block(table, block, numbered=numbered) for block in mapped.blocks)
        return _one_row_per_key(table, rows, names) if mapped.one_row_per_key else rows

    def block(self, table: Table, block: Block, *, numbered: bool = False) -> str:
        """The query of one block."""
        scope = Scope(self.source, {block.table: block.table} | {join.alias: join.table for join in block.joins})
        columns = [
            f"{self.value(scope, column, value)} as {_name(name)}" for name, column, value in _values(table, block)
        ]
        columns += [f"{_name(block.table)}.{_name(name)}" for name in NUMBERS if numbered]
        where = (
            f" where {self._written(scope, block.where, block.where_line, f'{table.name}.where')}"
            if block.where
            else ""
        )
        ons = [self._on(scope, table, join) for join in block.joins]
        joins = "".join(
            f" left join ({self._joined(scope, table, join)}) as {_name(join.alias)} on {on}"
            for join, on in zip(block.joins, ons, strict=True)
        )
        base = self.source.scan(block.table, list(scope.used.get(block.table, {})), numbered)
        rows = f"select {', '.join(columns)} from ({base}) as {_name(block.table)}{joins}{where}"
        return _unpivoted(table, block, rows, numbered) if block.unpivot else rows

    def value(self, scope: Scope, column: Column, value: Value) -> str:
        """The SQL of one value in the contract's text form."""
        if value.if_absent and value.expression and any(not scope.resolve(names) for names in value.expression.columns):
            return self.value(scope, column, value.if_absent)
        if value.expression is None:
            return literal(value.constant) if value.constant is not None else "null::varchar"
        text = f"({self._written(scope, value.expression, value.line, value.where)})::varchar"
        if value.codes is not None:
            whens = " ".join(f"when {literal(source)} then {_or_null(code)}" for source, code in value.codes)
            rest = text if value.keeps_rest else f"case when {text} is not null then {_or_null(value.rest)} end"
            text = f"case {text} {whens} else {rest} end" if whens else rest
        if column.kind in DATES:
            form = "" if column.kind == "timestamp" else "::date"
            text = f"coalesce(({read_date(text, self.forms, as_date=False)}){form}::varchar, {text})"
        return f"nullif({text}, '')"

    def _on(self, scope: Scope, table: Table, join: Join) -> str:
        pairs = []
        for left, right in join.on:
            written = self._written(scope, left, join.line, f"{table.name}.join")
            self._written(scope, _of(join.alias, right), join.line, f"{table.name}.join")
            pairs.append(f"({written})::varchar = {_name(join.alias)}.{_name(right)}")
        return " and ".join(pairs)

    def _joined(self, scope: Scope, table: Table, join: Join) -> str:
        """The joined table, one row for each key: the newest; of equal ones that whose text is greatest."""
        where_of = f"{table.name}.join"
        alone = Scope(self.source, {join.alias: join.table}, {join.alias: scope.used.get(join.alias, {})})
        where = f" where {self._written(alone, join.where, join.line, where_of)}" if join.where else ""
        newest = [self._written(alone, _of(join.alias, join.newest), join.line, where_of)] if join.newest else []
        used = list(alone.used[join.alias])
        keys = ", ".join(_name(name) for _, name in join.on)
        order = [f"{read_date(one, self.forms, as_date=False)} desc nulls last" for one in newest]
        order += [f"{_name(name)} desc nulls last" for name in used]
        return (
            f"select * from ({self.source.scan(join.table, used, False)}) as {_name(join.alias)}{where} "
            f"qualify row_number() over (partition by {keys} order by {', '.join(order)}) = 1"
        )

    def _written(self, scope: Scope, expression: Expression, line: int, where: str) -> str:
        wrong = [names for names in expression.columns if scope.resolve(names) is None]
        for names in wrong:
            self.problems.add(line, where, scope.fault(names))
        return "null" if wrong else self.language.write(expression, scope.resolve, self.forms)


_Q_ROW = '"#row"'


def _values(table: Table, block: Block) -> list[tuple[str, Column, Value]]:
    """What a block computes of each row of its source: the contract's columns, and those of each unpivoted row under `#<its place>`."""
    nothing = Value(block.line, table.name)
    given = set(block.columns) if block.unpivot else {column.name for column in table.columns}
    shared = [(one.name, one, block.columns.get(one.name, nothing)) for one in table.columns if one.name in given]
    each = [
        (f"#{place}.{name}", table.column(name), value)
        for place, values in enumerate(block.unpivot)
        for name, value in values.items()
    ]
    return shared + each


def _unpivoted(table: Table, block: Block, rows: str, numbered: bool) -> str:
    """One row for each place of `unpivot`; what is computed of a source row is computed once."""
    columns = []
    for column in table.columns:
        places = [place for place, values in enumerate(block.unpivot) if column.name in values]
        cases = " ".join(f"when {place} then {_name(f'#{place}.{column.name}')}" for place in places)
        rest = _name(column.name) if column.name in block.columns else "null::varchar"
        chosen = f'case "#i" {cases} else {rest} end' if cases else rest
        columns.append(f"{chosen} as {_name(column.name)}")
    columns += [_name(name) for name in NUMBERS if numbered]
    return f'select {", ".join(columns)} from ({rows}) cross join range({len(block.unpivot)}) as "#each"("#i")'


def _one_row_per_key(table: Table, rows: str, names: list[str]) -> str:
    """Of the rows with one key the one that stands: not deleted before deleted, then the newest, then the greatest text."""
    keys = ", ".join(_name(name) for name in table.primary_key)
    has_key = " and ".join(f"{_name(name)} is not null" for name in table.primary_key)
    deleted = [] if table.is_reference else ["coalesce(lower(is_deleted) in ('true', '1'), false)"]
    order = [
        *deleted,
        "try_cast(modified_at as timestamptz) desc nulls last",
        *(f"{name} desc nulls last" for name in names),
    ]
    return (
        f"select * from ({rows}) qualify not ({has_key}) "
        f"or row_number() over (partition by {keys} order by {', '.join(order)}) = 1"
    )


def _of(alias: str, column: str) -> Expression:
    return Expression(
        {"class": "COLUMN_REF", "type": "COLUMN_REF", "alias": "", "query_location": 0, "column_names": [alias, column]}
    )


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _or_null(text: str | None) -> str:
    return "null" if text is None else literal(text)
