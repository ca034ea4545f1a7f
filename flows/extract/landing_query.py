"""The SQL that lands one table: types, pseudonyms and codes of its cells, and a digest of rows that share a key."""

from flows.extract import cells
from flows.extract.contract import Column, Contract, Table
from flows.warehouse import literal


def repeated_keys(scan: str, table: Table) -> str:
    """The statement that makes the temporary table `repeated`: keys that stand more than once, which `landing_query` looks into."""
    keys = ", ".join(f'"{name}"' for name in table.primary_key)
    return (
        f"create or replace temp table repeated as select {_row_key(table)} as row_key from ({scan}) "
        f"group by {keys} having count(*) > 1 and row_key is not null"
    )


def _row_key(table: Table) -> str:
    return " || '|' || ".join(f'"{name}"' for name in table.primary_key)


def landing_query(scan: str, table: Table, contract: Contract, sequence: str) -> str:
    """The query that lands a table from its text; `sequence` is the SQL of `extract_sequence`."""
    row_key = _row_key(table)
    landed = [column for column in table.columns if column.kind != "drop"]
    values = ", ".join(f'{cells.landed_value(column, contract)} as "{column.landed_as}"' for column in landed)
    closure = [
        f"left(pseudonym('closure', \"{column.name}\"), 16) as closure_hash"
        for column in landed
        if column.kind == "closure"
    ]
    unreadable = ", ".join(check for column in landed if (check := _unreadable_check(column)))
    everything = ", ".join(_compared(column) for column in table.columns)
    digest = (
        f"case when {row_key} in (select row_key from repeated) "
        f"then pseudonym('row', hash({everything})::varchar) end as row_digest"
    )
    parts = [values, *closure, f"nullif(concat_ws(',', {unreadable}), '') as unreadable", digest]
    return f"select {sequence} as extract_sequence, {', '.join(parts)} from ({scan})"


def _compared(column: Column) -> str:
    """A cell as two rows of one key are compared: a value by what it is, however it is written; all else by its text."""
    name = f'"{column.name}"'
    if column.kind == "birth_year":
        return f"coalesce(({cells.date(name)})::varchar, {name})"
    if column.kind not in {"date", "timestamp", "bool", "number", "int"}:
        return name
    return f"coalesce(({cells.landed_value(column, Contract('', {}, {}))})::varchar, {name})"


def _unreadable_check(column: Column) -> str | None:
    if column.kind not in {"date", "birth_year", "timestamp", "bool", "number", "int"}:
        return None
    value = cells.landed_value(column, Contract("", {}, {}))
    return f'case when "{column.name}" is not null and ({value}) is null then {literal(column.name)} end'
