"""A page a domain of the assessment: how it changes, and which of its indicators predict."""

from collections.abc import Sequence

from markupsafe import Markup

from flows.publish.report.blocks import Block, Heading, Page, Section, Shown, Text
from flows.publish.report.names import file_name
from flows.publish.report.needs import INDICATORS
from flows.publish.report.reading import Row, Share, by
from flows.publish.report.tables import Column, make_table
from flows.publish.report.words import Words

CHANGES = (
    Column("column.group", ("label",), "code", "group"),
    Column("column.n", ("n",), "number"),
    Column("column.initial", ("mean_initial",), "number"),
    Column("column.latest", ("mean_latest",), "number"),
    Column("column.measurable", ("percent_measurable",), "number", unit="percent", missing="hidden"),
    Column("column.substantial", ("percent_substantial",), "number", unit="percent", missing="hidden"),
    Column("column.worse", ("percent_worse",), "number", unit="percent", missing="hidden"),
)


def domain_pages(words: Words, share: Share) -> list[Page]:
    """One page for each domain that a table names, the total included."""
    codes = [*by(share.rows("domain_changes"), "domain_code"), *by(share.rows("risk_indicators"), "domain_code")]
    return [_domain(words, share, code) for code in dict.fromkeys(codes) if code]


def _domain(words: Words, share: Share, code: str) -> Page:
    changes, indicators = (
        share.rows("domain_changes", domain_code=code),
        share.rows("risk_indicators", domain_code=code),
    )
    told: list[Block] = [Text(words("domain.change_lead"))]
    for stratum, rows in by(changes, "stratum").items():
        told += [Heading(Markup.escape(words.label("stratum", stratum))), _changes(words, rows)]
    predicts: list[Block] = [Text(words("q2.not_cause"))]
    for outcome, rows in by(indicators, "outcome").items():
        name = Markup.escape(words.label("risk_outcome", outcome))
        predicts.append(Shown(make_table(words, "risk_indicators", rows, INDICATORS, caption=name, kind="indicators")))
    sections = [
        Section("change", words("domain.change"), told if changes else [Text(words("domain.change_none"), "state")]),
        Section(
            "predicts",
            words("domain.predicts"),
            predicts if indicators else [Text(words("domain.predicts_none"), "state")],
        ),
    ]
    title = words("domain.title", domain=words.label("domain_name", code))
    return Page(file_name("domain", code.lower()), title, [Text(words("domain.lead"))], sections)


def _changes(words: Words, rows: Sequence[Row]) -> Shown:
    return Shown(make_table(words, "domain_changes", rows, CHANGES, caption=words("domain.table"), kind="described"))
