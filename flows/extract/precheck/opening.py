"""The files of a delivery looked at all together: where the night stops at the first problem, all of them are told here.

What can be opened is opened, so that its rows can be judged too: without a manifest the files are taken by their names.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from flows.errors import ContractError, DeliveryError, Exit, StageError
from flows.extract.contract import Contract, Table
from flows.extract.folder import FolderDelivery, check_columns, read_part
from flows.extract.manifest import Entry, Manifest, parse_manifest
from flows.extract.precheck.findings import Finding, Level
from flows.extract.scan import Part
from flows.extract.source import DeliveryFacts, NumberedDelivery

REFUSES = "The night refuses the whole delivery; nothing of it is loaded."
SUFFIXES = ("csv", "parquet")


@dataclass
class Opened:
    """What could be opened of a delivery: `broken` tables cannot be read, `missing` columns are not in a table."""

    delivery: NumberedDelivery
    contract: Contract
    findings: list[Finding] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)
    missing: dict[str, frozenset[str]] = field(default_factory=dict)
    stated_rows: dict[str, int] = field(default_factory=dict)
    # Tables of a source with other words, as a mapping names them: their files may be told by name too.
    source_tables: frozenset[str] = frozenset()

    def scan(self, table: Table) -> str:
        """The query of a table's columns as text; of no rows where the table is broken."""
        return _nothing(table) if table.name in self.broken else self.delivery.scan(table.name)

    def numbered(self, table: Table) -> str:
        """The same with "#file" and "#row"."""
        if table.name in self.broken:
            return _nothing(table)
        return self.delivery.numbered(table.name)


def _nothing(table: Table) -> str:
    columns = ", ".join(f'null::varchar as "{column.name}"' for column in table.columns)
    return f'select {columns}, null::varchar as "#file", null::bigint as "#row" where false'


def open_all(folder: Path, contract: Contract, *, at: datetime) -> Opened:
    """The delivery in a folder with everything that is wrong with its manifest, files and columns.

    `at` stands for the time of the delivery where no manifest says it. Raises DeliveryError where there is no such folder.
    """
    if not folder.is_dir():
        raise DeliveryError(
            "the delivery folder does not exist", stage="delivery check", next_step="name the folder of the delivery"
        )
    findings: list[Finding] = []
    try:
        manifest = parse_manifest(folder, contract)
    except StageError as error:
        findings.append(_of_manifest(error))
        manifest = None
    entries = manifest.tables if manifest else _by_name(folder, contract)
    parts: dict[str, tuple[Part, ...]] = {}
    for table in contract.tables.values():
        found, problems = _open_table(folder, table, entries.get(table.name), is_stated=manifest is not None)
        findings += problems
        if found:
            parts[table.name] = tuple(found)
    delivery = FolderDelivery(_facts(manifest, contract, at), contract, parts)
    opened = Opened(delivery, contract, findings, broken=set(contract.tables) - set(parts))
    if manifest:
        opened.stated_rows = {name: sum(entry.rows) for name, entry in manifest.tables.items()}
    for name, found_parts in parts.items():
        _look_at_columns(opened, contract.tables[name], found_parts)
    return opened


def _by_name(folder: Path, contract: Contract) -> dict[str, Entry]:
    """The files that stand for each table by their names, where no manifest says so."""
    found = {}
    for table in contract.tables:
        whole = [name for suffix in SUFFIXES if (folder / (name := f"{table}.{suffix}")).is_file()]
        pieces = sorted(
            path.relative_to(folder).as_posix() for suffix in SUFFIXES for path in (folder / table).glob(f"*.{suffix}")
        )
        if names := tuple(whole[:1] or pieces):
            found[table] = Entry(names, (0,) * len(names), ("",) * len(names))
    return found


def _open_table(
    folder: Path, table: Table, entry: Entry | None, *, is_stated: bool
) -> tuple[list[Part], list[Finding]]:
    """The parts that can be read, and what is wrong with the others; none at all where one of them cannot be read."""
    if entry is None:
        what = "the manifest names no file of this table" if is_stated else "there is no file of this table"
        mend = f"add {table.name}.csv; a table without rows is a file with its header alone"
        return [], [_refused(table.name, "missing_table", what, mend, Exit.CONTRACT)]
    parts, problems = [], []
    for name, stated in zip(entry.files, entry.sha256, strict=True):
        path = folder / name
        if not path.is_file() or not path.resolve().is_relative_to(folder.resolve()):
            what = "a file that the manifest names is not in the folder"
            problems.append(
                _refused(table.name, "missing_file", what, "add it, or seal the delivery again", Exit.DELIVERY)
            )
            continue
        try:
            part, digest = read_part(path, table.name)
        except StageError as error:
            problems.append(_of_file(table, error))
            continue
        parts.append(part)
        if is_stated and digest != stated.lower():
            what, mend = (
                "the file is not the one that the manifest was written for",
                "seal or export the delivery again",
            )
            problems.append(_refused(table.name, "file_hash", what, mend, Exit.DELIVERY))
    return (parts if len(parts) == len(entry.files) else []), problems


def _look_at_columns(opened: Opened, table: Table, parts: Sequence[Part]) -> None:
    names = [set(part.types) for part in parts]
    required = {column.name for column in table.columns if not column.optional}
    lacking = frozenset().union(*(required - one for one in names))
    try:
        extra = check_columns(table, names)
    except ContractError as error:
        opened.missing[table.name] = lacking
        mend = "add them to the header, separated by commas; a column that you have nothing for stays blank"
        columns = tuple(column.name for column in table.columns if column.name in lacking)
        opened.findings.append(
            _refused(table.name, "missing_columns", "the columns are not in the header", mend, error.code, columns)
        )
        extra = len(set().union(*names) - {column.name for column in table.columns})
    if extra:
        what = f"{extra} columns of the file are none of the contract's"
        night = "Nobody reads them, and they are dropped."
        mend = "take them out before you hand the delivery over: they may hold what nobody should see"
        opened.findings.append(Finding(Level.NOTE, table.name, (), "extra_columns", what, night, mend))


def _of_manifest(error: StageError) -> Finding:
    mend = "let `aftercare seal` write the delivery, or write manifest.json last (docs/source.md)"
    return _refused("", "manifest", error.rule, mend, error.code)


def _of_file(table: Table, error: StageError) -> Finding:
    mend = "save it as CSV UTF-8 without a byte-order mark, or let `aftercare seal` write it"
    return _refused(table.name, "unreadable_file", error.rule, mend, error.code)


def _refused(table: str, rule: str, what: str, mend: str, code: Exit, columns: tuple[str, ...] = ()) -> Finding:
    return Finding(Level.REFUSED, table, columns, rule, what, REFUSES, mend, exit=code)


def _facts(manifest: Manifest | None, contract: Contract, at: datetime) -> DeliveryFacts:
    return DeliveryFacts(
        extract_id=manifest.extract_id if manifest else "",
        extracted_at=manifest.extracted_at if manifest else at,
        mode=manifest.mode if manifest else "full",
        since=manifest.since if manifest else None,
        rows={name: sum(entry.rows) for name, entry in manifest.tables.items()} if manifest else {},
        sha256={},
        extra_columns=dict.fromkeys(contract.tables, 0),
    )
