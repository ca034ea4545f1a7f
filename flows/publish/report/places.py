"""A page an office and a page a partner."""

from collections.abc import Sequence

from markupsafe import Markup

from flows.publish.report.blocks import Block, Drawn, Fold, Page, Section, Shown, Text
from flows.publish.report.durations import curve_figure, optimal_blocks
from flows.publish.report.names import file_name
from flows.publish.report.quality import quality_table
from flows.publish.report.reading import Row, Share, by
from flows.publish.report.services import description_blocks
from flows.publish.report.standings import BAR, RATIO, standing_table
from flows.publish.report.tables import Column, make_table
from flows.publish.report.words import Words

NEEDS = (
    Column("column.what", ("what",)),
    Column("column.n", ("n",), "number"),
    Column("column.ratio", ("ratio",), "number"),
    Column("column.interval", ("lower", "upper"), "interval"),
    BAR,
    Column("column.trainings", ("n_trainings",)),
    Column("column.last_training", ("last_training_quarter",)),
)
FULL = (
    Column("column.kind", ("kind",), "code", "kind"), Column("column.what", ("code",), "code", "code"),
    Column("column.measure", ("measure",), "code", "measure"), Column("column.status", ("status",), "code", "status"), NEEDS[1],
    Column("column.observed", ("observed",), "number"), Column("column.expected", ("expected",), "number"), *NEEDS[2:5],
    Column("column.probability_below", ("probability_below",), "number"), Column("column.reason", ("reason",)),
)  # fmt: skip
HELD = (
    Column("column.topic", ("topic",), "code", "code"),
    Column("column.trainings", ("n_trainings",)),
    Column("column.last_training", ("last_training_quarter",)),
)
UNTOLD = ("insufficient", "refused", "hidden")


def office_pages(words: Words, share: Share) -> list[Page]:
    """One page for each office of the counts or of the comparison."""
    named = {
        row["group"]: row["label"] for row in share.rows("episodes_by_office") if row["group"] not in ("all", "unknown")
    }
    named |= {row["office_id"]: row["label"] or row["office_id"] for row in share.rows("offices")}
    return [_office(words, share, office, label) for office, label in named.items()]


def _office(words: Words, share: Share, office: str, label: str) -> Page:
    rows, curves = (
        share.rows("offices", office_id=office),
        share.rows("curves", stratum="office_id", stratum_value=office),
    )
    standing: list[Block] = [Text(words("standing.lead"))]
    standing += (
        [Shown(standing_table(words, "offices", rows))] if rows else [Text(words("office.no_standing"), "state")]
    )
    curve = curve_figure(
        words, "care", [row for row in curves if row["curve_name"] == "restoration"], key="figure.care", place=label
    )
    care: list[Block] = [Drawn(curve) if curve else Text(words("office.no_curve"), "state")]
    care += optimal_blocks(words, share.rows("optimal_time", stratum="office_id", stratum_value=office), "optimal")
    described = description_blocks(words, share.rows("service_descriptions", stratum="office_id", stratum_value=office))
    quality = share.rows("quality", office_id=office)
    data: list[Block] = (
        [Shown(quality_table(words, quality))] if quality else [Text(words("office.no_quality"), "state")]
    )
    sections = [
        Section("standing", words("office.standing"), standing),
        Section("care", words("office.care"), care),
        Section("services", words("office.services"), described),
        Section("quality", words("office.quality"), data),
    ]
    lead: list[Block] = [Text(words("office.lead", n=_episodes(words, share, office)))]
    return Page(file_name("office", office), words("office.title", label=label), lead, sections)


def _episodes(words: Words, share: Share, office: str) -> Markup:
    rows = share.rows("episodes_by_office", group=office)
    return Markup.escape(rows[0]["n_episodes"]) if rows and rows[0]["n_episodes"] else words("state.hidden")


def partner_pages(words: Words, share: Share) -> list[Page]:
    """One page for each partner, short enough for one sheet of A4: strengths first."""
    named: dict[str, str] = {}
    for table in ("partners", "training_needs", "trainings"):
        named |= {row["partner_id"]: row["label"] or row["partner_id"] for row in share.rows(table)}
    return [_partner(words, share, partner, label) for partner, label in named.items()]


def _partner(words: Words, share: Share, partner: str, label: str) -> Page:
    needs: list[Row] = [{**row, "what": _what(words, row)} for row in share.rows("training_needs", partner_id=partner)]
    found, held = by(needs, "status"), share.rows("trainings", partner_id=partner)
    standing = share.rows("partners", partner_id=partner)
    sections = [
        Section(f"{name}s", words(f"partner.{name}"), _needs(words, found.get(name, []), f"partner.{name}_none"))
        for name in ("strength", "below")
    ]
    told = _table(words, "trainings", held, HELD, "partner.trainings_table")
    sections.append(
        Section("trainings", words("partner.trainings"), [told or Text(words("partner.trainings_none"), "state")])
    )
    rest: list[Block] = [_names(words, found.get("as_expected", []), "partner.as_expected")]
    rest.append(_names(words, [row for status in UNTOLD for row in found.get(status, [])], "partner.untold"))
    full = make_table(words, "training_needs", needs, FULL, caption=words("partner.table"), kind="estimates")
    folded: list[Block] = [Shown(full)] if needs else []
    folded += [Shown(standing_table(words, "partners", standing))] if standing else []
    rest += [Fold(words("partner.numbers"), folded)] if folded else []
    sections.append(Section("rest", words("partner.rest"), rest))
    lead: list[Block] = [Text(words("partner.lead"))]
    return Page(file_name("partner", partner), words("partner.title", label=label), lead, sections, tone="sheet")


def _what(words: Words, row: Row) -> str:
    """What a row is about: the kind of service, else what was measured."""
    is_one_kind = row["kind"] == "service" and row["code"] != "any"
    return words.label("code", row["code"]) if is_one_kind else words.label("measure", row["measure"])


def _needs(words: Words, rows: Sequence[Row], none: str) -> list[Block]:
    told = [row for row in rows if all(row[name] for name in RATIO)]
    return [_table(words, "training_needs", told, NEEDS, "partner.needs_table") or Text(words(none), "state")]


def _table(words: Words, source: str, rows: Sequence[Row], columns: Sequence[Column], key: str) -> Shown | None:
    kind = "plain" if source == "trainings" else "estimates"
    return Shown(make_table(words, source, rows, columns, caption=words(key), kind=kind)) if rows else None


def _names(words: Words, rows: Sequence[Row], key: str) -> Text:
    """Names only: a list of what is neither a strength nor below, or cannot be told."""
    names = sorted(
        {str(words("partner.name", kind=words.label("kind", row["kind"]), code=row["what"])) for row in rows}
    )
    return Text(words(key, names="; ".join(names)) if names else words(f"{key}_none"))
