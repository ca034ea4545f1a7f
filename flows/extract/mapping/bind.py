"""A mapping against the source that is there: the query of every contract table, or every reason why there can be none."""

from dataclasses import dataclass

import duckdb

from flows.extract.contract import Contract, Table
from flows.extract.mapping.document import Problems
from flows.extract.mapping.expression import Language, describe_error
from flows.extract.mapping.query import Source, Writer
from flows.extract.mapping.spec import DELIVERY, Block, Mapped, Mapping

MEND = "change the mapping or the source so that they agree; nothing of the delivery was loaded"


@dataclass(frozen=True)
class Bound:
    """The queries of the contract tables by name: as landing reads them, and with `#file` and `#row`; that of the delivery."""

    queries: dict[str, str]
    numbered: dict[str, str]
    delivery: str | None


def bind(mapping: Mapping, contract: Contract, source: Source, connection: duckdb.DuckDBPyConnection) -> Bound:
    """The queries of a mapping over a source, each of which `connection` can run.

    Raises ContractError naming every source table or column that is missing and every expression that does not fit, with its line.
    """
    problems = Problems()
    _refuse_missing_tables(mapping, source, problems)
    problems.refuse(mapping.name, next_step=MEND)
    writer = Writer(source, Language(), mapping.date_forms, problems)
    tables = {name: contract.tables[name] for name in mapping.tables}
    queries = {name: writer.table(table, mapping.tables[name]) for name, table in tables.items()}
    delivery = writer.block(DELIVERY, mapping.delivery) if mapping.delivery else None
    problems.refuse(mapping.name, next_step=MEND)
    for name, table in tables.items():
        if not _runs(connection, queries[name]):
            _find_fault(writer, table, mapping.tables[name], connection)
    if delivery and mapping.delivery and not _runs(connection, delivery):
        _find_fault(writer, DELIVERY, Mapped(mapping.delivery.line, (mapping.delivery,)), connection)
    problems.refuse(mapping.name, next_step=MEND)
    numbered = {name: writer.table(table, mapping.tables[name], numbered=True) for name, table in tables.items()}
    return Bound(queries, numbered, delivery)


def readers_of(mapping: Mapping) -> dict[str, list[str]]:
    """The source tables that each contract table is made from."""
    return {
        name: list(dict.fromkeys(one for block in mapped.blocks for one in _tables_of(block)))
        for name, mapped in mapping.tables.items()
    }


def _tables_of(block: Block) -> list[str]:
    return [block.table, *(join.table for join in block.joins)]


def _refuse_missing_tables(mapping: Mapping, source: Source, problems: Problems) -> None:
    blocks = [(name, block) for name, mapped in mapping.tables.items() for block in mapped.blocks]
    if mapping.delivery:
        blocks.append((DELIVERY.name, mapping.delivery))
    for name, block in blocks:
        for line, table in [(block.line, block.table), *((join.line, join.table) for join in block.joins)]:
            if table not in source.columns:
                problems.add(line, name, f"the source table {table} is not in the source")


def _runs(connection: duckdb.DuckDBPyConnection, query: str) -> bool:
    try:
        connection.execute(f"describe {query}")
    except duckdb.Error:
        return False
    return True


def _find_fault(writer: Writer, table: Table, mapped: Mapped, connection: duckdb.DuckDBPyConnection) -> None:
    """Note which value, filter or join of a table cannot be run."""
    before = len(writer.problems.found)
    for block in mapped.blocks:
        values = [value for columns in (block.columns, *block.unpivot) for value in columns.items()]
        for name, value in values:
            one = Block(block.line, block.where_line, block.table, block.joins, None, {name: value})
            _note(
                writer,
                Table(table.name, (), (table.column(name),), True, True),
                one,
                connection,
                value.line,
                value.where,
            )
        alone = Block(block.line, block.where_line, block.table, block.joins, block.where, {})
        _note(writer, table, alone, connection, block.where_line, f"{table.name}.where")
    if len(writer.problems.found) == before:
        writer.problems.add(mapped.line, table.name, "the query of this table cannot be run")


def _note(
    writer: Writer, table: Table, block: Block, connection: duckdb.DuckDBPyConnection, line: int, where: str
) -> None:
    try:
        connection.execute(f"describe {writer.block(table, block)}")
    except duckdb.Error as error:
        writer.problems.add(line, where, describe_error(error))
