"""Which rows and numbers of a table to hide: the rule for small numbers, applied to every group of rows that add up to a total."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flows.publish.crosstab import two_way_hidden
from flows.publish.linked import Hiding, Past, linked_hidden
from flows.publish.sequence import Published
from flows.publish.sharing.cells import Key, Row, State
from flows.publish.sharing.gather import ALL

# How many earlier tables of a family are remembered: a year of months.
REMEMBERED = 12
REST = "\0rest"
"""The name of what is in a total and in none of the rows."""

SAME_PEOPLE = {
    "gender": "gender",
    "sex": "gender",
    "office_id": "office",
    "casework_type": "casework_type",
    "age_band": "age_band",
}


@dataclass
class Rule:
    """The threshold, what was published before, and what has been hidden so far, by table."""

    threshold: int
    past: State | None = None
    hidden: dict[str, frozenset[Key]] = field(default_factory=dict)
    whole: dict[str, Mapping[str, int]] = field(default_factory=dict)
    """Episodes by group of the tables episodes_by_…: no number of the same people in another table is greater."""
    families: dict[str, dict[str, list[Any]]] = field(default_factory=dict)
    """What was decided of each family of a table: counts, hidden names, whether the total is hidden, and so the tables before it."""

    def hide(self, table: str, keys: Iterable[Key]) -> None:
        """Remember rows as hidden."""
        self.hidden[table] = self.hidden.get(table, frozenset()) | frozenset(keys)

    def is_hidden(self, table: str, row: Row) -> bool:
        """Whether a row is hidden."""
        return row.key in self.hidden.get(table, ())

    def hidden_groups(self, stratum: str) -> set[str]:
        """The groups of a stratum whose episodes are hidden."""
        return {key[0] for key in self.hidden.get(f"episodes_by_{SAME_PEOPLE.get(stratum, stratum)}", ())}

    def caps(self, stratum: str) -> dict[str, int]:
        """The episodes of each group of a stratum that are shown."""
        known = self.whole.get(f"episodes_by_{SAME_PEOPLE.get(stratum, stratum)}", {})
        hidden = self.hidden_groups(stratum)
        return {name: n for name, n in known.items() if name not in hidden}

    def total(self, stratum: str) -> int | None:
        """All episodes, exactly, where their groups of this stratum are in a table."""
        known = self.whole.get(f"episodes_by_{SAME_PEOPLE.get(stratum, stratum)}")
        return sum(known.values()) if known else None


Part = Callable[[Row], Key]
Name = Callable[[Row], str]


def families(rows: Iterable[Row], part: Part) -> dict[Key, list[Row]]:
    """Rows that add up to one total, by what they share."""
    found: dict[Key, list[Row]] = {}
    for row in rows:
        found.setdefault(part(row), []).append(row)
    return found


def hide_family(
    rule: Rule, table: str, rows: Sequence[Row], *, name: Name, rest: int | None = None,
    also: Collection[str] = (), stratum: str = "",
) -> Hiding:  # fmt: skip
    """Hide rows of one family, as far as their `n` asks for it; says whether the total must go, too.

    `stratum`: what kind of groups they are, where those of all episodes are in a table.
    `rest`: how many are in the total and in no row, None where the total is the sum of the rows. They count as a hidden group.
    """
    if not rows:
        return Hiding(frozenset())
    counts = {name(row): row.n for row in rows}
    people = {name(row): row.counts.get("people", row.n) for row in rows}
    hidden = set(also) & counts.keys()
    if rest is not None:
        counts[REST] = people[REST] = rest
        hidden.add(REST)
        if not counts[REST] and not _is_anything_hidden(counts, hidden, rule.threshold):
            del counts[REST], people[REST]
    past = _past(rule, table, rows, name)
    found = linked_hidden(
        counts,
        people=people,
        also=hidden,
        caps=rule.caps(stratum),
        whole=rule.total(stratum),
        past=past,
        public=(REST,),
        threshold=rule.threshold,
    )
    rule.families.setdefault(table, {})[_family(rows)] = [counts, sorted(found.cells), found.total, _chain(past)]
    rule.hide(table, (row.key for row in rows if name(row) in found.cells))
    return found


def _chain(past: Past | None) -> list[list[Any]]:
    """The tables before this one as they are written down, the newest of those that say anything new."""
    found: list[list[Any]] = []
    for one in past.chain() if past else []:
        written = [dict(one.counts), sorted(one.hidden), one.total]
        if not found or found[-1] != written:
            found.append(written)
    return found[-REMEMBERED:]


def _family(rows: Sequence[Row]) -> str:
    """A name for a family: that of its first row, since groups may come and go."""
    return "|".join(min(row.key for row in rows))


def _is_anything_hidden(counts: Mapping[str, int], hidden: Collection[str], threshold: int) -> bool:
    return any(n < threshold or name in hidden for name, n in counts.items() if name != REST)


def _past(rule: Rule, table: str, rows: Sequence[Row], name: Name) -> Past | None:
    """The same family as it was published before."""
    if rule.past is None:
        return None
    keys = {row.key for row in rows}
    before = [row for key, row in rule.past.tables.get(table, {}).items() if key in keys]
    if not before:
        return None
    hidden = rule.past.hidden.get(table, frozenset())
    names = frozenset(name(row) for row in before if row.key in hidden)
    written: list[Any] = rule.past.families.get(table, {}).get(_family(rows), [{}, (), False])
    (counts, decided, total), chain = written[:3], written[3] if len(written) > 3 else []
    older = tuple(Published(one, frozenset(cells), bool(silent)) for one, cells, silent in chain)
    known = Hiding(frozenset(decided), bool(total)) if counts else None
    shown = {name(row): row.n for row in before}
    if REST in counts:
        return Past({**shown, REST: counts[REST]}, names | {REST}, known, bool(total), older)
    return Past(shown, names, known, bool(total), older)


def with_no(row: Row) -> Row:
    """The row with the number of those who do not, where that of those who do is known."""
    if "yes" not in row.counts:
        return row
    rest = {
        name: {**left, "no": max(0, left.get("n", 0) - left.get("yes", 0))}
        for name, left in row.values.get("rest", {}).items()
    }
    return Row(row.key, {**row.counts, "no": max(0, row.n - row.counts["yes"])}, {**row.values, "rest": rest})


def split(rows: Iterable[Row], value: Name) -> tuple[list[Row], Row | None]:
    """The rows of groups, and the row of all together."""
    known = list(rows)
    return [row for row in known if value(row) != ALL], next((row for row in known if value(row) == ALL), None)


def hide_strata(rule: Rule, table: str, rows: Iterable[Row], *, part: Part, value: Name) -> set[Key]:
    """Hide rows of strata; gives the keys of rows for all together whose number must not be said, though the rest may.

    `part` tells rows of one question apart, without the stratum; key[-2] and key[-1] of what it gives are not used.
    """
    silent: set[Key] = set()
    for found in families(rows, part).values():
        by_stratum = families(found, lambda row: (stratum_of(row),))
        overall = next((row for row in found if value(row) == ALL), None)
        if overall is not None and overall.n < rule.threshold:
            rule.hide(table, [overall.key])
        for (stratum,), members in by_stratum.items():
            if stratum == "overall":
                continue
            hiding = hide_family(
                rule, table, members, name=value, rest=rest_of(overall, stratum)["n"] if overall else None,
                also=rule.hidden_groups(stratum), stratum=stratum,
            )  # fmt: skip
            if overall is not None and hiding.total:
                silent.add(overall.key)
    return silent


def with_rest(rows: Iterable[Row], total: Callable[[Row], Key | None], stratum: Name) -> list[Row]:
    """The rows, those that are totals with how many of theirs are in no row of a stratum: `rest`, by stratum and count.

    `total` gives the key of the total that a row is a part of. Both are of one moment here; later some may stay as they were.
    """
    known = {row.key: row for row in rows}
    sums: dict[Key, dict[str, Counter[str]]] = {}
    for row in known.values():
        of = total(row)
        if of is not None and of != row.key:
            sums.setdefault(of, {}).setdefault(stratum(row), Counter()).update(row.counts)
    for key, by_stratum in sums.items():
        if key in known:
            whole = known[key]
            rest = {
                name: {count: max(0, n - found[count]) for count, n in whole.counts.items()}
                for name, found in sorted(by_stratum.items())
            }
            known[key] = Row(key, whole.counts, {**whole.values, "rest": rest})
    return list(known.values())


def rest_of(total: Row, stratum: str) -> dict[str, int]:
    """How many of a total are in no row of a stratum, by count."""
    return {"n": 0, **total.values.get("rest", {}).get(stratum, {})}


def stratum_of(row: Row) -> str:
    """The stratum of a row: what its key says stands before the group."""
    for name in ("overall", "casework_type", "age_band", "severity", "office_id", "gender"):
        if name in row.key:
            return name
    return ""


def hide_parts(
    rule: Rule, table: str, rows: Sequence[Row], parts: Sequence[str], total: Row | None = None, stratum: str = ""
) -> set[tuple[Key, str]]:
    """The numbers of `parts` to hide, by row and part, given that each row's parts add up to its `n`, and rows to their total.

    Rows that are hidden already stay so with all their parts; rows whose `n` has to go are hidden as well.
    """
    grid = [[row.counts.get(name, 0) for name in parts] for row in rows]
    names: list[Key | None] = [row.key for row in rows]
    hidden = {(i, j) for i, row in enumerate(rows) if rule.is_hidden(table, row) for j in range(len(parts) + 1)}
    if total is not None:
        left = rest_of(total, stratum)
        rest = [left.get(name, 0) for name in parts]
        if sum(rest):
            hidden |= {(len(grid), j) for j in range(len(parts) + 1)}
            grid.append(rest)
            names.append(None)
    cells = two_way_hidden(grid, also=hidden, threshold=rule.threshold) if grid else set()
    names.append(total.key if total is not None else None)
    rule.hide(table, (key for i, key in enumerate(names) if key is not None and (i, len(parts)) in cells))
    return {(key, parts[j]) for i, j in cells if j < len(parts) and (key := names[i]) is not None}
