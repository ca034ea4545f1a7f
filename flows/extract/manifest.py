"""`manifest.json` of a folder delivery, read strictly: a delivery without a whole manifest is a partial one."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flows.errors import ContractError, DeliveryError
from flows.extract.contract import Contract
from flows.extract.source import Mode

STAGE = "delivery check"
ASK_AGAIN = "ask for the delivery again; nothing of it was loaded"
LET_READ = "let the pipeline's user read the delivery folder and its files, then run again"


@dataclass(frozen=True)
class Entry:
    """The files of one table, with rows and SHA-256 of each."""

    files: tuple[str, ...]
    rows: tuple[int, ...]
    sha256: tuple[str, ...]


@dataclass(frozen=True)
class Manifest:
    """What the delivery says of itself; tables that the contract does not know are counted and never opened."""

    extract_id: str
    extracted_at: datetime
    mode: Mode
    since: datetime | None
    tables: dict[str, Entry]
    extra_tables: int = 0


def read_manifest(folder: Path, contract: Contract) -> Manifest:
    """The manifest in `folder`; DeliveryError or ContractError naming the rule where it is missing, unreadable or partial."""
    manifest = parse_manifest(folder, contract)
    _check_tables(manifest, contract)
    return manifest


def parse_manifest(folder: Path, contract: Contract) -> Manifest:
    """The manifest in `folder` whatever tables it names; DeliveryError or ContractError where it is missing or unreadable."""
    document = _document(folder)
    try:
        manifest = Manifest(
            extract_id=str(document["extract_id"]),
            extracted_at=_timestamp(document["extracted_at"]),
            mode=_mode(document["mode"]),
            since=_timestamp(document["since"]) if document.get("since") else None,
            tables={name: _entry(spec) for name, spec in document["tables"].items() if name in contract.tables},
            extra_tables=len(set(document["tables"]) - set(contract.tables)),
        )
        version = str(document["schema_version"])
    except (KeyError, TypeError, ValueError, AttributeError):
        raise DeliveryError("manifest.json is not in the agreed form", stage=STAGE, next_step=ASK_AGAIN) from None
    if version != contract.schema_version:
        raise ContractError(
            "the delivery's schema_version is not the contract's",
            stage=STAGE,
            next_step=f"deliver in schema version {contract.schema_version}, or upgrade the pipeline",
        )
    return manifest


def _document(folder: Path) -> dict[str, Any]:
    path = folder / "manifest.json"
    if not folder.is_dir():
        raise DeliveryError(
            "the delivery folder does not exist", stage=STAGE, next_step="check --source, or wait for the delivery"
        )
    if not path.is_file():
        raise DeliveryError(
            "manifest.json is missing, so the delivery is not complete",
            stage=STAGE,
            next_step="wait until the delivery is complete, then run again",
        )
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError:
        raise DeliveryError("manifest.json cannot be opened", stage=STAGE, next_step=LET_READ) from None
    except (UnicodeDecodeError, json.JSONDecodeError):
        document = None
    if not isinstance(document, dict):
        raise DeliveryError("manifest.json cannot be read", stage=STAGE, next_step=ASK_AGAIN)
    return document


def _check_tables(manifest: Manifest, contract: Contract) -> None:
    missing = sorted(set(contract.tables) - set(manifest.tables))
    if missing:
        raise ContractError(
            f"required tables are missing: {', '.join(missing)}",
            stage=STAGE,
            count=len(missing),
            next_step="map or add the tables at the source; nothing of the delivery was loaded",
        )
    for name, entry in manifest.tables.items():
        if manifest.mode == "full" and sum(entry.rows) == 0 and not contract.tables[name].may_be_empty:
            raise DeliveryError(
                "a table that cannot be empty has no rows", stage=STAGE, table=name, next_step=ASK_AGAIN
            )


def _timestamp(text: object) -> datetime:
    value = datetime.fromisoformat(str(text))
    return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


def _mode(text: object) -> Mode:
    if text == "full":
        return "full"
    if text == "incremental":
        return "incremental"
    raise ValueError("mode")


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _entry(spec: dict[str, Any]) -> Entry:
    files = tuple(str(name) for name in _listed(spec["file"]))
    rows = tuple(int(count) for count in _listed(spec["rows"]))
    hashes = tuple(str(digest) for digest in _listed(spec["sha256"]))
    if not len(files) == len(rows) == len(hashes):
        raise ValueError("lists differ in length")
    return Entry(files, rows, hashes)
