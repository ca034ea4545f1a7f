"""The second question: which indicators of the initial assessment tell who needs more support."""

from collections.abc import Sequence

from markupsafe import Markup

from flows.publish.report.blocks import Block, Bullets, Drawn, Fold, Heading, Section, Shown, Text
from flows.publish.report.durations import value_of
from flows.publish.report.figures import interval_figure, interval_row
from flows.publish.report.reading import Row, Share, by
from flows.publish.report.tables import Column, is_true, make_table
from flows.publish.report.words import Words

MOST_DRAWN, MOST_NAMED = 12, 3
INDICATORS = (
    Column("column.indicator", ("label",)),
    Column("column.domain", ("domain_code",), "code", "domain_name"),
    Column("column.importance", ("importance",), "number"),
    Column("column.interval", ("lower", "upper"), "interval"),
    Column("column.rank_interval", ("rank_low", "rank_high"), "interval"),
    Column("column.direction", ("direction",), "code", "direction"),
    Column("column.selection", ("selection_percent",), "number", unit="percent"),
)
METRICS = (
    Column("column.model", ("model_name",), "code", "model"),
    Column("column.measure", ("metric",), "code", "metric"),
    Column("column.split", ("split",), "code", "split"),
    Column("column.estimate", ("estimate",), "number"),
    Column("column.interval", ("lower", "upper"), "interval"),
    Column("column.n", ("n",), "number"),
)
CARDS = (
    Column("column.model", ("model_name",), "code", "model"),
    Column("column.model_id", ("model_id",)),
    Column("column.trained", ("trained_as_of",)),
    Column("column.champion", ("is_champion",), "flag"),
    Column("column.reason", ("reason",)),
)
FAIRNESS = (
    Column("column.group_kind", ("group_kind",), "code", "group_kind"),
    Column("column.group", ("group_value",), "code", "group"),
    Column("column.measure", ("metric",), "code", "metric"),
    Column("column.status", ("status",), "code", "status"),
    Column("column.estimate", ("estimate",), "number"),
    Column("column.interval", ("lower", "upper"), "interval"),
    Column("column.n", ("n",), "number"),
    Column("column.n_positive", ("n_positive",), "number"),
)


def question(words: Words, share: Share) -> Section:
    """The section of the second question."""
    blocks: list[Block] = [Text(answer(words, share), "answer"), Bullets(not_said(words))]
    for number, (outcome, rows) in enumerate(by(share.rows("risk_indicators"), "outcome").items()):
        name, shown = Markup.escape(words.label("risk_outcome", outcome)), _outcome(words, outcome, rows)
        blocks += [Fold(name, shown)] if number else [Heading(name), *shown]
    blocks += [Heading(words("q2.use")), Bullets([words("q2.use_ask"), words("q2.use_plan"), words("q2.use_never")])]
    blocks.append(Fold(words("q2.model"), model_blocks(words, share)))
    return Section("question-2", words("q2.heading"), blocks)


def answer(words: Words, share: Share) -> Markup:
    """The indicators whose importance is above zero by its interval, in one sentence; or that there are none."""
    as_of, found = share.facts["as_of"], by(share.rows("risk_indicators"), "outcome")
    if not found:
        return words("q2.not_answered", as_of=as_of)
    outcome, rows = next(iter(found.items()))
    clear = [row for row in rows if is_clear(row)]
    named = words.label("risk_outcome", outcome)
    if not clear:
        return words("q2.none_clear", outcome=named, n=n_of(words, share, outcome), as_of=as_of)
    listed = Markup("; ").join(
        words("q2.indicator", label=row["label"] or row["code"], value=value_of(words, row["importance"]),
              low=row["lower"], high=row["upper"])
        for row in sorted(clear[:MOST_NAMED], key=lambda row: row["label"])
    )  # fmt: skip
    return words(
        "q2.answer", outcome=named, count=len(clear), listed=listed, n=n_of(words, share, outcome), as_of=as_of
    )


def is_clear(row: Row) -> bool:
    """Whether the whole interval of an importance lies above zero."""
    return bool(row["lower"]) and float(row["lower"]) > 0


def n_of(words: Words, share: Share, outcome: str) -> Markup:
    """How many people the model in use for an outcome was tried on; said so where no table tells."""
    used = {row["model_id"] for row in share.rows("model_cards") if is_true(row["is_champion"])}
    told = [row for row in share.rows("model_metrics") if row["n"] and (row["model_id"] in used or not used)]
    own = [row for row in told if outcome in row["model_name"]] or told
    return Markup.escape(own[0]["n"]) if own else words("q2.n_unknown")


def not_said(words: Words) -> list[Markup]:
    """What the second answer does not say."""
    return [words("q2.not_cause"), words("q2.not_ration"), words("q2.not_rank")]


def _outcome(words: Words, outcome: str, rows: Sequence[Row]) -> list[Block]:
    table = make_table(words, "risk_indicators", rows, INDICATORS, caption=words("q2.table"), kind="indicators")
    drawn = ([row for row in rows if is_clear(row)] or list(rows))[:MOST_DRAWN]
    importance = [
        interval_row(words, row, row["label"] or row["code"], ("importance", "lower", "upper")) for row in drawn
    ]
    ranks = [interval_row(words, row, row["label"] or row["code"], ("rank_low", "rank_high")) for row in drawn]
    figures = [
        interval_figure(words, f"importance-{outcome}", importance, table, key="figure.importance", reference=0),
        interval_figure(words, f"ranks-{outcome}", ranks, table, key="figure.ranks"),
    ]
    shown: list[Block] = [Drawn(figure) for figure in figures if figure]
    return shown or [Shown(table)]


def model_blocks(words: Words, share: Share) -> list[Block]:
    """How well the model predicts, for whom it was looked at, and which model is in use."""
    parts = (
        ("model_metrics", METRICS, "model.metrics", "estimates"),
        ("model_cards", CARDS, "model.cards", "plain"),
        ("fairness", FAIRNESS, "model.fairness", "estimates"),
    )
    blocks: list[Block] = []
    for source, columns, key, kind in parts:
        rows = share.rows(source)
        table = make_table(words, source, rows, columns, caption=words(key), kind=kind)
        blocks.append(Shown(table) if rows else Text(words(f"{key}_none"), "state"))
    return blocks
