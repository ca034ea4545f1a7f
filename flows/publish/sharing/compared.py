"""Offices, partners and needs for training: observed against expected, so that neither tells a hidden number."""

from collections.abc import Collection, Mapping, Sequence

from flows.publish.disclosure import percent, rounded
from flows.publish.sharing.cells import Key, Line, Row
from flows.publish.sharing.figure import HIDDEN, figure, worded
from flows.publish.sharing.protect import Rule, families, hide_family, hide_parts, rest_of, with_no

_NUMBERS = ("observed", "expected", "ratio", "lower", "upper")


def office_of(rows: Sequence[Row]) -> dict[str, str]:
    """The office of each partner that has episodes."""
    return {row.key[1]: row.key[0] for row in rows if row.key[1]}


def hide_partners(rows: Sequence[Row], rule: Rule) -> None:
    """Which partners are too small to be told apart: within each office, its episodes without partner beside them."""
    hidden_offices = rule.hidden_groups("office_id")
    for (office,), found in families(rows, lambda row: (row.key[0],)).items():
        names = {row.key[1] for row in found}
        also = names if office in hidden_offices else {""}
        hide_family(rule, "_partners", found, name=lambda row: row.key[1], also=also)


def hide_compared(table: str, rows: Sequence[Row], rule: Rule) -> set[Key]:
    """Hide rows of offices; gives the keys of rows of which only the observed has to go."""
    both = [with_no(row) for row in rows]
    hidden: set[tuple[Key, str]] = set()
    for found in families(both, lambda row: row.key[1:]).values():
        also = rule.hidden_groups("office_id")
        hide_family(rule, table, found, name=lambda row: row.key[0], also=also, stratum="office_id")
        hidden |= hide_parts(rule, table, [row for row in found if "no" in row.counts], ("yes", "no"))
    return {key for key, _ in hidden}


def hide_within(
    table: str,
    rows: Sequence[Row],
    rule: Rule,
    belongs: Mapping[str, str],
    offices: Sequence[Row],
    half: Collection[Key],
) -> tuple[set[Key], set[Key]]:
    """Hide rows of partners within their office; the keys of which the observed goes, and offices whose `n` goes with them.

    `half`: offices of which the observed is hidden already. Where an office's row is hidden, so are those of its partners.
    """
    of_office = {row.key: with_no(row) for row in offices}
    base = {row.key[1] for row in rule_rows(rule)}
    hidden: set[tuple[Key, str]] = set()
    silent: set[Key] = set()
    both = [with_no(row) for row in rows]
    for (office, *rest), found in families(both, lambda row: (belongs.get(row.key[0], ""), *row.key[1:])).items():
        total = of_office.get((office, rest[-1]))
        known = total if total is not None and not rule.is_hidden("offices", total) else None
        names = {row.key[0] for row in found}
        is_gone = known is None and total is not None
        also = names if is_gone else names & base
        hiding = hide_family(
            rule,
            table,
            found,
            name=lambda row: row.key[0],
            rest=rest_of(known, table)["n"] if known else None,
            also=also,
        )
        if known is not None and hiding.total:
            silent.add(known.key)
        shares = [row for row in found if "no" in row.counts]
        if known is not None and known.key in half:
            hidden |= {(row.key, "yes") for row in shares}
        hidden |= hide_parts(
            rule, table, shares, ("yes", "no"), known if known and "no" in known.counts else None, table
        )
    rule.hide("offices", rule.hidden.get(table, frozenset()) & of_office.keys())
    return {key for key, _ in hidden}, silent


def rule_rows(rule: Rule) -> list[Row]:
    """The hidden partners, as rows."""
    return [Row(key, {}) for key in rule.hidden.get("_partners", frozenset())]


def lines(
    table: str, rows: Sequence[Row], rule: Rule, half: Collection[Key], silent: Collection[Key] = ()
) -> list[Line]:
    """Lines of offices or partners: key, label, measure, n, numbers, shrunken, status, reason."""
    written: list[Line] = []
    for row in rows:
        n, numbers, said = compared(table, row, rule, half)
        about = (HIDDEN, None) if said is None else (row.values["status"], worded(row.values["reason"]))
        shrunken = figure(row.values["shrunken"]) if said == "whole" else None
        n = None if row.key in silent else n
        written.append((row.key[0], row.values["label"], row.key[1], n, *numbers, shrunken, *about))
    return written


def need_lines(rows: Sequence[Row], rule: Rule, half: Collection[Key]) -> list[Line]:
    """Lines of needs for training; which trainings there were is not about survivors, and stays."""
    written: list[Line] = []
    for row in rows:
        n, numbers, said = compared("training_needs", row, rule, half)
        about = (HIDDEN, None) if said is None else (row.values["status"], worded(row.values["reason"]))
        below = figure(row.values["probability_below"]) if said == "whole" else None
        had = (row.values["n_trainings"], row.values["last_training_quarter"])
        partner, *what = row.key
        written.append((partner, row.values["label"], *what, n, *numbers, below, *had, *about))
    return written


def compared(table: str, row: Row, rule: Rule, half: Collection[Key]) -> tuple[int | None, list[object], str | None]:
    """The shown number, the five figures, and whether the row says all (`whole`) or is hidden (None).

    A number of people is rounded, a share comes from rounded parts, and the ratio from what is shown of both, so that neither tells more
    than the other.
    """
    nothing: list[object] = [None] * len(_NUMBERS)
    if rule.is_hidden(table, row):
        return None, nothing, None
    n = rounded(row.n, rule.threshold)
    if n is None or row.key in half:
        return n, nothing, None
    values = row.values
    if "yes" not in row.counts:
        return n, [figure(values[name]) for name in _NUMBERS], "whole"
    yes = rounded(row.counts["yes"], rule.threshold)
    share = percent(yes, n)
    if yes is None or share is None:
        return n, nothing, None
    is_number = isinstance(values["observed"], float | int) and values["observed"] > 1  # of people, not a share
    observed, expected = yes if is_number else share / 100, figure(values["expected"])
    ratio = figure(observed / expected) if isinstance(expected, float | int) and expected > 0 else None
    lower, upper = figure(values["lower"]), figure(values["upper"])
    if isinstance(ratio, float):
        lower = min(lower, ratio) if isinstance(lower, float) else lower
        upper = max(upper, ratio) if isinstance(upper, float) else upper
    return n, [observed, expected, ratio, lower, upper], "whole"
