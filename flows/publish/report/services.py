"""The third question: how services are best delivered, and what partners should be trained on."""

from collections.abc import Sequence

from markupsafe import Markup

from flows.publish.report.blocks import Block, Bullets, Drawn, Fold, Heading, Section, Shown, Text
from flows.publish.report.durations import value_of
from flows.publish.report.figures import interval_figure, interval_row
from flows.publish.report.reading import Row, Share, by
from flows.publish.report.tables import Column, Table, make_table
from flows.publish.report.words import Words

EFFECTS = (
    Column("column.question", ("question",), "code", "service_question"),
    Column("column.strategy", ("strategy", "comparator"), "against", "strategy"),
    Column("column.contrast", ("contrast",), "code", "contrast"),
    Column("column.horizon", ("horizon_months",), "number"),
    Column("column.status", ("status",), "code", "status"),
    Column("column.estimate", ("estimate",), "number"),
    Column("column.interval", ("lower", "upper"), "interval"),
    Column("column.effective_n", ("effective_n",), "number"),
    Column("column.wording", ("wording", "reason"), "either"),
)
DESCRIBED = (
    Column("column.measure", ("measure",), "code", "measure"),
    Column("column.category", ("category",), "code", "category"),
    Column("column.month", ("month",)),
    Column("column.middle", ("estimate",), "number"),
    Column("column.quartiles", ("lower_quartile", "upper_quartile"), "interval"),
    Column("column.n", ("n",), "number"),
)
NUMBERS = ("estimate", "lower", "upper")


def question(words: Words, share: Share) -> Section:
    """The section of the third question."""
    effects = share.rows("service_effects")
    blocks: list[Block] = [Text(answer(words, share, effects), "answer"), Bullets(not_said(words))]
    if effects:
        blocks += _effect_blocks(words, effects)
    blocks += [
        Heading(words("q3.training")),
        Text(words("q3.training_where" if share.rows("training_needs") else "q3.training_none")),
    ]
    blocks.append(Heading(words("q3.described")))
    blocks += description_blocks(words, share.rows("service_descriptions", stratum="overall"))
    return Section("question-3", words("q3.heading"), blocks)


def answer(words: Words, share: Share, effects: Sequence[Row]) -> Markup:
    """What could be estimated of the questions stated in advance, in one sentence; or that none could."""
    as_of = share.facts["as_of"]
    if not effects:
        return words("q3.not_answered", as_of=as_of)
    asked = len(by(list(effects), "question"))
    estimated = [row for row in effects if row["status"] == "estimated" and all(row[name] for name in NUMBERS)]
    if not estimated:
        return words("q3.refused", n=asked, as_of=as_of)
    answered = by(sorted(estimated, key=lambda row: row["contrast"] != "risk_difference"), "question")
    listed = Markup("; ").join(_told(words, rows[0]) for rows in answered.values())
    return words("q3.answer", asked=asked, answered=len(answered), listed=listed, as_of=as_of)


def _told(words: Words, row: Row) -> Markup:
    return words(
        "q3.effect",
        question=words.label("service_question", row["question"]),
        contrast=words.label("contrast", row["contrast"]),
        value=value_of(words, row["estimate"]),
        low=row["lower"],
        high=row["upper"],
        n=row["effective_n"],
        wording=row["wording"].rstrip("."),
    )


def not_said(words: Words) -> list[Markup]:
    """What the third answer does not say."""
    return [words("q3.not_crude"), words("q3.not_works"), words("q3.not_league")]


def _effect_blocks(words: Words, effects: Sequence[Row]) -> list[Block]:
    table = _effects(words, effects)
    blocks: list[Block] = []
    for contrast, rows in by([row for row in effects if row["status"] == "estimated"], "contrast").items():
        lines = [interval_row(words, row, words.label("service_question", row["question"]), NUMBERS) for row in rows]
        figure = interval_figure(
            words, f"effects-{contrast}", lines, _effects(words, rows), key=f"figure.{contrast}", reference=0
        )
        blocks += [Drawn(figure)] if figure else []
    return [*blocks, Shown(table)]


def _effects(words: Words, rows: Sequence[Row]) -> Table:
    return make_table(words, "service_effects", rows, EFFECTS, caption=words("q3.table"), kind="estimates")


def description_blocks(words: Words, rows: Sequence[Row]) -> list[Block]:
    """What was delivered, said to be a description, one folded table a measure."""
    if not rows:
        return [Text(words("q3.described_none"), "state")]
    blocks: list[Block] = [Text(words("q3.described_lead"))]
    for measure, found in by(list(rows), "measure").items():
        name = Markup.escape(words.label("measure", measure))
        table = make_table(words, "service_descriptions", found, DESCRIBED, caption=name, kind="described")
        blocks.append(Fold(name, [Shown(table)]))
    return blocks
