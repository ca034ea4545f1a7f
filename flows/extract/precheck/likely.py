"""Which of our codes an unknown one resembles, so that a person sees what was meant. Their own value is never given out."""

import duckdb

from flows.extract.contract import Column, Contract
from flows.warehouse import literal

# Jaro-Winkler: a slip of a letter or two in a word of this length stays above it, another word of the list does not.
ALIKE = 0.88
MOST_VALUES = 1000


def resembled(
    connection: duckdb.DuckDBPyConnection, scan: str, column: Column, contract: Contract
) -> tuple[tuple[str, int], ...]:
    """(our code, rows whose value is written much like it), most rows first; of the most frequent unknown values."""
    codes = ", ".join(literal(code) for code in contract.codes[column.of])
    name = f'"{column.name}"'
    plain = "regexp_replace(lower(trim(value)), '[ -]+', '_', 'g')"
    unknown = (
        f"select {name} as value, count(*) as n from ({scan}) where {name} not in ({codes}) "
        f"group by 1 order by 2 desc, 1 limit {MOST_VALUES}"
    )
    rows = connection.execute(
        f"select code, sum(n)::bigint from (select n, code, jaro_winkler_similarity({plain}, lower(code)) as alike "
        f"from ({unknown}) cross join (select unnest([{codes}]) as code) "
        "qualify row_number() over (partition by value order by alike desc, code) = 1) "
        f"where alike >= {ALIKE} group by code order by 2 desc, 1"
    ).fetchall()
    return tuple((str(code), int(n)) for code, n in rows)
