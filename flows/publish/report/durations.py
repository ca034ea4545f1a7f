"""The first question: how long survivors need in Aftercare. Curves, what they lean on, and why no one month is best."""

from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from flows.publish.report.blocks import Block, Bullets, Drawn, Heading, Section, Shown, Text
from flows.publish.report.figures import Figure, described, interval_figure, interval_row, values_of
from flows.publish.report.reading import Row, Share, by
from flows.publish.report.tables import Column, Table, make_table
from flows.publish.report.words import Words

HEADLINE = "restoration"
HEADLINE_MONTH = 24
BESIDE = (HEADLINE, "restoration_detection_date", "restoration_npmle")
STATES = ("restored", "in_care", "lost", "other_exit")
ESTIMATE = ("estimate_percent", "lower_percent", "upper_percent")
CURVE = (
    Column("column.curve", ("curve_name",), "code", "curve"),
    Column("column.state", ("state",), "code", "state_of_care"),
    Column("column.month", ("month",)),
    Column("column.estimate", ("estimate_percent",), "number", unit="percent"),
    Column("column.interval", ("lower_percent", "upper_percent"), "interval", unit="percent"),
    Column("column.at_risk", ("n_at_risk",), "number"),
)
OPTIMAL = (
    Column("column.question", ("question",), "code", "optimal_time"),
    Column("column.status", ("status",), "code", "status"),
    Column("column.months", ("estimate_months",), "number"),
    Column("column.interval", ("lower_months", "upper_months"), "interval"),
    Column("column.set_months", ("set_months",), make=lambda row: Markup.escape(spans(row["set_months"]))),
    Column("column.n", ("n",), "number"),
    Column("column.reason", ("reason",)),
    Column("column.version", ("definition_version",)),
)


def question(words: Words, share: Share) -> Section:
    """The section of the first question, answered, answered in part, or not."""
    overall = share.rows("curves", stratum="overall")
    blocks: list[Block] = [Text(answer(words, share, overall), "answer"), Bullets(not_said(words))]
    blocks += _curve_blocks(words, share, overall)
    blocks += optimal_blocks(words, share.rows("optimal_time", stratum="overall"), "optimal")
    return Section("question-1", words("q1.heading"), blocks)


def answer(words: Words, share: Share, overall: Sequence[Row]) -> Markup:
    """The headline as one sentence with interval, n and date; else what can be said, or that nothing can."""
    head = headline(overall)
    as_of = share.facts["as_of"]
    if head is None:
        part = any(row["status"] == "shown" for row in overall)
        return words("q1.in_part" if part else "q1.not_answered", as_of=as_of)
    value = value_of(words, head["estimate_percent"])
    if not (head["lower_percent"] and head["upper_percent"]):
        return words("q1.no_interval", value=value, month=head["month"], n=head["n_at_risk"], as_of=as_of)
    return words("q1.answer", value=value, low=head["lower_percent"], high=head["upper_percent"], month=head["month"],
                 n=head["n_at_risk"], as_of=as_of)  # fmt: skip


def value_of(words: Words, text: str) -> Markup:
    """A number of a sentence, so marked that a test can look whether interval and n stand beside it."""
    return Markup('<strong class="value">{}</strong>').format(text)


def not_said(words: Words) -> list[Markup]:
    """What the first answer does not say."""
    return [words("q1.not_best"), words("q1.not_cause"), words("q1.not_person")]


def headline(rows: Sequence[Row]) -> Row | None:
    """The headline curve at two years, or at the last month before that has enough people; None where there is none."""
    shown = [
        row
        for row in rows
        if row["curve_name"] == HEADLINE
        and row["state"] == "restored"
        and row["status"] == "shown"
        and int(row["month"]) <= HEADLINE_MONTH
    ]
    return max(shown, key=lambda row: int(row["month"])) if shown else None


def _curve_blocks(words: Words, share: Share, overall: Sequence[Row]) -> list[Block]:
    if not overall:
        return [Text(words("q1.no_curve"), "state")]
    main = [row for row in overall if row["curve_name"] == HEADLINE]
    blocks: list[Block] = []
    if figure := curve_figure(words, "care", main, key="figure.care"):
        figure.under = at_risk(words, main)
        blocks.append(Drawn(figure))
    beside = [row for row in overall if row["curve_name"] in BESIDE and row["state"] == "restored"]
    named = {row["curve_name"] for row in beside if row["status"] == "shown"}
    figure = curve_figure(words, "beside", beside, key="figure.beside", series="curve_name")
    if figure and named - {HEADLINE}:
        blocks += [
            Drawn(figure),
            Bullets([words(f"q1.lean.{name}") for name in BESIDE[1:] if name in named]),
        ]
    blocks += _sensitivity(words, overall)
    return blocks


