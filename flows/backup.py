"""A home copied whole and brought back whole, and the proof that a home is what was written: `aftercare backup`, `restore`, `verify`.

A backup is a folder that holds the home's own files and `backup.json`, written last, with the SHA-256 of each. What a run leaves in
passing is not in it (runs, Prefect's database, the lock), nor is the pseudonym key, which never lies in a home.
"""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from flows.erase import suppression
from flows.errors import HomeError, VerifyError
from flows.extract.land import extracts
from flows.lock import hold_home
from flows.publish import audit, catalogue, files
from flows.publish.facts import sequence_of
from flows.publish.release import current_release, verify
from flows.warehouse import Home, connect, readable

NAME = "backup.json"
PASSING = {"runs", "prefect", "run.lock"}
Say = Callable[[str], None]


def verify_home(home: Home, say: Say) -> None:
    """Say of the log, the landed deliveries and each kept release that it is as it was written; VerifyError at the first that is not."""
    say(f"audit log  {audit.verify_log(home):,} lines, each as it was written")
    fault = raw_fault(home)
    if fault:
        rule, table, count = fault
        step = "restore the home from a backup, or make a new one from a full delivery"
        raise VerifyError(rule, stage="verify", table=table, count=count, next_step=step)
    say(f"raw        {len(extracts(home.raw)):,} deliveries, every file readable with its rows")
    live, never_live = current_release(home), catalogue.orphans(home)
    if live is not None and not (home.releases / live).is_dir():
        raise VerifyError(
            "the live release is not there", stage="verify", next_step="aftercare releases, then aftercare rollback"
        )
    for folder in sorted(home.releases.glob("[0-9]*")):
        if sequence_of(folder.name) is None or folder.name in never_live:
            continue
        verify(folder)
        say(f"{folder.name}  whole{', live' if folder.name == live else ''}")


def raw_fault(home: Home) -> tuple[str, str, int] | None:
    """Rule, table and count of the first file of a landed delivery that cannot be read with the rows it had; None where all can.

    Rows of people who were erased are there no more.
    """
    is_anybody_erased = suppression.path(home).exists()
    with connect() as connection:
        for extract in extracts(home.raw):
            for table, facts in extract.facts["tables"].items():
                try:
                    query = f"select count(*) from {readable(connection, extract.file(table))}"
                    rows = int(connection.execute(query).fetchall()[0][0])
                except duckdb.Error:
                    return "a delivery that has landed cannot be read", table, 1
                if rows > facts["rows"] or (rows < facts["rows"] and not is_anybody_erased):
                    return "a delivery that has landed has not the rows it had", table, abs(rows - facts["rows"])
    return None


def back_up(home: Home, target: Path, *, at: datetime, say: Say) -> None:
    """Copy a home into a new folder, which is complete once `backup.json` is in it. No run works meanwhile.

    Raises HomeError where the target is not empty or cannot be written, VerifyError where the home is not what was written.
    """
    with hold_home(home):
        verify_home(home, say)
        _refuse_full(target)
        audit.append(home, "backup", at=at, release_id=current_release(home))
        with _writing("the backup"):
            target.mkdir(mode=0o700, parents=True, exist_ok=True)
            for path in sorted(home.root.iterdir()):
                if path.name not in PASSING and not path.name.startswith("."):
                    _copy(path, target / path.name)
            found = _described(target)
            files.sync_folder(target)
            described = json.dumps({"made_at": at.isoformat(), **found}, indent=1, sort_keys=True)
            files.write_text(target / NAME, described + "\n")
            files.sync_folder(target)
    say(f"backed up  {len(found['files']):,} files; the pseudonym key is not among them: keep its own copy")


def restore(backup: Path, home: Home, *, at: datetime, say: Say) -> None:
    """Make a home that is not there yet from a backup; every file is the one that was backed up, or nothing is made.

    Raises VerifyError where the backup is not complete or not as it was written, HomeError where a home is there or cannot be written.
    """
    _refuse_full(home.root)
    described = _read(backup)
    building = home.root.with_name(f".restoring-{home.root.name}")
    files.remove_tree(building)
    try:
        with _writing("the home"):
            building.mkdir(mode=0o750, parents=True)
            for path in sorted(backup.iterdir()):
                if path.name != NAME:
                    _copy(path, building / path.name)
        found = _described(building)
        wrong = _differing(found["files"], described["files"]) + _differing(found["links"], described["links"])
        if wrong:
            raise VerifyError(
                "the backup is not as it was written", stage="restore", count=wrong, next_step="take another backup"
            )
        verify_home(Home(building), say)
        audit.append(Home(building), "restore", at=at, release_id=current_release(Home(building)))
        with _writing("the home"):
            if home.root.exists():
                home.root.rmdir()
            os.rename(building, home.root)
            files.sync_folder(home.root.parent)
    finally:
        files.remove_tree(building)
    say(f"restored   {len(described['files']):,} files of the backup of {str(described['made_at'])[:19]} UTC")
    say("next       erase again whoever was erased after that time: see the certificates kept with the requests")


def _copy(source: Path, target: Path) -> None:
    if source.is_symlink():
        target.symlink_to(source.readlink())
    elif source.is_dir():
        shutil.copytree(source, target, symlinks=True)
    else:
        shutil.copy2(source, target)


def _described(folder: Path) -> dict[str, dict[str, str]]:
    """SHA-256 of every file, and where every link points, by path."""
    found: dict[str, dict[str, str]] = {"files": {}, "links": {}}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_symlink():
            found["links"][name] = str(path.readlink())
        elif path.is_file():
            found["files"][name] = files.sha256(path)
    return found


def _differing(found: dict[str, str], wanted: dict[str, str]) -> int:
    return sum(found.get(name) != wanted.get(name) for name in found.keys() | wanted.keys())


def _read(backup: Path) -> dict[str, Any]:
    try:
        described = json.loads((backup / NAME).read_bytes())
        if not {"files", "links", "made_at"} <= described.keys():
            raise ValueError
    except (OSError, ValueError, AttributeError):
        raise VerifyError(
            "backup.json is missing or is not one, so the backup is not complete",
            stage="restore",
            next_step="take another backup",
        ) from None
    return dict(described)


def _refuse_full(folder: Path) -> None:
    try:
        is_free = not folder.exists() or (folder.is_dir() and not any(folder.iterdir()))
    except OSError:
        is_free = False
    if not is_free:
        raise HomeError(
            "the target is not an empty folder", stage="backup", next_step="name a folder that is not there"
        )


@contextmanager
def _writing(what: str) -> Iterator[None]:
    """Turns what the disk raises inside the block into a refusal without a path."""
    try:
        yield
    except OSError as error:
        raise HomeError(
            f"{what} could not be written (no space, or no permission)",
            stage="backup",
            next_step="free space or mend the permissions, then run again",
        ) from error
