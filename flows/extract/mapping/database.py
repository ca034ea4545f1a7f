"""A database whose tables have names and columns of their own: the text of each contract table as one query over them."""

from collections.abc import Callable
from dataclasses import replace

import duckdb

from flows.extract.contract import Column, Contract
from flows.extract.mapping.bind import bind
from flows.extract.mapping.query import Source
from flows.extract.mapping.spec import Mapping
from flows.extract.scan import as_text


def mapped_texts(
    connection: duckdb.DuckDBPyConnection,
    relation: Callable[[str], str],
    types: dict[str, dict[str, str]],
    mapping: Mapping,
    contract: Contract,
) -> dict[str, str]:
    """The query of each contract table over the source's tables: every contract column as text.

    `relation` gives the `from` of a source table, `types` the DuckDB types of its columns.

    The delivery is described by the transaction, not by the mapping. Raises ContractError where mapping and tables do not agree.
    """

    def scan(table: str, names: list[str], numbered: bool) -> str:
        wanted = [Column(name, "text", "", "none") for name in names or list(types[table])[:1]]
        columns = [f'{as_text(column, types[table][column.name])} as "{column.name}"' for column in wanted]
        columns += ['null::varchar as "#file"', 'null::bigint as "#row"'] if numbered else []
        return f"select {', '.join(columns)} {relation(table)}"

    source = Source({table: tuple(columns) for table, columns in types.items()}, scan)
    bound = bind(replace(mapping, delivery=None), contract, source, connection)
    return {table: f"select * from ({query})" for table, query in bound.queries.items()}
