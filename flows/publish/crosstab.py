"""Tables of rows and columns with totals: which cells to hide so that none can be worked out from the others."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from flows.publish.disclosure import MINIMUM, checked_threshold, rounded

Cell = tuple[int, int]
Grid = list[list[int]]


def two_way(counts: Sequence[Sequence[int]], *, threshold: int = MINIMUM) -> list[list[int | None]]:
    """A table of rows and columns with a total for each and for all (as last column and row), safe to publish.

    Cells are hidden until the exact range that an attacker with all shown numbers can work out for each hidden one,
    totals included, has 0 to threshold - 1 in it or is at least the threshold wide.
    """
    full = with_totals(counts)
    hidden = two_way_hidden(counts, threshold=threshold)
    return [
        [None if (i, j) in hidden else rounded(value, threshold) for j, value in enumerate(row)]
        for i, row in enumerate(full)
    ]


def with_totals(counts: Sequence[Sequence[int]]) -> Grid:
    """A table with its row totals, its column totals and the total of all."""
    rows = [[*row, sum(row)] for row in counts]
    return [*rows, [sum(column) for column in zip(*rows, strict=True)]]


def two_way_hidden(
    counts: Sequence[Sequence[int]], *, also: Collection[Cell] = (), threshold: int = MINIMUM
) -> set[Cell]:
    """The cells to hide, by row and column of the table with its totals; those in `also` whatever they count."""
    checked_threshold(threshold)
    full = with_totals(counts)
    if any(value < 0 for row in full for value in row):
        raise ValueError("a count is not negative")
    hidden = {(i, j) for i, row in enumerate(full) for j, value in enumerate(row) if value < threshold} | set(also)
    safe: set[Cell] = set()  # the more is hidden the wider is each range: what is safe stays so
    while True:
        exposed = next(
            (cell for cell in sorted(hidden - safe) if not _is_safe(full, hidden, cell, threshold, safe)), None
        )
        if exposed is None:
            return hidden
        partner = _next_to_hide(full, hidden, exposed)
        if partner is None:
            return {(i, j) for i, row in enumerate(full) for j, _ in enumerate(row)}
        hidden.add(partner)


def _is_safe(full: Grid, hidden: set[Cell], cell: Cell, threshold: int, safe: set[Cell]) -> bool:
    """Whether a cell is protected; remembers it among the safe ones."""
    if _is_protected(full, hidden, cell, threshold):
        safe.add(cell)
    return cell in safe


def _next_to_hide(full: Grid, hidden: set[Cell], exposed: Cell) -> Cell | None:
    """An inner cell before a total, then one that joins a lone hidden cell in its row or column, then the smallest."""
    in_row, in_column = Counter(i for i, _ in hidden), Counter(j for _, j in hidden)
    last_row, last_column = len(full) - 1, len(full[0]) - 1

    def rank(cell: Cell) -> tuple[bool, int, bool, int, Cell]:
        i, j = cell
        is_total = i == last_row or j == last_column
        joined = (in_row[i] == 1) + (in_column[j] == 1)
        return is_total, -joined, i != exposed[0] and j != exposed[1], full[i][j], cell

    shown = [(i, j) for i, row in enumerate(full) for j, _ in enumerate(row) if (i, j) not in hidden]
    return min(shown, key=rank, default=None)


def _is_protected(full: Grid, hidden: set[Cell], cell: Cell, threshold: int) -> bool:
    low, high = cell_range(full, hidden, cell, enough=2 * threshold)
    return (low == 0 and high >= threshold - 1) or high - low + 1 >= threshold


def cell_range(full: Grid, hidden: set[Cell], cell: Cell, *, enough: int) -> tuple[int, int]:
    """The least and the greatest that a hidden cell can be, given every shown cell and total exactly.

    Searched up to `enough` in each direction: what is wider than that is as good.
    """
    value = full[cell[0]][cell[1]]
    return value - _most(full, hidden, cell, -1, min(enough, value)), value + _most(full, hidden, cell, 1, enough)


def _most(full: Grid, hidden: set[Cell], cell: Cell, direction: int, most: int) -> int:
    """How far a cell can move in one direction: the greatest flow through the other hidden cells back to it."""
    moved = {other: 0 for other in hidden}
    sign = _sign(full, cell) * direction
    reached = 0
    while reached < most:
        path = _path(full, moved, cell, sign)
        if path is None:
            return reached
        amount = min(most - reached, *(_room(full, moved, other, by) for other, by in path))
        for other, by in path:
            moved[other] += by * amount
        reached += amount
    return reached


def _sign(full: Grid, cell: Cell) -> int:
    """Totals stand on the other side of the sum: one more in a total is one more to share out, not one less."""
    return -1 if (cell[0] == len(full) - 1) != (cell[1] == len(full[0]) - 1) else 1


def _room(full: Grid, moved: Mapping[Cell, int], cell: Cell, by: int) -> int:
    """How far a cell can go up or down in the balance: without end where its count rises, to zero where it falls."""
    rises = by * _sign(full, cell) > 0
    return 10**12 if rises else full[cell[0]][cell[1]] + moved[cell] * _sign(full, cell)


def _path(full: Grid, moved: Mapping[Cell, int], cell: Cell, sign: int) -> list[tuple[Cell, int]] | None:
    """Hidden cells that can take up one unit more in `cell`: rows and columns in turn, from its row to its column."""
    start, goal = ("row", cell[0]), ("column", cell[1])
    came: dict[tuple[str, int], tuple[tuple[str, int], tuple[Cell, int]] | None] = {start: None}
    queue = [start]
    while queue and goal not in came:
        kind, number = queue.pop(0)
        by = -sign if kind == "row" else sign
        for other in sorted(moved):
            at, to = (other[0], ("column", other[1])) if kind == "row" else (other[1], ("row", other[0]))
            if other != cell and at == number and to not in came and _room(full, moved, other, by) > 0:
                came[to] = ((kind, number), (other, by))
                queue.append(to)
    if goal not in came:
        return None
    path: list[tuple[Cell, int]] = []
    node = came[goal]
    while node is not None:
        path.append(node[1])
        node = came[node[0]]
    return path
