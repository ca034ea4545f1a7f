"""The first page: the three questions of the mission, then casework types, quality, and the way to every other page."""

import re
from collections.abc import Sequence

from markupsafe import Markup

from flows.publish.report import durations, needs, quality, services
from flows.publish.report.blocks import Block, Drawn, Fold, Links, Page, Section, Shown, Text
from flows.publish.report.durations import ESTIMATE, HEADLINE, HEADLINE_MONTH
from flows.publish.report.figures import interval_figure, interval_row
from flows.publish.report.reading import Row, Share, by
from flows.publish.report.standings import COUNTED, funnel
from flows.publish.report.tables import Column, make_table
from flows.publish.report.words import Words

STRATA = ("casework_type", "age_band", "severity")
GROUPINGS = ("office", "casework_type", "outcome", "age_band", "gender")
STRATUM = (
    Column("column.group", ("stratum_value",), "code", "group"),
    Column("column.month", ("month",)),
    Column("column.estimate", ("estimate_percent",), "number", unit="percent"),
    Column("column.interval", ("lower_percent", "upper_percent"), "interval", unit="percent"),
    Column("column.at_risk", ("n_at_risk",), "number"),
)
COUNTS = (
    Column("column.group", ("label",), "code", "group"),
    Column("column.episodes", ("n_episodes",), "number"),
    Column("column.percent", ("percent",), "number", unit="percent"),
)


def home_page(words: Words, share: Share, others: Sequence[Page]) -> Page:
    """index.html."""
    sections = [
        durations.question(words, share),
        needs.question(words, share),
        services.question(words, share),
        _strata(words, share),
        _offices(words, share, others),
        _partners(words, others),
        _domains(words, others),
        _counts(words, share),
        *quality.sections(words, share),
    ]
    return Page("index.html", words("home.title"), [Text(words("home.lead"))], sections)


def _strata(words: Words, share: Share) -> Section:
    blocks: list[Block] = []
    for stratum in STRATA:
        rows = share.rows("curves", stratum=stratum, curve_name=HEADLINE, state="restored")
        at = [row for row in rows if row["month"] == str(HEADLINE_MONTH)]
        if at:
            blocks.append(_stratum(words, stratum, at, rows))
    for stratum, rows in by(share.rows("optimal_time"), "stratum").items():
        if stratum in STRATA:
            columns = (Column("column.group", ("stratum_value",), "code", "group"), *durations.OPTIMAL)
            table = make_table(words, "optimal_time", rows, columns, caption=words("optimal.table"), kind="estimates")
            blocks.append(Fold(words("strata.optimal", stratum=words.label("stratum", stratum)), [Shown(table)]))
    lead: list[Block] = [Text(words("strata.lead"))]
    return Section(
        "casework-types", words("strata.heading"), lead + blocks if blocks else [Text(words("strata.none"), "state")]
    )


def _stratum(words: Words, stratum: str, at: Sequence[Row], rows: Sequence[Row]) -> Block:
    name = words.label("stratum", stratum)
    table = make_table(words, "curves", rows, STRATUM, caption=words("strata.table", stratum=name), kind="estimates")
    lines = [interval_row(words, row, words.label("group", row["stratum_value"]), ESTIMATE, "percent") for row in at]
    figure = interval_figure(words, f"by-{stratum}", lines, table, key=f"figure.by_{stratum}", zero=True)
    return Drawn(figure) if figure else Shown(table)


def _offices(words: Words, share: Share, others: Sequence[Page]) -> Section:
    rows = share.rows("offices")
    blocks: list[Block] = [Text(words("standing.lead"))]
    drawn = [figure for measure in COUNTED if (figure := funnel(words, rows, measure))]
    blocks += [Drawn(figure) for figure in drawn]
    if not drawn:
        blocks.append(Text(words("offices.no_funnel"), "state"))
    return Section("offices", words("offices.heading"), [*blocks, *_links(words, "offices", "office-", others)])


def _partners(words: Words, others: Sequence[Page]) -> Section:
    return Section(
        "partners",
        words("partners.heading"),
        [Text(words("partners.lead")), *_links(words, "partners", "partner-", others)],
    )


def _domains(words: Words, others: Sequence[Page]) -> Section:
    return Section("domains", words("domains.heading"), _links(words, "domains", "domain-", others))


def _links(words: Words, name: str, start: str, others: Sequence[Page]) -> list[Block]:
    items = sorted(
        ((page.file, str(page.title)) for page in others if page.file.startswith(start)),
        key=lambda item: [one.zfill(9) for one in re.split(r"(\d+)", item[1])],  # Partner 2 before Partner 10
    )
    if not items:
        return [Text(words(f"{name}.none"), "state")]
    return [Links(words(f"{name}.pages"), [(file, Markup(title)) for file, title in items])]


def _counts(words: Words, share: Share) -> Section:
    total = [row for row in share.rows("episodes_by_outcome") if row["group"] == "all"]
    n = Markup.escape(total[0]["n_episodes"]) if total and total[0]["n_episodes"] else words("state.hidden")
    blocks: list[Block] = [Text(words("counts.lead", n=n))]
    for grouping in GROUPINGS:
        rows, name = share.rows(f"episodes_by_{grouping}"), words(f"counts.by_{grouping}")
        table = make_table(words, f"episodes_by_{grouping}", rows, COUNTS, caption=name, kind="counts")
        blocks.append(Fold(name, [Shown(table)]) if rows else Text(words("counts.none"), "state"))
    return Section("counts", words("counts.heading"), blocks)
