"""changes.csv: what a reader of the last month's tables reads otherwise now. Made of published lines and of nothing else."""

from collections.abc import Mapping

from flows.publish.sharing.cells import Line
from flows.publish.sharing.columns import COLUMNS
from flows.publish.sharing.figure import HIDDEN, SHOWN

# table: columns that name a line, columns whose numbers are compared
COMPARED: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    **{
        f"episodes_by_{name}": (("group",), ("n_episodes",))
        for name in ("office", "casework_type", "outcome", "age_band", "gender")
    },
    "curves": (("curve_name", "stratum_value", "state", "month"), ("estimate_percent",)),
    "optimal_time": (("question", "stratum_value"), ("estimate_months",)),
    "exclusions": (("reason",), ("n_survivors",)),
}
STATES = ("restored", "lost")

Lines = Mapping[str, list[list[str]]]


def changes(before: Lines, now: Lines, cause: str) -> list[Line]:
    """One line per number that was published a month ago and is another now, or is hidden in one of the two."""
    found: list[Line] = []
    for table, (key, numbers) in COMPARED.items():
        old, new = _by_key(table, before.get(table, []), key), _by_key(table, now.get(table, []), key)
        for name in (name for name in new if name in old):
            for column in numbers:
                found += _changed(table, f"{column}: {name}", old[name][column], new[name][column], cause)
    return found


def _changed(table: str, measure: str, before: str, after: str, cause: str) -> list[Line]:
    if before == after:
        return []
    if not before or not after:
        return [(table, measure, None, None, cause, HIDDEN)]
    return [(table, measure, _number(before), _number(after), cause, SHOWN)]


def _number(text: str) -> object:
    return int(text) if text.lstrip("-").isdigit() else float(text)


def _by_key(table: str, lines: list[list[str]], key: tuple[str, ...]) -> dict[str, dict[str, str]]:
    named = [dict(zip(COLUMNS[table], line, strict=True)) for line in lines]
    if table == "curves":
        named = [one for one in named if one["stratum"] == "overall" and one["state"] in STATES]
    if table == "optimal_time":
        named = [one for one in named if one["stratum"] == "overall"]
    return {" ".join(one[name] for name in key): one for one in named}
