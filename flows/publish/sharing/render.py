"""The lines of tables about groups of people: which numbers are hidden, and how the others are written."""

from collections.abc import Sequence

from flows.publish.disclosure import percent, rounded
from flows.publish.sharing.cells import Key, Line, Row
from flows.publish.sharing.figure import HIDDEN, SHOWN, figure, months, status, worded
from flows.publish.sharing.gather import ALL
from flows.publish.sharing.people import PARTS
from flows.publish.sharing.protect import Rule, families, hide_family, hide_parts, hide_strata, rest_of, split, with_no

QUARTILE_THRESHOLDS = 4
"""A quarter of the people stands beyond a quartile: as many as the threshold, where there are four times as many."""


def episodes(table: str, rows: Sequence[Row], rule: Rule) -> list[Line]:
    """Episodes by group, and their total; remembers how many there are of each group."""
    hide_family(rule, table, rows, name=lambda row: row.key[0])
    rule.whole[table] = {row.key[0]: row.n for row in rows}
    total = rounded(sum(row.n for row in rows), rule.threshold)
    lines: list[Line] = []
    for row in rows:
        n = None if rule.is_hidden(table, row) else rounded(row.n, rule.threshold)
        lines.append((*row.key, row.values["label"], n, percent(n, total), status(n)))
    return [*lines, (ALL, ALL, total, None, status(total))]


def exclusions(rows: Sequence[Row], rule: Rule) -> list[Line]:
    """Survivors in no table, by reason."""
    shown = [(row, rounded(row.n, rule.threshold)) for row in rows]
    return [(*row.key, n, status(n)) for row, n in shown]


def optimal_time(rows: Sequence[Row], rule: Rule) -> list[Line]:
    """Whole months; a row of few people says nothing but that."""
    silent = hide_strata(rule, "optimal_time", rows, part=lambda row: (row.key[0],), value=lambda row: row.key[2])
    lines: list[Line] = []
    for row in rows:
        said = row.values
        if rule.is_hidden("optimal_time", row) or row.n < rule.threshold:
            lines.append((*row.key, said["label"], *[None] * 5, HIDDEN, None, said["definition_version"]))
            continue
        found = (months(said[name]) for name in ("estimate_months", "lower_months", "upper_months"))
        n = None if row.key in silent else rounded(row.n, rule.threshold)
        about = (said["status"], worded(said["reason"]), said["definition_version"])
        lines.append((*row.key, said["label"], *found, said["set_months"], n, *about))
    return lines


def history(rows: Sequence[Row], rule: Rule) -> list[Line]:
    """Each family of a past release is hidden by its own numbers alone, so that a later night hides the same."""
    for found in families(rows, lambda row: row.key[:3]).values():
        hide_family(rule, "history", found, name=lambda row: row.key[3])
    lines: list[Line] = []
    for row in rows:
        said, (release_id, measure, stratum, value) = row.values, row.key
        n = None if rule.is_hidden("history", row) else rounded(row.n, rule.threshold)
        numbers = [figure(said[name]) if n else None for name in ("estimate", "lower", "upper")]
        if measure.startswith("n_"):  # a number of people, or of their stays, is rounded wherever it stands
            numbers[0] = n
        about = (said["definition_version"], said["is_break"], status(n))
        lines.append((release_id, said["as_of"], measure, stratum, value, *numbers, n, *about))
    return lines


def model_metrics(rows: Sequence[Row], rule: Rule) -> list[Line]:
    """A metric of few people is hidden."""
    lines: list[Line] = []
    for row in rows:
        n = rounded(row.n, rule.threshold)
        numbers = [figure(row.values[name]) if n else None for name in ("estimate", "lower", "upper")]
        lines.append((*row.key, *numbers, n, status(n)))
    return lines


def fairness(rows: Sequence[Row], rule: Rule) -> list[Line]:
    """A group's number, those with the outcome and those without: one table of two columns for each kind of group."""
    hidden: set[tuple[Key, str]] = set()
    both = [with_no(row) for row in rows]
    for (_, kind, _), found in families(both, lambda row: (row.key[0], row.key[1], row.key[3])).items():
        also = rule.hidden_groups(kind)
        hide_family(rule, "fairness", found, name=lambda row: row.key[2], also=also, stratum=kind)
        hidden |= hide_parts(rule, "fairness", [row for row in found if "no" in row.counts], ("yes", "no"))
    lines: list[Line] = []
    for row in both:
        few = rule.is_hidden("fairness", row) or {(row.key, "yes"), (row.key, "no")} & hidden
        numbers = [None if few else figure(row.values[name]) for name in ("estimate", "lower", "upper")]
        n = None if rule.is_hidden("fairness", row) else rounded(row.n, rule.threshold)
        positive = None if few or "yes" not in row.counts else rounded(row.counts["yes"], rule.threshold)
        lines.append((*row.key, *numbers, n, positive, HIDDEN if few else row.values["status"]))
    return lines


