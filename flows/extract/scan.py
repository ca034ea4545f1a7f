"""The SQL that reads a delivered file: the contract's columns as text, matched by name, whatever the file's form."""

from dataclasses import dataclass
from pathlib import Path

from flows.extract.contract import Column
from flows.warehouse import the_file

# One field may be a long note: RFC 4180 sets no limit, DuckDB needs one.
MAX_LINE_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True)
class Part:
    """One file of a table, the column types it came with, what it looked like when checked, and a CSV file's header."""

    path: Path
    types: dict[str, str]
    fingerprint: tuple[int, int]
    header: tuple[str, ...] = ()


def parquet_rows(path: Path) -> str:
    """The rows of a Parquet file. A folder named `status=closed` is a name: it gives no column."""
    return f"read_parquet({the_file(path)}, hive_partitioning=false)"


def scan_part(part: Part, columns: tuple[Column, ...]) -> str:
    """A SQL query over one file: these columns as text, by name."""
    if part.path.suffix == ".parquet":
        selected = ", ".join(f'{as_text(column, part.types.get(column.name))} as "{column.name}"' for column in columns)
        return f"select {selected} from {parquet_rows(part.path)}"
    # The header's names are matched here, exactly; the reader gets names of ours, since a header may hold any, or none.
    there = {name: f"c{number}" for number, name in enumerate(part.header)}
    selected = ", ".join(f'{there.get(column.name, "null::varchar")} as "{column.name}"' for column in columns)
    names = ", ".join(f"'c{number}': 'VARCHAR'" for number in range(len(part.header)))
    return (
        f"select {selected} from read_csv({the_file(part.path)}, columns={{{names}}}, auto_detect=false, "
        "strict_mode=true, header=true, delim=',', quote='\"', escape='\"', nullstr='', encoding='utf-8', "
        f"hive_partitioning=false, max_line_size={MAX_LINE_BYTES}, buffer_size={2 * MAX_LINE_BYTES})"
    )


def no_rows(columns: tuple[Column, ...]) -> str:
    """The query of a table that comes in no part at all."""
    nothing = ", ".join(f'null::varchar as "{column.name}"' for column in columns)
    return f"select {nothing} where false"


def as_text(column: Column, found: str | None) -> str:
    """The SQL that turns one delivered column into the text that CSV would have held: none where that is empty, or not a number (NaN)."""
    name = f'"{column.name}"'
    if found is None:
        return "null::varchar"
    if column.kind in {"date", "birth_year"} and found.startswith("TIMESTAMP"):
        return f"{name}::date::varchar"
    if column.kind == "timestamp" and found.startswith("TIMESTAMP"):
        return f"{name}::timestamptz::varchar"
    if found in {"DOUBLE", "FLOAT"}:
        name = f"case when not isnan({name}) then {name} end"
    is_fraction = found in {"DOUBLE", "FLOAT"} or found.startswith("DECIMAL")
    if is_fraction and column.kind not in {"number", "int"}:
        return f"coalesce(case when {name} = trunc({name}) then try_cast({name} as hugeint)::varchar end, ({name})::varchar)"
    return f"nullif(({name})::varchar, '')"
