"""What a mapping says, as data: which source table becomes which contract table, and how each column comes about."""

import hashlib
import json
from dataclasses import dataclass, field

from flows.extract.contract import Column, Contract, Table
from flows.extract.mapping.expression import ISO_FORMS, Expression

# The delivery is described as if it were a table of one row.
DELIVERY = Table(
    "delivery", ("extract_id",), (Column("extract_id", "text", "", "none"), Column("extracted_at", "timestamp", "", "none")), True, False
)  # fmt: skip
# What must be mapped besides the primary key and `modified_at`. Any other column may be left out, and is then null.
NEEDED = {
    "delivery": frozenset({"extracted_at"}),
    "survivors": frozenset({"consent_analytics"}),
    "aftercare_episodes": frozenset({"survivor_id", "case_id", "office_id", "intake_date", "exit_date"}),
    "aso_assessments": frozenset({"episode_id", "assessed_on", "stage"}),
    "aso_scores": frozenset({"score"}),
    "cases": frozenset({"office_id"}),
    "community_events": frozenset({"episode_id", "attended_on"}),
    "health_services": frozenset({"episode_id", "delivered_on", "status"}),
    "legal_proceedings": frozenset({"case_id", "occurred_on"}),
    "partner_trainings": frozenset({"partner_id", "completed_on"}),
    "support_services": frozenset({"episode_id", "started_on", "status"}),
}
# A source may have no words for these: `empty: true`. Without offices, survivors, cases and episodes nothing means anything.
MAY_BE_EMPTY = frozenset(
    {"partners", "partner_trainings", "aso_assessments", "aso_scores", "community_events", "health_services", "legal_proceedings",
     "support_services"}
)  # fmt: skip


@dataclass(frozen=True)
class Value:
    """How one contract column comes about: an expression or a constant, then codes; `rest` stands for what is no listed code.

    `if_absent` stands for the whole of it where the source lacks a column that it names.
    """

    line: int
    where: str
    expression: Expression | None = None
    constant: str | None = None
    codes: tuple[tuple[str, str | None], ...] | None = None
    keeps_rest: bool = True
    rest: str | None = None
    if_absent: "Value | None" = None

    @property
    def targets(self) -> set[str]:
        """The texts that it can give where it is not the source that says them."""
        given = {code for _, code in self.codes or ()} | {self.rest}
        given |= {self.constant} if self.expression is None else set()
        return {text for text in given if text is not None}


@dataclass(frozen=True)
class Join:
    """Columns of one more source table: at most one row of it for each row, the one that is greatest by `newest`."""

    line: int
    table: str
    alias: str
    on: tuple[tuple[Expression, str], ...]
    where: Expression | None
    newest: str | None


@dataclass(frozen=True)
class Block:
    """Rows of a contract table from the rows of one source table; with `unpivot` several from each, which add their own columns."""

    line: int
    where_line: int
    table: str
    joins: tuple[Join, ...]
    where: Expression | None
    columns: dict[str, Value]
    unpivot: tuple[dict[str, Value], ...] = ()


@dataclass(frozen=True)
class Mapped:
    """How one contract table comes about: the blocks whose rows it holds; none where the source has no words for it."""

    line: int
    blocks: tuple[Block, ...]
    one_row_per_key: bool = False


@dataclass(frozen=True)
class Parameter:
    """What a deployment has to decide: the values it may take."""

    line: int
    description: str
    allowed: tuple[str, ...]


@dataclass(frozen=True)
class Mapping:
    """A whole mapping, with its parameters filled in."""

    name: str
    description: str
    instrument: str | None
    forms: tuple[str, ...]
    delivery: Block | None
    tables: dict[str, Mapped]
    text: str
    parameters: dict[str, str] = field(default_factory=dict)

    @property
    def hash(self) -> str:
        """A hash of what it says and of its parameters: under another one, everything is landed again."""
        content = json.dumps([self.text, sorted(self.parameters.items())])
        return hashlib.sha256(content.encode()).hexdigest()[:16]

    @property
    def date_forms(self) -> tuple[str, ...]:
        """The forms of dates and timestamps in the order they are tried; the contract's own first."""
        return ISO_FORMS + self.forms

    @property
    def source_tables(self) -> dict[str, int]:
        """The source tables that it reads, with the line that names each first."""
        found: dict[str, int] = {}
        for block in self.blocks():
            found.setdefault(block.table, block.line)
            for join in block.joins:
                found.setdefault(join.table, join.line)
        return found

    def blocks(self) -> list[Block]:
        """Every block, the delivery's first."""
        blocks = [block for mapped in self.tables.values() for block in mapped.blocks]
        return [self.delivery, *blocks] if self.delivery else blocks

    def source_contract(self, contract: Contract) -> Contract:
        """The source's tables as a contract, so that a manifest and a catalogue are read as those of any delivery."""
        tables = {name: Table(name, (), (), True, True) for name in self.source_tables}
        return Contract(contract.schema_version, tables, {})
