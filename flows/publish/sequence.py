"""What a reader of all releases can work out: one table as it was published time after time, exact ends of what each number can be.

Every table shown is bounds and a sum of whole numbers, and groups only grow. Linear programming (HiGHS) gives the least and the greatest
that each hidden number can have been, then and now. The numbers that were really there fulfil everything that is assumed, so a
solution always exists.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from flows.publish.disclosure import BASE, rounded

MOST = 10**6


@dataclass(frozen=True)
class Published:
    """A table as it went out: the exact counts behind it, which were hidden, and whether its total was."""

    counts: Mapping[str, int]
    hidden: frozenset[str]
    total: bool = False

    def says(self, name: str, threshold: int) -> tuple[int, int]:
        """The least and the greatest that a number can be by what is said of it alone."""
        shown = None if name in self.hidden else rounded(self.counts[name], threshold)
        if shown is None:
            return 0, MOST
        half = BASE // 2
        low = threshold if shown - BASE < threshold else shown - half
        return low, shown + half


def narrowed(chain: Sequence[Published], *, threshold: int, public: Collection[str] = ()) -> set[tuple[int, str]]:
    """The hidden numbers of these tables, the oldest first, that can be told to within less than the threshold: which table, which group.

    A number counts as secret that was hidden and that no earlier table had shown; `public` names are none.
    """
    secret = _secrets(chain, public)
    if not secret:
        return set()
    solver = _Solver(chain, threshold)
    return {at for at in secret if not _is_open(*solver.ends(at), threshold)}


def _secrets(chain: Sequence[Published], public: Collection[str]) -> list[tuple[int, str]]:
    found, shown = [], set(public)
    for number, table in enumerate(chain):
        found += [(number, name) for name in sorted(table.hidden & table.counts.keys()) if name not in shown]
        shown |= table.counts.keys() - table.hidden
    return found


def _is_open(low: int, high: int, threshold: int) -> bool:
    return (low <= 0 and high >= threshold - 1) or high - low + 1 >= threshold


class _Solver:
    """The numbers of a chain of tables, and what holds between them."""

    def __init__(self, chain: Sequence[Published], threshold: int) -> None:
        from scipy.optimize import Bounds, LinearConstraint
        from scipy.sparse import csr_array

        self.at = {
            key: place for place, key in enumerate((n, name) for n, one in enumerate(chain) for name in one.counts)
        }
        said = [chain[number].says(name, threshold) for number, name in self.at]
        self.bounds = Bounds([low for low, _ in said], [high for _, high in said])
        rows = [*_totals(chain, threshold), *_growth(chain)]
        cells = [(i, self.at[key], weight) for i, (parts, _, _) in enumerate(rows) for key, weight in parts.items()]
        self.constraints: list[LinearConstraint] = []
        if rows:
            places, columns, weights = zip(*cells, strict=True)
            matrix = csr_array((weights, (places, columns)), shape=(len(rows), len(self.at)))
            self.constraints = [LinearConstraint(matrix, [low for _, low, _ in rows], [high for _, _, high in rows])]

    def ends(self, key: tuple[int, str]) -> tuple[int, int]:
        """The least and the greatest that one number can be."""
        from math import ceil, floor

        import numpy as np
        from scipy.optimize import milp

        goal = np.zeros(len(self.at))
        goal[self.at[key]] = 1
        low, high = (milp(sign * goal, bounds=self.bounds, constraints=self.constraints) for sign in (1, -1))
        if low.fun is None or high.fun is None:  # what was published contradicts itself, and so tells nothing
            return 0, MOST
        return ceil(low.fun - 1e-6), floor(-high.fun + 1e-6)


Sum = tuple[dict[tuple[int, str], int], int, int]


def _totals(chain: Sequence[Published], threshold: int) -> list[Sum]:
    """Each total that is told, as if it were told exactly."""
    return [
        (dict.fromkeys(((number, name) for name in one.counts), 1), total, total)
        for number, one in enumerate(chain)
        if not one.total and (total := sum(one.counts.values())) >= threshold
    ]


def _growth(chain: Sequence[Published]) -> list[Sum]:
    """That a group is no smaller than it was before, wherever that is so."""
    found: list[Sum] = []
    last: dict[str, int] = {}
    for number, one in enumerate(chain):
        for name, count in one.counts.items():
            if name in last and chain[last[name]].counts[name] <= count:
                found.append(({(number, name): 1, (last[name], name): -1}, 0, MOST))
            last[name] = number
    return found
