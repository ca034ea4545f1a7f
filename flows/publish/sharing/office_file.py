"""One office's own numbers, for its own team: hidden and rounded as what leaves, also where all offices lay their files together."""

from collections.abc import Mapping, Sequence

from flows.publish.crosstab import two_way_hidden
from flows.publish.disclosure import percent, rounded
from flows.publish.sharing.cells import Line, Row, State
from flows.publish.sharing.figure import status
from flows.publish.sharing.gather import ALL, GROUPS

COLUMNS = (
    "section", "about", "label", "measure", "n", "percent", "observed", "expected", "ratio", "lower", "upper", "status", "reason",
)  # fmt: skip

# Of tables of share/: the column that names the row, and the columns taken over.
_TAKEN = {"offices": "office_id", "partners": "partner_id", "quality": "office_id", "training_needs": "partner_id"}

Csv = Sequence[Mapping[str, str]]


def office_lines(state: State, tables: Mapping[str, Csv], office: str) -> list[Line]:
    """The lines of an office, in the order of COLUMNS: its episodes by group, and what share/ says of it and its partners.

    `state` is that of the release: the exact numbers behind what was published, which move no more often than share/ does.
    """
    lines: list[Line] = []
    for dimension in GROUPS:
        lines += _episodes(state, dimension, office)
    mine = {office} | {key[1] for key in state.tables.get("_partners", {}) if key[0] == office and key[1]}
    for table, column in _TAKEN.items():
        for row in tables.get(table, ()):
            if row[column] in mine:
                code = f"{row['kind']} {row['code']} " if "kind" in row else ""
                known = {**row, "section": table, "about": row[column], "measure": code + row["measure"]}
                lines.append(tuple(known.get(name) or None for name in COLUMNS))
    return lines


def _episodes(state: State, dimension: str, office: str) -> list[Line]:
    """Episodes of the office by group, as one column of the table of all offices and groups."""
    rows = list(state.tables.get(f"_office_{dimension}", {}).values())
    offices = sorted({row.key[0] for row in rows} - {key[0] for key in state.hidden.get("episodes_by_office", ())})
    if office not in offices:
        return []
    groups = GROUPS[dimension]
    grid = _grid(rows, offices, groups)
    hidden = _hidden(state, dimension, grid)
    mine, total = offices.index(office), len(groups)
    shown = [None if (mine, j) in hidden else rounded(n, state.threshold) for j, n in enumerate(grid[mine])]
    whole = None if (mine, total) in hidden else rounded(sum(grid[mine]), state.threshold)
    empty = [None] * 5
    section = f"episodes_by_{dimension}"
    named = [*zip(groups, shown, strict=True), (ALL, whole)]
    return [
        (section, name, name, None, n, percent(n, whole) if name != ALL else None, *empty, status(n), None)
        for name, n in named
    ]


def _grid(rows: Sequence[Row], offices: Sequence[str], groups: Sequence[str]) -> list[list[int]]:
    counts = {row.key: row.n for row in rows}
    return [[counts.get((office, group), 0) for group in groups] for office in offices]


def _hidden(state: State, dimension: str, grid: Sequence[Sequence[int]]) -> set[tuple[int, int]]:
    """Hidden cells of offices by groups; a group that share/ hides is hidden in every office.

    The total of a group that share/ shows cannot be hidden any more: where it would have to be, no office is told the group.
    """
    groups, last = GROUPS[dimension], len(grid)
    gone = {j for j, group in enumerate(groups) if (group,) in state.hidden.get(f"episodes_by_{dimension}", ())}
    totals, columns = set(gone), set(gone)
    while True:
        also = {(i, j) for i in range(last) for j in columns} | {(last, j) for j in totals}
        cells = two_way_hidden(grid, also=also, threshold=state.threshold)
        found = {j for j in range(len(groups)) if (last, j) in cells} - totals
        if not found:
            return cells
        if found <= columns:
            return {(i, j) for i in range(last + 1) for j in range(len(groups) + 1)}
        columns |= found