def service_effects(rows: Sequence[Row], rule: Rule) -> list[Line]:
    """The words of a row that is hidden are hidden too: they may say a number."""
    lines: list[Line] = []
    for row in rows:
        said = row.values
        few = row.counts.get("n", rule.threshold) < rule.threshold
        numbers = [None if few else figure(said[name]) for name in ("estimate", "lower", "upper")]
        n = rounded(row.n, rule.threshold) if "n" in row.counts else None
        about = (HIDDEN, None, None) if few else (said["status"], worded(said["reason"]), worded(said["wording"]))
        lines.append((*row.key[:4], row.key[4] or None, *numbers, n, *about))
    return lines


def service_descriptions(rows: Sequence[Row], rule: Rule) -> list[Line]:
    """Middles of many; a share where neither those who do nor those who do not are few."""
    table = "service_descriptions"
    both = [with_no(row) for row in rows]
    silent = hide_strata(rule, table, both, part=_described, value=lambda row: row.key[3])
    hidden: set[tuple[Key, str]] = set()
    shares = [row for row in both if "no" in row.counts]
    for found in families(shares, lambda row: (*_described(row), row.key[2])).values():
        groups, _ = split(found, lambda row: row.key[3])
        total = next((row for row in shares if _described(row) == _described(found[0]) and row.key[3] == ALL), None)
        hidden |= hide_parts(rule, table, groups or found, ("yes", "no"), total if groups else None, found[0].key[2])
    lines: list[Line] = []
    for row in both:
        few = rule.is_hidden(table, row) or row.n < rule.threshold or {(row.key, "yes"), (row.key, "no")} & hidden
        wide = not few and row.n >= QUARTILE_THRESHOLDS * rule.threshold
        n = None if few or row.key in silent else rounded(row.n, rule.threshold)
        said = row.values
        estimate = None if few else figure(said["estimate"]) if "no" not in row.counts else _share(row, rule)
        quartiles = [figure(said[name]) if wide else None for name in ("lower_quartile", "upper_quartile")]
        key = (*row.key[:4], said["label"], int(row.key[4]) if row.key[4] else None)
        lines.append((*key, estimate, *quartiles, n, HIDDEN if few else SHOWN))
    return lines


def _described(row: Row) -> Key:
    return row.key[0], row.key[1], row.key[4]


def _share(row: Row, rule: Rule) -> float | None:
    found = percent(rounded(row.counts["yes"], rule.threshold), rounded(row.n, rule.threshold))
    return None if found is None else found / 100


def domain_changes(rows: Sequence[Row], rule: Rule) -> list[Line]:
    """Four parts that add up to each group, groups that add up to all: percents where nothing hidden follows from them."""
    table = "domain_changes"
    silent = hide_strata(rule, table, rows, part=lambda row: (row.key[0],), value=lambda row: row.key[2])
    hidden: set[tuple[Key, str]] = set()
    for found in families(rows, lambda row: (row.key[0],)).values():
        groups, overall = split(found, lambda row: row.key[2])
        for members in families(groups, lambda row: (row.key[1],)).values():
            hidden |= hide_parts(rule, table, members, PARTS, overall, members[0].key[1])
    return [_domain(row, rule, {name for key, name in hidden if key == row.key}, row.key in silent) for row in rows]


def _domain(row: Row, rule: Rule, hidden: set[str], is_silent: bool) -> Line:
    n = None if rule.is_hidden("domain_changes", row) else rounded(row.n, rule.threshold)
    if n is None:
        return (*row.key, row.values["label"], *[None] * 6, HIDDEN)
    better = {"substantial", "measurable_only"}
    counts = {
        "measurable": row.counts["substantial"] + row.counts["measurable_only"],
        "substantial": row.counts["substantial"],
        "worse": row.counts["worse"],
    }
    may = {
        "measurable": not better & hidden or hidden == better,
        "substantial": "substantial" not in hidden,
        "worse": "worse" not in hidden,
    }
    percents = [percent(rounded(counts[name], rule.threshold), n) if may[name] else None for name in counts]
    means = (figure(row.values["mean_initial"]), figure(row.values["mean_latest"]))
    return (*row.key, row.values["label"], None if is_silent else n, *percents, *means, SHOWN)


def quality(rows: Sequence[Row], rule: Rule) -> list[Line]:
    """The percent of records that have what is asked for, by office."""
    both = [with_no(row) for row in rows]
    hidden: set[tuple[Key, str]] = set()
    silent: set[Key] = set()
    for found in families(both, lambda row: (row.key[1],)).values():
        offices, total = split(found, lambda row: row.key[0])
        also = rule.hidden_groups("office_id")
        rest = rest_of(total, "office_id")["n"] if total else None
        hiding = hide_family(
            rule, "quality", offices, name=lambda row: row.key[0], rest=rest, also=also, stratum="office_id"
        )
        silent |= {total.key} if total and hiding.total else set()
        hidden |= hide_parts(rule, "quality", offices, ("yes", "no"), total, "office_id")
    lines: list[Line] = []
    for row in both:
        few = rule.is_hidden("quality", row) or row.n < rule.threshold
        share = None if few or {(row.key, "yes"), (row.key, "no")} & hidden else _share(row, rule)
        n = None if few or row.key in silent else rounded(row.n, rule.threshold)
        said = None if share is None else round(100 * share)
        lines.append((row.key[0], row.values["label"], row.key[1], n, said, status(said)))
    return lines
