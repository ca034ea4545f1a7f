"""The codes of a delivery that the contract does not know. For the screen of a person who may see the delivery; never written."""

import duckdb

from flows.extract.contract import Column, Contract, Table
from flows.extract.source import Delivery
from flows.warehouse import literal


def unmapped_codes(delivery: Delivery, contract: Contract, *, mapping: str | None = None) -> list[dict[str, object]]:
    """table, column, value, rows, and where to add what, most frequent first: under a `mapping` in its file, else in the contract."""
    found: list[dict[str, object]] = []
    with delivery.reading(None) as connection:
        for table in contract.tables.values():
            for column in table.columns:
                if column.kind in {"code", "closure"}:
                    found += _of_column(connection, delivery, contract, table, column)
    if mapping:
        for row in found:
            row["add"] = f"{mapping}, {row['table']}, {row['column']}, codes: {row['value']}: <a code of the contract>"
    return sorted(found, key=lambda row: -int(str(row["rows"])))


def _of_column(
    connection: duckdb.DuckDBPyConnection, delivery: Delivery, contract: Contract, table: Table, column: Column
) -> list[dict[str, object]]:
    name = f'"{column.name}"'
    if column.kind == "code":
        known = ", ".join(literal(code) for code in contract.codes[column.of])
        unknown = f"{name} not in ({known})"
    else:
        patterns = " or ".join(
            f"regexp_matches(lower({name}), {literal(pattern)})" for pattern, _ in contract.closure_patterns
        )
        unknown = f"not ({patterns})"
    try:
        rows = connection.execute(
            f"select {name}, count(*) from ({delivery.scan(table.name)}) where {name} is not null and {unknown} "
            "group by 1 order by 2 desc, 1"
        ).fetchall()
    except duckdb.Error as error:
        raise delivery.unreadable(error, table.name) from None
    return [
        {"table": table.name, "column": column.name, "value": value, "rows": count, "add": _line(column, str(value))}
        for value, count in rows
    ]


def _line(column: Column, value: str) -> str:
    if column.kind == "closure":
        return f"flows/extract/closure_reasons.csv, above the last line: {value.lower()},<outcome>,<date>"
    return f"flows/extract/jds.yml, codes: {column.of}: [..., {value}]"
