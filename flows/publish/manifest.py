"""manifest.json: where a release comes from, and what each of its tables and files must be."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flows.errors import VerifyError
from flows.publish import content, files
from flows.publish.facts import ReleaseFacts
from flows.publish.files import STAGE
from flows.publish.tables import INTERFACE_VERSION
from flows.warehouse import attach, connect

NAME = "manifest.json"


def describe(folder: Path, facts: ReleaseFacts, *, audit_head: str) -> dict[str, Any]:
    """The manifest of an assembled folder: the facts, rows and content hash a table, size and SHA-256 a file."""
    return facts.as_json() | {
        "interface_version": INTERFACE_VERSION,
        "audit_head": audit_head,
        "tables": _tables(folder / "marts.duckdb"),
        "files": {
            str(file.relative_to(folder)): {"bytes": file.stat().st_size, "sha256": files.sha256(file)}
            for file in files.files_in(folder)
            if file.name != NAME or file.parent != folder
        },
    }


def _tables(marts: Path) -> dict[str, dict[str, Any]]:
    with connect() as connection:
        attach(connection, marts, "marts")
        tables = content.tables_of(connection, "marts")
        hashes = content.content_hashes_in(connection, "marts", tables)
        return {
            table: {"rows": content.row_count(connection, "marts", table), "content_hash": hashes.get(table)}
            for table in tables
        }


def as_text(described: Mapping[str, Any]) -> str:
    """A manifest as the text that is written."""
    return json.dumps(described, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def read(folder: Path) -> dict[str, Any]:
    """The manifest of a release. Raises VerifyError when it is missing or is not one."""
    try:
        content = json.loads((folder / NAME).read_bytes())
        needed = {"release_id", "sequence", "as_of", "created_at", "tables", "files"}
        if not isinstance(content, dict) or not needed <= content.keys():
            raise ValueError
    except (OSError, ValueError):
        raise VerifyError(
            "the manifest of a release is missing or is not one",
            stage=STAGE, next_step="roll back to a release that is whole, then publish again",
        ) from None  # fmt: skip
    return content