def _sensitivity(words: Words, overall: Sequence[Row]) -> list[Block]:
    rows = [row for row in overall if row["state"] == "restored" and row["month"] == str(HEADLINE_MONTH)]
    if len(rows) < 2:
        return [Text(words("q1.no_sensitivity"), "state")]
    table = make_table(words, "curves", rows, CURVE, caption=words("figure.sensitivity.table"), kind="estimates")
    lines = [interval_row(words, row, words.label("curve", row["curve_name"]), ESTIMATE, "percent") for row in rows]
    figure = interval_figure(words, "sensitivity", lines, table, key="figure.sensitivity", zero=True)
    return [Heading(words("q1.sensitivity")), Drawn(figure) if figure else Shown(table)]


def curve_figure(
    words: Words, name: str, rows: Sequence[Row], *, key: str, series: str = "state", place: str = ""
) -> Figure | None:
    """Step curves of these rows, one line a state or a curve; None where nothing is shown of them."""
    family = "state_of_care" if series == "state" else "curve"
    groups = {one: found for one, found in by(list(rows), series).items() if any(r["status"] == "shown" for r in found)}
    order = [one for one in (*STATES, *BESIDE) if one in groups]
    named = {one: words.label(family, one) for one in [*order, *(groups.keys() - {*order})]}
    if not named:
        return None
    points = [point for one, label in named.items() for point in _points(groups[one], label)]
    table = make_table(
        words,
        "curves",
        rows,
        CURVE,
        caption=words("figure.curve.table", place=place or words("everyone")),
        kind="estimates",
    )
    told = [
        str(words("figure.point", label=p["series"], month=p["month"], value=p["estimate"])) for p in points if p["raw"]
    ]
    return Figure(name, "curves", words(f"{key}.title"), words(f"{key}.caption"), described(words, told), points,
                  {"x": str(words("figure.months"))}, table, {"series": list(named.values())})  # fmt: skip


def _points(rows: Sequence[Row], label: str) -> list[dict[str, Any]]:
    """The points of one line; from 0, or for those in care from 100 percent, at intake."""
    start = 100.0 if rows[0]["state"] == "in_care" else 0.0
    boxed = rows[0]["curve_name"] == "restoration_npmle"
    last: dict[str, Any] = {"series": label, "month": 0, "estimate": start, "lower": start, "upper": start, "raw": ""}
    points = [last | {"boxed": boxed}]
    for row in sorted((row for row in rows if row["status"] == "shown"), key=lambda row: int(row["month"])):
        point = {"series": label, "month": int(row["month"]), "estimate": float(row["estimate_percent"])}
        point |= {
            side: float(row[f"{side}_percent"]) if row[f"{side}_percent"] else None for side in ("lower", "upper")
        }
        point["raw"] = values_of(row["curve_name"], row["state"], row["month"], row["estimate_percent"])
        if boxed:
            point |= {"since": last["month"], "before": last["estimate"], "boxed": True}
        points.append(point)
        last = point
    return points


def at_risk(words: Words, rows: Sequence[Row]) -> Table:
    """How many people were still observed at each month of the grid."""
    restored = [row for row in rows if row["state"] == "restored"]
    columns = (Column("column.month", ("month",)), Column("column.at_risk", ("n_at_risk",), "number"))
    return make_table(words, "curves", restored, columns, caption=words("figure.at_risk"), kind="at_risk")


def spans(months: str) -> str:
    """Months such as `6,7,8,12` as `6–8, 12`; what is not a list of whole months as it is."""
    found = months.replace(";", ",").split(",")
    if not all(one.strip().isdecimal() for one in found):
        return months
    runs: list[list[int]] = []
    for month in sorted(map(int, found)):
        if runs and month == runs[-1][-1] + 1:
            runs[-1].append(month)
        else:
            runs.append([month])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}–{run[-1]}" for run in runs)


def optimal_blocks(words: Words, rows: Sequence[Row], name: str) -> list[Block]:
    """What is known of good lengths of care: each question apart, with its interval or set, or why it has no answer."""
    blocks: list[Block] = [Heading(words("optimal.heading")), Text(words("optimal.lead"))]
    if not rows:
        return [*blocks, Text(words("optimal.none"), "state")]
    table = make_table(words, "optimal_time", rows, OPTIMAL, caption=words("optimal.table"), kind="estimates")
    lines = [
        interval_row(
            words,
            row,
            words.label("optimal_time", row["question"]),
            ("estimate_months", "lower_months", "upper_months"),
            "months",
        )
        for row in rows
        if row["status"] == "estimated"
    ]
    figure = interval_figure(words, name, lines, table, key="figure.optimal", zero=True)
    return [*blocks, Drawn(figure) if figure else Text(words("optimal.no_figure"), "state"), Shown(table)]
