"""How good the data are, who is left out, and what changed since the release of about a month before."""

from collections.abc import Sequence

from flows.publish.report.blocks import Block, Heading, Section, Shown, Text
from flows.publish.report.reading import Row, Share
from flows.publish.report.tables import Column, Table, make_table
from flows.publish.report.words import Words

QUALITY = (
    Column("column.measure", ("measure",), "code", "measure"),
    Column("column.percent", ("percent",), "number", unit="percent"),
    Column("column.n", ("n",), "number"),
)
CHECKS = (
    Column("column.severity", ("severity",), "code", "severity"),
    Column("column.result", ("status",), "code", "status"),
    Column("column.checks", ("n_checks",), "number"),
)
SPOKEN = (
    Column("column.check", ("check_id",)),
    Column("column.table", ("table_name",)),
    Column("column.result", ("status",), "code", "status"),
    Column("column.allowed", ("threshold",)),
    Column("column.because", ("because",)),
)
EXCLUDED = (
    Column("column.reason", ("reason",), "code", "exclusion"),
    Column("column.survivors", ("n_survivors",), "number"),
)
CHANGES = (
    Column("column.table", ("table",), "code", "mart"),
    Column("column.measure", ("measure",), "code", "measure"),
    Column("column.before", ("before",), "number"),
    Column("column.after", ("after",), "number"),
    Column("column.cause", ("cause",), "code", "change"),
)


def quality_table(words: Words, rows: Sequence[Row]) -> Table:
    """Completeness and lags of one office or of all."""
    return make_table(words, "quality", rows, QUALITY, caption=words("quality.table"), kind="counts")


def sections(words: Words, share: Share) -> list[Section]:
    """Quality of the data, and what changed."""
    overall = share.rows("quality", office_id="all")
    blocks: list[Block] = [Shown(quality_table(words, overall))] if overall else [Text(words("quality.none"), "state")]
    blocks.append(_shown(words, share, "checks_summary", CHECKS, "quality.checks"))
    if share.rows("checks_summary"):
        blocks.append(_shown(words, share, "checks_spoken", SPOKEN, "quality.spoken"))
    blocks += [Heading(words("quality.left_out")), _shown(words, share, "exclusions", EXCLUDED, "quality.exclusions")]
    changed: list[Block] = [_shown(words, share, "changes", CHANGES, "changes.table")]
    return [
        Section("quality", words("quality.heading"), blocks),
        Section("changes", words("changes.heading"), changed),
    ]


def _shown(words: Words, share: Share, source: str, columns: Sequence[Column], key: str) -> Block:
    rows = share.rows(source)
    table = make_table(words, source, rows, columns, caption=words(key), kind="counts")
    return Shown(table) if rows else Text(words(f"{key}_none"), "state")
