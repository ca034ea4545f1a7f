"""An attacker who has the tables of `share/`, knows how they are rounded and hidden, and knows every total exactly.

What is published becomes bounds and sums of whole numbers, and HiGHS says how small and how great each hidden one can be. The
attacker also knows that a part is no greater than its whole, which tables count the same people, and, across releases, that groups
only grow. A hidden number is safe where its range leaves open everything below the threshold, or is as wide as the threshold.
"""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import ceil, floor
from pathlib import Path

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_matrix

from flows.publish.disclosure import percent, rounded

Name = tuple[object, ...]
TOP = 10**6


@dataclass
class Knowledge:
    """Whole numbers, none negative: what each is at least and at most, and sums of them that are known.

    With `is_whole` the ends of ranges are sought among whole numbers; else among all, which is faster. Nearly all of these sums
    are of the kind (one row of a table, one column, a part and its whole) whose ends are whole by themselves.
    """

    threshold: int = 11
    is_whole: bool = False
    low: dict[Name, int] = field(default_factory=dict)
    high: dict[Name, int] = field(default_factory=dict)
    sums: list[tuple[dict[Name, int], int, int]] = field(default_factory=list)
    hidden: list[Name] = field(default_factory=list)

    def number(self, name: Name, shown: str | int | None) -> None:
        """A number of people, as shown, or hidden."""
        if shown in ("", None):
            self.low.setdefault(name, 0)
            self.high.setdefault(name, TOP)
            self.hidden.append(name)
            return
        exact = [
            count
            for count in range(int(shown) - 5, int(shown) + 5)
            if rounded(max(0, count), self.threshold) == int(shown)
        ]
        self.low[name], self.high[name] = exact[0], exact[-1]

    def part(self, name: Name, of: Name, shown: str, whole: str) -> None:
        """A part that is shown as whole percent of a shown number; from rounded parts, or hidden."""
        self.number(name, None)
        self.no_more(name, of)
        if shown == "" or whole == "":
            return
        self.hidden.remove(name)
        fits = [k for k in range(0, int(whole) + 5, 5) if k and percent(k, int(whole)) == int(shown)]
        exact = [count for k in fits for count in range(k - 5, k + 5) if rounded(max(0, count), self.threshold) == k]
        self.low[name], self.high[name] = exact[0], exact[-1]

    def no_more(self, part: Name, whole: Name) -> None:
        """One number is no greater than another."""
        self.sums.append(({whole: 1, part: -1}, 0, TOP))

    def total(self, parts: Iterable[Name], total: int, *, rest: bool = False) -> None:
        """Numbers add up to a total that is known exactly; with `rest`, to no more than it."""
        self.sums.append((dict.fromkeys(parts, 1), 0 if rest else total, total))

    def exposed(self, *, only: Iterable[Name] | None = None) -> dict[Name, tuple[int, int]]:
        """The hidden numbers that are not safe, with their ranges."""
        ranges = self.ranges(list(only) if only is not None else self.hidden)
        return {
            name: (low, high)
            for name, (low, high) in ranges.items()
            if not ((low == 0 and high >= self.threshold - 1) or high - low + 1 >= self.threshold)
        }

    def ranges(self, wanted: list[Name]) -> dict[Name, tuple[int, int]]:
        """The least and the greatest that each number can be."""
        found: dict[Name, tuple[int, int]] = {}
        for names, sums in self._components():
            asked = [one for one in wanted if one in names]
            if asked:
                solver = _Solver(self, names, sums)
                found |= {name: solver.range(name) for name in asked}
        return found

    def _components(self) -> list[tuple[dict[Name, int], list[tuple[dict[Name, int], int, int]]]]:
        """Numbers that have sums in common, and those sums."""
        parent: dict[Name, Name] = {name: name for name in self.low}

        def root(name: Name) -> Name:
            while parent[name] != name:
                parent[name] = parent[parent[name]]
                name = parent[name]
            return name

        for parts, _, _ in self.sums:
            first, *others = parts
            for other in others:
                parent[root(other)] = root(first)
        members: dict[Name, dict[Name, int]] = {}
        for name in self.low:
            group = members.setdefault(root(name), {})
            group[name] = len(group)
        return [
            (group, [one for one in self.sums if root(next(iter(one[0]))) == key]) for key, group in members.items()
        ]


class _Solver:
    """The bounds and sums of numbers that have something to do with each other, as HiGHS takes them."""

    def __init__(
        self, known: Knowledge, names: Mapping[Name, int], sums: list[tuple[dict[Name, int], int, int]]
    ) -> None:
        self.names, self.is_whole = names, known.is_whole
        self.bounds = Bounds([known.low[one] for one in names], [known.high[one] for one in names])
        self.constraints = []
        if sums:
            cells = [(i, names[part], weight) for i, (parts, _, _) in enumerate(sums) for part, weight in parts.items()]
            rows, columns, weights = zip(*cells, strict=True)
            matrix = csr_matrix((weights, (rows, columns)), shape=(len(sums), len(names)))
            ends = ([low for _, low, _ in sums], [high for _, _, high in sums])
            self.constraints = [LinearConstraint(matrix, *ends)]

    def range(self, name: Name) -> tuple[int, int]:
        """The least and the greatest that a number can be."""
        ends = []
        for sign in (1, -1):
            goal = np.zeros(len(self.names))
            goal[self.names[name]] = sign
            whole = np.full(len(self.names), int(self.is_whole))
            solved = milp(goal, integrality=whole, bounds=self.bounds, constraints=self.constraints)
            assert solved.success, "what is published contradicts itself"
            ends.append(sign * solved.fun)
        return ceil(ends[0] - 1e-6), floor(ends[1] + 1e-6)


