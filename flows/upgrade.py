"""`aftercare upgrade`: a home of an older format becomes one of the present format.

What a step changes is copied first and kept until the upgraded home has been verified; the file `format` changes last. So a crash at
any point leaves a home of the old format, and running again begins with the copies. A home that does not verify is put back.
"""

import json
import os
import shutil
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb

from flows import history
from flows.erase import suppression
from flows.errors import VerifyError
from flows.extract.land import Extract, extracts
from flows.lock import hold_home, home_format, refuse_other_format
from flows.publish import audit, files, manifest
from flows.publish.release import content_hashes, current_release, releases, verify
from flows.publish.steps import step
from flows.warehouse import FORMAT_VERSION, Home, connect, readable

STAGE = "upgrade"
Manifests = list[dict[str, Any]]


def upgrade(home: Home, *, at: datetime) -> str:
    """Bring the home to the present format; one line that says what was done. Raises a StageError, and the home is as it was."""
    if not home.root.is_dir():
        return "There is no home yet; the first night makes it."
    with hold_home(home, any_format=True):
        found = home_format(home)
        if found == FORMAT_VERSION:
            _forget_old(home)
            return f"The home has the present format ({FORMAT_VERSION}); nothing to do."
        if found not in STEPS:
            refuse_other_format(found)
        for number in range(int(found or 0), FORMAT_VERSION):
            _one(home, number, at)
        return f"The home went from format {found} to {FORMAT_VERSION}; everything in it was verified."


def _one(home: Home, number: int, at: datetime) -> None:
    _keep_old(home)
    step("upgrade copied")
    try:
        STEPS[number](home)
        step("upgrade changed")
        verify_home(home)
    except Exception:
        _put_back(home)
        _forget_old(home)
        raise
    audit.append(home, "upgrade", at=at, from_format=number, to_format=number + 1)
    step("upgrade verified")
    _write(home.root / "format", f"{number + 1}\n")
    step("upgraded")
    _forget_old(home)


def _old(home: Home) -> Path:
    return home.root / ".before-upgrade"


def _keep_old(home: Home) -> None:
    """Copy what says something of releases and deliveries; the first copy stands, since a crash may have come after it."""
    for path in [*home.raw.glob("[0-9]*/extract.json"), *home.history.glob(f"*/{history.MEMORY}")]:
        copy = _old(home) / path.relative_to(home.root)
        if not copy.exists():
            copy.parent.mkdir(parents=True, exist_ok=True)
            _write(copy, path.read_text(encoding="utf-8"))


def _put_back(home: Home) -> None:
    for path in home.history.glob(f"*/{history.MEMORY}"):
        if not (_old(home) / path.relative_to(home.root)).exists():
            path.unlink()
    for copy in [path for path in _old(home).rglob("*.json") if path.is_file()]:
        _write(home.root / copy.relative_to(_old(home)), copy.read_text(encoding="utf-8"))


def _forget_old(home: Home) -> None:
    shutil.rmtree(_old(home), ignore_errors=True)


def _write(path: Path, text: str) -> None:
    """Write a small file whole or not at all."""
    fresh = path.with_name(f".{path.name}.new")
    files.write_text(fresh, text)
    os.replace(fresh, path)
    files.sync_folder(path.parent)


def remember(home: Home) -> None:
    """From format 1: what each kept night knew is written beside its history, and each delivery gets the date it landed for."""
    kept = [manifest.read(home.releases / one.release_id) for one in reversed(releases(home))]
    lines = audit.lines(home)
    went_before = {line.release_id: line.facts.get("previous") for line in lines if line.what == "publish"}
    accepted = {line.release_id: line.facts["checks"] for line in lines if line.what == "accept"}
    for facts in kept:
        name = str(facts["release_id"])
        remembered = history.Memory(
            release_id=name,
            as_of=date.fromisoformat(facts["as_of"]),
            before=went_before.get(name),
            extracts=tuple(int(extract["sequence"]) for extract in facts["extracts"]),
            fingerprint=str(facts["fingerprint"]),
            model_ids=tuple(facts["model_ids"]),
            accept=tuple(accepted.get(name, ())),
        )
        (home.history / name).mkdir(parents=True, exist_ok=True)
        _write(home.history / name / history.MEMORY, remembered.as_json())
    for extract in extracts(home.raw):
        document = {**extract.facts, "landed_for": _landed_for(extract, kept).isoformat()}
        _write(extract.folder / "extract.json", json.dumps(document, indent=1))


def _landed_for(extract: Extract, kept: Manifests) -> date:
    """The date of the first night that was made from a delivery; where that night is no longer kept, at the latest its own day."""
    day = extract.extracted_at.date()
    for facts in kept:
        if extract.sequence in {int(one["sequence"]) for one in facts["extracts"]}:
            first = date.fromisoformat(facts["as_of"])
            is_first = facts is not kept[0] or int(facts["sequence"]) == 1
            return first if is_first else min(first, day)
    return day


STEPS: dict[int, Callable[[Home], None]] = {1: remember}


def verify_home(home: Home) -> None:
    """Nothing where the live release opens and says what its manifest says, and every delivery can be read; else VerifyError."""
    live = current_release(home)
    if live:
        folder = home.releases / live
        verify(folder)
        hashes = content_hashes(folder / "marts.duckdb")
        written = {name: facts["content_hash"] for name, facts in manifest.read(folder)["tables"].items()}
        different = sorted(name for name in hashes if hashes[name] != written.get(name))
        if different:
            raise _refused("the live release does not say what its manifest says", different[0], len(different))
    for name in {one.release_id for one in releases(home)}:
        if history.memory(home, name) is None:
            raise _refused("what a kept night knew is not written down", None, 1)
    is_anybody_erased = suppression.path(home).exists()
    with connect() as connection:
        for extract in extracts(home.raw):
            _check_extract(connection, extract, may_lack=is_anybody_erased)


def _check_extract(connection: duckdb.DuckDBPyConnection, extract: Extract, *, may_lack: bool) -> None:
    """Every table can be read and has the rows that it brought; rows of people who were erased are there no more (`may_lack`)."""
    for table, facts in extract.facts["tables"].items():
        try:
            query = f"select count(*) from {readable(connection, extract.file(table))}"
            rows = connection.execute(query).fetchall()[0][0]
        except duckdb.Error:
            raise _refused("a delivery that has landed cannot be read", table, 1) from None
        if rows > facts["rows"] or (rows < facts["rows"] and not may_lack):
            raise _refused("a delivery that has landed has not the rows it had", table, abs(rows - facts["rows"]))


def _refused(rule: str, table: str | None, count: int) -> VerifyError:
    return VerifyError(
        rule,
        stage=STAGE,
        table=table,
        count=count,
        next_step="the home is as it was, in its old format: restore what is named from a backup, then run aftercare upgrade again",
    )
