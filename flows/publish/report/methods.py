"""Two pages for who wants to know how: the methods with their definitions, and headline figures over releases."""

from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from flows.publish.report.blocks import Block, Bullets, Drawn, Heading, Page, Section, Shown, Text
from flows.publish.report.figures import Figure, described, values_of
from flows.publish.report.needs import model_blocks
from flows.publish.report.reading import Row, Share, by
from flows.publish.report.tables import Column, is_true, make_table
from flows.publish.report.words import Words

DEFINITIONS = (
    Column("column.name", ("name",), "code", "definition"),
    Column("column.version", ("version",)),
    Column("column.value", ("value",)),
    Column("column.since", ("since",)),
)
HISTORY = (
    Column("column.as_of", ("as_of",)),
    Column("column.measure", ("measure",), "code", "measure"),
    Column("column.group", ("stratum_value",), "code", "group"),
    Column("column.estimate", ("estimate",), "number"),
    Column("column.interval", ("lower", "upper"), "interval"),
    Column("column.n", ("n",), "number"),
    Column("column.version", ("definition_version",)),
    Column("column.is_break", ("is_break",), "flag"),
)
METHODS = ("panel", "npmle", "detection_date", "optimal", "need", "services", "standing", "intervals")


def methods_page(words: Words, share: Share) -> Page:
    """How each number was made, the definitions in force, and what each shared table is."""
    facts = share.facts
    rows = share.rows("definitions")
    table = make_table(words, "definitions", rows, DEFINITIONS, caption=words("methods.definitions"), kind="plain")
    caveats = [words("methods.caveat", table=name, caveat=told["caveat"]) for name, told in facts["tables"].items()]
    return Page(
        "methods.html",
        words("methods.title"),
        [Text(words("methods.lead", code_version=facts["code_version"], format=facts["format"]))],
        [
            Section("how", words("methods.how"), [Bullets([words(f"method.{name}") for name in METHODS])]),
            Section("definitions", words("methods.definitions_heading"),
                    [Shown(table) if rows else Text(words("methods.definitions_none"), "state")]),
            Section("privacy", words("methods.privacy"),
                    [Text(words("methods.privacy_rule", threshold=facts["threshold"], rounded_to=facts["rounded_to"]))]),
            Section("model", words("methods.model"), model_blocks(words, share)),
            Section("tables", words("methods.tables"), [Bullets(caveats)]),
        ],
    )  # fmt: skip


def history_page(words: Words, share: Share) -> Page:
    """Figures over releases; where a definition changed the line breaks, since before and after are not the same thing."""
    rows = share.rows("history")
    sections = [_measure(words, measure, found) for measure, found in by(rows, "measure").items()]
    none = [Section("history", words("history.heading"), [Text(words("history.none"), "state")])]
    return Page("history.html", words("history.title"), [Text(words("history.lead"))], sections or none)


def _measure(words: Words, measure: str, rows: Sequence[Row]) -> Section:
    name = Markup.escape(words.label("measure", measure))
    figure = _figure(words, measure, rows)
    table = make_table(words, "history", rows, HISTORY, caption=words("history.table"), kind="estimates")
    blocks: list[Block] = [Drawn(figure) if figure else Text(words("history.no_figure"), "state")]
    return Section(f"history-{measure}", name, [*blocks, Heading(words("history.numbers")), Shown(table)])


def _figure(words: Words, measure: str, rows: Sequence[Row]) -> Figure | None:
    """The line of everyone over releases; None with fewer than two points."""
    shown = [row for row in rows if row["stratum"] == "overall" and all(row[n] for n in ("estimate", "lower", "upper"))]
    if len(shown) < 2:
        return None
    points: list[dict[str, Any]] = []
    part = 0
    for row in sorted(shown, key=lambda row: (row["as_of"], row["release_id"])):
        part += is_true(row["is_break"])
        numbers = {name: float(row[name]) for name in ("estimate", "lower", "upper")}
        raw = values_of(row["as_of"], row["estimate"])
        points.append({"at": row["as_of"], **numbers, "part": part, "is_break": is_true(row["is_break"]), "raw": raw})
    table = make_table(words, "history", shown, HISTORY, caption=words("history.table"), kind="estimates")
    told = [
        str(words("figure.history_point", at=row["as_of"], value=row["estimate"], low=row["lower"], high=row["upper"]))
        for row in shown
    ]
    return Figure(
        name=f"history-{measure}",
        kind="history",
        title=words("figure.history.title", measure=words.label("measure", measure)),
        caption=words("figure.history.caption"),
        description=described(words, told),
        rows=points,
        words={"x": str(words("figure.history.x")), "y": words.label("measure", measure)},
        table=table,
    )