def read(folder: Path) -> dict[str, list[dict[str, str]]]:
    """The tables of a share folder."""
    tables = {}
    for path in sorted(folder.glob("*.csv")):
        with path.open(newline="", encoding="utf-8") as file:
            tables[path.stem] = list(csv.DictReader(file))
    return tables


SAME_PEOPLE = {"sex": "gender", "office_id": "office"}


def _whole(stratum: str, value: str, at: object) -> Name:
    return (at, f"episodes_by_{SAME_PEOPLE.get(stratum, stratum)}", value)


def learn(
    known: Knowledge, tables: dict[str, list[dict[str, str]]], totals: Mapping[Name, int], *, at: object = 0,
    partners: Mapping[str, str] | None = None,
) -> None:  # fmt: skip
    """Add what one release says. `totals`: exact totals, by table and what the rows of one total have in common."""
    for table in (name for name in tables if name.startswith("episodes_by_")):
        rows = [row for row in tables[table] if row["group"] != "all"]
        for row in rows:
            known.number((at, table, row["group"]), row["n_episodes"])
        known.total([(at, table, row["group"]) for row in rows], totals[(table,)])
    _strata(known, tables, totals, at, "optimal_time", ("question",))
    _strata(known, tables, totals, at, "service_descriptions", ("measure", "category", "month"))
    _strata(known, tables, totals, at, "domain_changes", ("domain_code",))
    _parts(known, tables["domain_changes"], at)
    _fairness(known, tables["fairness"], totals, at)
    _compared(known, tables, at, partners or {})


def _strata(
    known: Knowledge, tables: dict[str, list[dict[str, str]]], totals: Mapping[Name, int], at: object, table: str,
    key: tuple[str, ...],
) -> None:  # fmt: skip
    sums: dict[Name, list[Name]] = {}
    for row in tables[table]:
        if row["stratum"] == "overall":
            continue
        about = tuple(row[name] for name in key)
        name = (at, table, *about, row["stratum"], row["stratum_value"])
        known.number(name, row["n"])
        whole = _whole(row["stratum"], row["stratum_value"], at)
        if whole in known.low:
            known.no_more(name, whole)
        sums.setdefault((*about, row["stratum"]), []).append(name)
    for (*about, _), parts in sums.items():
        shown = [r for r in tables[table] if r["stratum"] == "overall" and tuple(r[n] for n in key) == tuple(about)]
        if shown and shown[0]["n"] and (table, *about) in totals:
            known.total(parts, totals[(table, *about)], rest=True)


def _parts(known: Knowledge, rows: list[dict[str, str]], at: object) -> None:
    """The parts of each group of domain_changes, which add up to those of all together where these are shown."""
    whole_of: dict[Name, Name] = {}
    for row in rows:
        group = (at, "domain_changes", row["domain_code"], row["stratum"], row["stratum_value"])
        if row["stratum"] == "overall":
            known.number(group, row["n"])
        for part in ("substantial", "worse"):
            name = (*group, part)
            known.part(name, group, row[f"percent_{part}"], row["n"])
            if row["stratum"] == "overall":
                whole_of[(row["domain_code"], part)] = name
    for row in rows:
        for part in ("substantial", "worse") if row["stratum"] != "overall" else ():
            name = (at, "domain_changes", row["domain_code"], row["stratum"], row["stratum_value"], part)
            known.no_more(name, whole_of[(row["domain_code"], part)])


def _fairness(known: Knowledge, rows: list[dict[str, str]], totals: Mapping[Name, int], at: object) -> None:
    """Every kind of group parts the same people."""
    sums: dict[Name, list[tuple[Name, Name]]] = {}
    for row in rows:
        name = (at, "fairness", row["metric"], row["group_kind"], row["group_value"])
        known.number(name, row["n"])
        known.number((*name, "positive"), row["n_positive"])
        known.no_more((*name, "positive"), name)
        whole = _whole(row["group_kind"], row["group_value"], at)
        if whole in known.low:
            known.no_more(name, whole)
        sums.setdefault((row["metric"], row["group_kind"]), []).append((name, (*name, "positive")))
    for (metric, _), pairs in sums.items():
        known.total([one for one, _ in pairs], totals[("fairness", metric)])
        known.total([one for _, one in pairs], totals[("fairness", metric, "positive")])


def _compared(
    known: Knowledge, tables: dict[str, list[dict[str, str]]], at: object, partners: Mapping[str, str]
) -> None:
    """Offices, and within each its partners: together no more than the office."""
    inside: dict[Name, list[Name]] = {}
    for table, column in (("offices", "office_id"), ("partners", "partner_id")):
        for row in tables[table]:
            name = (at, table, row["measure"], row[column])
            known.number(name, row["n"])
            if row["measure"] == "lost_12m":
                shown = str(round(100 * float(row["observed"]))) if row["observed"] else ""
                known.part((*name, "yes"), name, shown, row["n"])
            whole = _whole("office_id", row[column], at)
            if table == "offices" and whole in known.low:
                known.no_more(name, whole)
            if table == "partners":
                inside.setdefault((at, "offices", row["measure"], partners[row[column]]), []).append(name)
    for office, names in inside.items():
        for ending in ((), ("yes",)) if office[2] == "lost_12m" else ((),):
            parts = dict.fromkeys(((*name, *ending) for name in names), -1)
            known.sums.append(({(*office, *ending): 1, **parts}, 0, TOP))
