"""The findings as a page for the terminal, and as JSON: counts, places and words of the project, never a value."""

import json
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import replace

from flows.errors import Exit
from flows.extract.precheck.findings import Finding, Level, Place, exit_of

WIDTH = 100
HeldBy = Callable[[str, int, int], bool]
HOLDS = "So many hold the night until a person has looked; the last release stays."


def with_holds(findings: Sequence[Finding], is_held: HeldBy) -> list[Finding]:
    """The findings, those that the night would hold at that level; `is_held` judges (check id, rows checked, rows found)."""
    return [
        replace(one, level=Level.HELD, night=f"{one.night} {HOLDS}")
        if one.n_rows and one.level is not Level.REFUSED and is_held(one.hold_check, one.n_checked, one.n_rows)
        else one
        for one in findings
    ]


def as_json(findings: Sequence[Finding]) -> str:
    """All of it for a program."""
    document = {
        "exit": int(exit_of(findings)),
        "findings": [
            {
                "level": one.level.value,
                "table": one.table,
                "columns": list(one.columns),
                "rule": one.rule,
                "n_rows": one.n_rows,
                "n_checked": one.n_checked,
                "places": [{"file": place.file, "rows": list(place.rows)} for place in one.places],
                "likely": [{"code": code, "rows": n} for code, n in one.likely],
                "what": one.what,
                "night": one.night,
                "mend": one.mend,
            }
            for one in findings
        ],
    }
    return json.dumps(document, indent=1, ensure_ascii=False)


def as_text(findings: Sequence[Finding]) -> str:
    """All of it for a person: worst first within each table, and a summary at the end."""
    lines: list[str] = []
    for table in dict.fromkeys(one.table for one in findings):
        lines += [table or "the delivery", ""]
        of_table = sorted((one for one in findings if one.table == table), key=_rank)
        for one in of_table:
            lines += [*_lines(one), ""]
    return "\n".join([*lines, *_summary(findings)])


def _rank(finding: Finding) -> int:
    return list(Level).index(finding.level)


def _lines(one: Finding) -> list[str]:
    columns = f"{', '.join(one.columns)}: " if one.columns else ""
    count = f" {_rows(one.n_rows)}" if one.n_rows is not None else ""
    share = f" of {one.n_checked:,}" if one.n_rows and one.n_checked else ""
    said = [f"{one.level.value.upper()}  {columns}{one.what} ({one.rule}).{count}{share}{'.' if count else ''}"]
    said += [_where(one)] if one.places else []
    if one.likely:
        said.append("Perhaps " + ", ".join(f"{code} is meant ({_rows(n)})" for code, n in one.likely) + ".")
    said.append(f"What the night does: {one.night}")
    said.append(f"What to do: {one.mend}.")
    first, *rest = said
    wrapped = textwrap.wrap(first, WIDTH, initial_indent="  ", subsequent_indent="    ")
    for text in rest:
        wrapped += textwrap.wrap(text, WIDTH, initial_indent="    ", subsequent_indent="    ")
    return wrapped


def _where(one: Finding) -> str:
    shown = sum(len(place.rows) for place in one.places)
    more = f", and {one.n_rows - shown:,} more" if one.n_rows and one.n_rows > shown else ""
    return "; ".join(map(_place, one.places)) + more + "."


def _place(place: Place) -> str:
    word = "Row" if len(place.rows) == 1 else "Rows"
    return f"{word} {', '.join(map(str, place.rows))} of {place.file}"


def _rows(n: int) -> str:
    return f"{n:,} row" if n == 1 else f"{n:,} rows"


def _summary(findings: Sequence[Finding]) -> list[str]:
    """What it comes to, in three sentences at most."""
    code = exit_of(findings)
    left_out = sum(one.n_rows or 0 for one in findings if one.level in {Level.LEFT_OUT, Level.HELD})
    counted = [f"{n} {level.value}" for level in Level if (n := sum(one.level is level for one in findings))]
    lines = [f"Problems: {', '.join(counted)}." if counted else "No problem was found."]
    if code is Exit.HELD:
        lines.append(f"The night would be held for a person to look (exit {int(code)}).")
    elif code is not Exit.OK:
        lines.append(f"The night would refuse this delivery (exit {int(code)}).")
    else:
        lines.append("The night would take this delivery.")
    if left_out and code is Exit.OK:
        lines.append("What is left out is in no figure: mend as much as you can before you hand it over.")
    return lines
