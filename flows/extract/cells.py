"""The SQL that reads one cell of text as the contract's type; null where the text is not of that type."""

from flows.extract.contract import Column, Contract
from flows.warehouse import literal


def date(name: str) -> str:
    """A date written as YYYY-MM-DD, and no other way."""
    return rf"case when regexp_full_match({name}, '\d{{4}}-\d{{2}}-\d{{2}}') then try_cast({name} as date) end"


def timestamp(name: str) -> str:
    """An ISO 8601 timestamp; UTC where it has no zone, and the full minute where it has no seconds."""
    to_the_minute = r"'^(\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2})(Z|[+-].*)?$'"
    seconds = rf"regexp_replace(replace(upper({name}), ',', '.'), {to_the_minute}, '\1:00\2')"
    return (
        rf"case when regexp_matches({name}, '^\d{{4}}-\d{{2}}-\d{{2}}') "
        f"then coalesce(try_cast({name} as timestamptz), try_cast({seconds} as timestamptz)) end"
    )


def boolean(name: str) -> str:
    """true and false, as typed Parquet gives them also 1 and 0; no other word is read, so that none is taken for consent."""
    return f"case when lower({name}) in ('true', '1') then true when lower({name}) in ('false', '0') then false end"


def number(name: str) -> str:
    """A finite number."""
    return f"case when isfinite(try_cast({name} as double)) then try_cast({name} as double) end"


def landed_value(column: Column, contract: Contract) -> str:
    """The SQL that lands one column from its text."""
    name = f'"{column.name}"'
    simple = {
        "text": name,
        "date": date(name),
        "birth_year": f"year({date(name)})",
        "timestamp": timestamp(name),
        "bool": boolean(name),
        "number": number(name),
        "int": f"case when {number(name)} = trunc({number(name)}) then try_cast({number(name)} as bigint) end",
        "key": f"pseudonym({literal(column.of)}, {name})",
    }
    if column.kind in simple:
        return simple[column.kind]
    if column.kind == "code":
        known = ", ".join(literal(code) for code in contract.codes[column.of])
        return f"case when {name} in ({known}) then {name} else '#' || left(pseudonym('code', {name}), 12) end"
    patterns = " ".join(
        f"when regexp_matches(lower({name}), {literal(pattern)}) then {literal(code)}"
        for pattern, code in contract.closure_patterns
    )
    return f"case when {name} is null then null {patterns} else '#' end"
