"""Files that survive a power cut: written whole, synced, hashed, made read-only, removed even when read-only."""

import fcntl
import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import duckdb

from flows.errors import HomeError, LockedError, StageError, VerifyError
from flows.publish.steps import step
from flows.warehouse import is_wrong_key, wrong_key

STAGE = "publish"
FILE_MODE, FOLDER_MODE = 0o440, 0o550
LOCK_SECONDS = 10.0


def sync_folder(folder: Path) -> None:
    """Makes the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_bytes(path: Path, content: bytes) -> None:
    """Writes one file whole and syncs it."""
    step(f"write {path.name}")
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    step(f"wrote {path.name}")


def write_text(path: Path, content: str) -> None:
    """Writes one text file whole and syncs it."""
    write_bytes(path, content.encode())


def canonical_json(content: Mapping[str, object]) -> str:
    """The one text that a mapping has as JSON: keys sorted, no spare blanks."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def sha256(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def files_in(folder: Path) -> list[Path]:
    """Every file under a folder, sorted by its path inside it; links and anything else odd are refused."""
    entries = sorted(folder.rglob("*"))
    odd = sum(entry.is_symlink() or not (entry.is_file() or entry.is_dir()) for entry in entries)
    if odd:
        raise VerifyError(
            "a release holds files and folders only, and something else lies in one",
            stage=STAGE,
            count=odd,
            next_step="look at the folder, then publish again",
        )
    return [entry for entry in entries if entry.is_file()]


def sync_tree(folder: Path) -> None:
    """Makes every file and folder under (and with) a folder durable."""
    for file in files_in(folder):
        with file.open("rb") as opened:
            os.fsync(opened.fileno())
    for path in sorted((p for p in folder.rglob("*") if p.is_dir()), reverse=True):
        sync_folder(path)
    sync_folder(folder)


def make_read_only(folder: Path) -> None:
    """Takes write permission from every file and folder under (and with) a folder."""
    for file in files_in(folder):
        file.chmod(FILE_MODE)
    for path in sorted((p for p in folder.rglob("*") if p.is_dir()), reverse=True):
        path.chmod(FOLDER_MODE)
    folder.chmod(FOLDER_MODE)


def remove_tree(folder: Path) -> None:
    """Removes a folder, read-only or not; a missing one is fine."""
    if not folder.exists():
        return
    folder.chmod(0o700)
    for path in folder.rglob("*"):
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o700)
    shutil.rmtree(folder)


@contextmanager
def exclusive(folder: Path, what: str = "moving the current release") -> Iterator[None]:
    """Holds a folder against every other process that asks the same way; waits a few seconds, then refuses."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    give_up = time.monotonic() + LOCK_SECONDS
    try:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > give_up:
                    raise LockedError(
                        f"another process is {what}",
                        stage=STAGE, next_step="wait for it to end, then run again",
                    ) from None  # fmt: skip
                time.sleep(0.02)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def refusing(what: str, *, table: str | None = None) -> Iterator[None]:
    """Turns what the disk or DuckDB raises inside the block into an error without a value, an id or a path."""
    try:
        yield
    except OSError as error:
        raise HomeError(
            f"{what} failed: {os.strerror(error.errno) if error.errno else 'the disk refused'}",
            stage=STAGE, table=table, next_step="free space or mend the permissions of the home, then run again",
        ) from error  # fmt: skip
    except duckdb.Error as error:
        raise _from_duckdb(what, error, table) from None


def _from_duckdb(what: str, error: duckdb.Error, table: str | None) -> StageError:
    if is_wrong_key(error):
        return wrong_key()
    text = str(error)
    no_room = "run again with more free space or a higher memory limit"
    if isinstance(error, duckdb.OutOfMemoryException) or "No space left" in text:
        return HomeError(
            f"{what} failed: no memory, or no space to spill to", stage=STAGE, table=table, next_step=no_room
        )
    if "crypto module" in text:
        rule = f"{what} failed: no memory, and what is spilled cannot be encrypted here"
        return HomeError(rule, stage=STAGE, table=table, next_step="run again with a higher memory limit")
    if "Could not set lock" in text or "Unique file handle" in text:
        rule = f"{what} failed: another program has the file open"
        return HomeError(rule, stage=STAGE, table=table, next_step="close that program, then run again")
    rule = f"{what} failed: {type(error).__name__}"
    return VerifyError(rule, stage=STAGE, table=table, next_step="build again; the file is not what was checked")
