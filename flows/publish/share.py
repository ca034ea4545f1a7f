"""The `share/` folder of a release, the only part that may leave: every number of people passes disclosure control here.

Exact rows are gathered from the marts, rows that are not to move yet stay as they were published, small numbers and what would tell
them are hidden, and what is written is read back and held against the marts by `gate`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from flows.publish import files
from flows.publish.disclosure import checked_threshold
from flows.publish.facts import ReleaseFacts
from flows.publish.gate import check_share
from flows.publish.sharing import changes, compared, curves, figures, offices, people, render
from flows.publish.sharing.cells import FORMAT, Key, Line, Row, State, Tables, digest, month_of
from flows.publish.sharing.columns import CAVEATS, COLUMNS, EPISODES
from flows.publish.sharing.figure import as_csv, neutral, worded
from flows.publish.sharing.gather import ALL, GROUPS, Gather, Marts, by_group, gather, marts_of
from flows.publish.sharing.protect import Rule, with_rest
from flows.publish.sharing.rest import at_rest
from flows.warehouse import attach, connect

__all__ = ["CAVEATS", "GROUPS", "Written", "as_csv", "neutral", "share_of", "write_share"]

GATHERERS: dict[str, Gather] = {
    **{f"episodes_by_{name}": (lambda marts, name=name: by_group(marts, name)) for name in EPISODES},  # type: ignore[misc]
    "_partners": people.partner_base,
    **{f"_office_{name}": (lambda marts, name=name: people.by_office(marts, name)) for name in GROUPS},  # type: ignore[misc]
    "curves": curves.gather,
    "optimal_time": figures.optimal_time,
    "history": figures.history,
    "risk_indicators": figures.risk_indicators,
    "model_metrics": figures.model_metrics,
    "model_cards": figures.model_cards,
    "fairness": figures.fairness,
    "service_effects": figures.service_effects,
    "service_descriptions": figures.service_descriptions,
    "offices": offices.offices,
    "partners": offices.partners,
    "training_needs": offices.training_needs,
    "trainings": offices.trainings,
    "domain_changes": people.domain_changes,
    "quality": people.quality,
    "checks_summary": figures.checks_summary,
    "checks_spoken": figures.checks_spoken,
    "exclusions": people.exclusions,
    "definitions": figures.definitions,
}

Lines = dict[str, list[Line]]

_RENDERED: dict[str, Callable[[Sequence[Row], Rule], list[Line]]] = {
    "curves": curves.render,
    "optimal_time": render.optimal_time,
    "history": render.history,
    "model_metrics": render.model_metrics,
    "fairness": render.fairness,
    "service_effects": render.service_effects,
    "service_descriptions": render.service_descriptions,
    "domain_changes": render.domain_changes,
    "quality": render.quality,
    "exclusions": render.exclusions,
}
# Tables with totals: where in a key the group stands, and where its kind does.
_TOTALS: dict[str, tuple[int, int | None]] = {
    "curves": (2, 1),
    "optimal_time": (2, 1),
    "history": (3, 2),
    "service_descriptions": (3, 2),
    "domain_changes": (2, 1),
    "quality": (0, None),
}
_AS_THEY_ARE = ("risk_indicators", "model_cards", "trainings", "checks_summary", "checks_spoken", "definitions")


@dataclass(frozen=True)
class Written:
    """What was made: the lines of each table, and what the next release must know of them."""

    lines: Lines
    state: State


def write_share(
    marts: Path, folder: Path, facts: ReleaseFacts, *, threshold: int = 11, past: State | None = None
) -> State:
    """Writes every shared table as CSV, and share/manifest.json that says what they are; gives what to remember of them.

    `past` is what the release before remembered. Raises HomeError for a threshold below 11, VerifyError where what was written
    does not hold against the marts.
    """
    checked_threshold(threshold)
    with connect() as connection:
        attach(connection, marts, "marts")
        found = marts_of(connection)
        written = share_of(found, facts, threshold=threshold, past=past)
        folder.mkdir()
        for name, lines in written.lines.items():
            files.write_text(folder / f"{name}.csv", as_csv([COLUMNS[name], *lines]))
        _write_manifest(folder, facts, threshold, {name: len(lines) for name, lines in written.lines.items()})
        check_share(folder, connection, threshold=threshold, past=past)
    return written.state


def share_of(marts: Marts, facts: ReleaseFacts, *, threshold: int, past: State | None) -> Written:
    """The lines of every shared table, and the state they leave."""
    now = _with_rests(gather(marts, GATHERERS))
    meant = digest([COLUMNS, *(row.values for row in now["definitions"])])
    month = month_of(facts.as_of)
    tables = at_rest(now, past, month=month, threshold=threshold, definitions=meant)
    is_same_rule = past is not None and (past.threshold, past.definitions) == (threshold, meant)
    rule = Rule(threshold, past if is_same_rule else None)
    lines = _lines(tables, rule)
    before, meant_before = _month_before(past, month)
    cause = "time" if meant_before in ("", meant) else "definition"
    texts = {name: [[_text(value) for value in line] for line in lines[name]] for name in changes.COMPARED}
    lines["changes"] = changes.changes(before, texts, cause)
    kept = {table: {row.key: row for row in rows} for table, rows in tables.items()}
    state = State(month, threshold, meant, kept, rule.hidden, texts, before, meant_before, rule.families)
    return Written({name: lines[name] for name in COLUMNS}, state)


def _with_rests(tables: Tables) -> Tables:
    """The tables, with each total knowing how many of its people are in no row of a kind of groups."""
    for table, (value, stratum) in _TOTALS.items():

        def total(row: Row, value: int = value, stratum: int | None = stratum) -> Key:
            given = {value: ALL} | ({} if stratum is None else {stratum: "overall"})
            return tuple(given.get(place, part) for place, part in enumerate(row.key))

        def kind(row: Row, stratum: int | None = stratum) -> str:
            return "office_id" if stratum is None else row.key[stratum]

        tables[table] = with_rest(tables[table], total, kind)
    tables["offices"] = _with_partners(tables)
    return tables


def _with_partners(tables: Tables) -> list[Row]:
    """The rows of offices, each knowing how many of its people are with no partner of the other tables."""
    office_of = compared.office_of(tables["_partners"])
    rows = tables["offices"]
    for table in ("partners", "training_needs"):
        inside = [Row((table, *row.key), row.counts) for row in tables[table]]

        def total(row: Row) -> Key | None:
            return (office_of.get(row.key[1], ""), row.key[-1]) if len(row.key) > 2 else None

        rows = [row for row in with_rest([*rows, *inside], total, lambda row: row.key[0]) if len(row.key) == 2]
    return rows


def _lines(tables: Tables, rule: Rule) -> Lines:
    lines: Lines = {}
    for name in EPISODES:
        table = f"episodes_by_{name}"
        lines[table] = render.episodes(table, tables[table], rule)
    compared.hide_partners(tables["_partners"], rule)
    lines |= {name: rendered(tables[name], rule) for name, rendered in _RENDERED.items()}
    lines |= _compared(tables, rule)
    for name in _AS_THEY_ARE:
        named = _named if name == "trainings" else _said
        lines[name] = [tuple(named(row)[column] for column in COLUMNS[name]) for row in tables[name]]
    return lines


def _said(row: Row) -> Mapping[str, object]:
    return {name: worded(value) if name == "reason" else value for name, value in row.values.items()}


def _named(row: Row) -> Mapping[str, object]:
    return {"partner_id": row.key[0], "topic": row.key[1], **row.values}


def _compared(tables: Tables, rule: Rule) -> Lines:
    office_of = compared.office_of(tables["_partners"])
    half = compared.hide_compared("offices", tables["offices"], rule)
    partly, silent = compared.hide_within("partners", tables["partners"], rule, office_of, tables["offices"], half)
    needs, more = compared.hide_within(
        "training_needs", tables["training_needs"], rule, office_of, tables["offices"], half
    )
    return {
        "offices": compared.lines("offices", tables["offices"], rule, half | partly | needs, silent | more),
        "partners": compared.lines("partners", tables["partners"], rule, partly),
        "training_needs": compared.need_lines(tables["training_needs"], rule, needs),
    }


def _month_before(past: State | None, month: str) -> tuple[Mapping[str, list[list[str]]], str]:
    """The lines of the last release of an earlier month, and what was defined then."""
    if past is None:
        return {}, ""
    return (past.lines, past.definitions) if past.month < month else (past.month_before, past.definitions_before)


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _write_manifest(folder: Path, facts: ReleaseFacts, threshold: int, n_rows: Mapping[str, int]) -> None:
    known = facts.as_json()
    described = {name: known[name] for name in ("release_id", "as_of", "extracted_at", "created_at", "code_version")}
    tables = {
        f"{name}.csv": {"rows": rows, "sha256": files.sha256(folder / f"{name}.csv"), "caveat": CAVEATS[name]}
        for name, rows in n_rows.items()
    }
    described |= {"format": FORMAT, "threshold": threshold, "rounded_to": 5, "tables": tables}
    files.write_text(folder / "manifest.json", files.canonical_json(described) + "\n")
