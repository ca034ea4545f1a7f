"""Erasing people: known by an entry on the suppression list, removed from every file that holds them, shown to be gone, certified.

What was asked for is written first, as tokens; from these comes the list, and everything after it follows from the list. So a crash at
any point is made good by doing the rest again: `finish` does so, and each night calls it before it works.
"""

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from flows.casework import FILE
from flows.erase import suppression
from flows.erase.generation import Renewed, renew
from flows.erase.held import everything, release_folders, working
from flows.erase.keys import begin, close, find_suppressed
from flows.erase.models import mark_models
from flows.erase.request import Unknown, people_of, unknown
from flows.erase.rewrite import Rewritten, parquet_files, rewrite_database, rewrite_parquet, rewrite_reviews
from flows.errors import VerifyError
from flows.extract.pseudonymise import Key
from flows.publish import audit, catalogue, files
from flows.publish.files import canonical_json, refusing
from flows.publish.steps import step
from flows.warehouse import Home

STAGE = "erase"
Fence = Callable[[], None]
# The bytes of every file are looked through for at most so many keys of the erased; decoded, all of them are looked for.
BYTE_SCAN_KEYS = 200
CHUNK = 1 << 24


@dataclass(frozen=True)
class Purged:
    """What became of the files of a home: those written anew, releases with a new generation, folders of failed runs removed."""

    files: list[Rewritten]
    releases: list[Renewed]
    n_runs: int
    n_scanned: int
    n_scanned_for: int


def erase(
    home: Home,
    key: Key,
    keys: list[str],
    *,
    reference: str,
    at: datetime,
    accept_unknown: bool = False,
    fence: Fence = lambda: None,
) -> Path:
    """Removes the people that these pseudonyms (of survivors or episodes) name, for good; the certificate's file.

    Call it while holding the home. Raises Unknown where one of them is nowhere in it, unless they are accepted: they are then kept
    out of later deliveries. Raises VerifyError where a file still holds one of them afterwards. `fence` raises LeaseLostError once another
    run has taken the home over, and is asked before anything is put in the place of something else.
    """
    finish(home, key, at=at, fence=fence)
    with working(home, key) as connection, refusing("looking for the people"):
        with everything(connection, home) as relations:
            n_unknown = unknown(connection, relations, keys)
            if n_unknown and not accept_unknown:
                raise Unknown(n_unknown)
            people = people_of(connection, relations, keys)
            close(connection, relations)
        named = suppression.tokens(connection, people=people)
    asked = {"reference": reference, "asked_at": at.isoformat(), "n_people": len(people)}
    _write_pending(home, {"asked": asked, "tokens": named})
    certificate = finish(home, key, at=at, fence=fence)
    assert certificate is not None
    return certificate


def finish(home: Home, key: Key, *, at: datetime, fence: Fence = lambda: None) -> Path | None:
    """Does what is left of an erasure that was asked for, and gives its certificate; None where there is none under way."""
    pending = suppression.folder(home) / "pending.json" if is_under_way(home) else None
    if pending is None:
        return None
    content = json.loads(pending.read_text(encoding="utf-8"))
    fence()
    with working(home, key) as connection, refusing("erasing"):
        suppression.add(connection, home, content["tokens"])
        done = _purge(connection, home, at, fence)
    fence()
    models = mark_models(home, at=at)
    certificate = _certify(home, content["asked"], done, models, at)
    pending.unlink()
    files.sync_folder(pending.parent)
    return certificate


def is_under_way(home: Home) -> bool:
    """Whether an erasure was begun and has not come to its end."""
    return (home.root / "erasure" / "pending.json").exists()


def sift(home: Home, key: Key, folder: Path) -> None:
    """Take what is of erased people out of a landing delivery's folder, before it counts as landed."""
    if not suppression.path(home).exists():
        return
    from flows.erase.keys import parquet_relation

    paths = [path for path in sorted(folder.glob("*.parquet")) if path.name != "sums.parquet"]
    with working(home, key) as connection, refusing("keeping erased people out"):
        relations = [one for path in paths if (one := parquet_relation(connection, path)).keys]
        begin(connection, [])
        find_suppressed(connection, relations)
        close(connection, relations)
        for path in paths:
            rewrite_parquet(connection, path, folder)
        suppression.add(connection, home, suppression.tokens(connection, people=[]))


def _purge(connection: duckdb.DuckDBPyConnection, home: Home, at: datetime, fence: Fence) -> Purged:
    """Remove everybody on the list from every file; VerifyError where one still stands somewhere."""
    catalogue.sweep(home, at=at)
    for leftover in [*home.raw.glob(".landing-*"), *home.history.glob(".building-*"), *home.casework.glob(".*")]:
        shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
    with everything(connection, home) as relations:
        begin(connection, [])
        find_suppressed(connection, relations)
        close(connection, relations)
    suppression.add(connection, home, suppression.tokens(connection, people=[]))
    step("erase: listed")
    written = []
    for path in parquet_files(home):
        fence()
        one = rewrite_parquet(connection, path, home.root)
        written += [one] if one else []
    step("erase: raw and history")
    renewed = [new for folder in release_folders(home) if (new := renew(connection, home, folder, fence))]
    fence()
    step("erase: releases")
    work = rewrite_database(connection, home.casework / FILE, home.root) if (home.casework / FILE).exists() else None
    written += [work] if work else []
    reviewed = rewrite_reviews(connection, home)
    written += [reviewed] if reviewed else []
    runs = [path for path in home.runs.glob("[0-9]*T*") if path.is_dir()]
    for folder in runs:
        shutil.rmtree(folder)
    n_scanned, n_keys = _prove(connection, home)
    return Purged(written, renewed, len(runs), n_scanned, n_keys)


def _prove(connection: duckdb.DuckDBPyConnection, home: Home) -> tuple[int, int]:
    """How many files were looked through, and for how many keys byte by byte; VerifyError where one was found."""
    wanted = [
        str(key).encode()
        for (key,) in connection.execute(f"select key from doomed order by key limit {BYTE_SCAN_KEYS}").fetchall()
    ]
    with everything(connection, home, with_parquet=True) as relations:
        begin(connection, [])
        find_suppressed(connection, relations)
        ((n_left,),) = connection.execute("select count(*) from doomed").fetchall()
    paths = [path for path in sorted(home.root.rglob("*")) if path.is_file() and not path.is_symlink()]
    n_holding = sum(holds(path, wanted) for path in paths)
    if n_left or n_holding:
        raise VerifyError(
            "keys of erased people are still there" if n_left else "files still hold bytes of erased people",
            stage=STAGE,
            count=int(n_left) or n_holding,
            next_step="run aftercare erase --resume; if it happens twice, look at the disk and at who else writes in the home",
        )
    return len(paths), len(wanted)


def holds(path: Path, wanted: list[bytes]) -> bool:
    """Whether one of these texts stands in the bytes of a file."""
    longest, before = max((len(one) for one in wanted), default=0), b""
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            window = before + chunk
            if any(one in window for one in wanted):
                return True
            before = window[-longest:]
    return False


def _write_pending(home: Home, asked: dict[str, object]) -> None:
    folder = suppression.folder(home)
    with refusing("writing what was asked for"):
        fresh = folder / ".pending.json"
        fresh.touch(mode=0o600)
        files.write_text(fresh, canonical_json(asked) + "\n")
        os.replace(fresh, folder / "pending.json")
        files.sync_folder(folder)
    step("erase: pending")


def _certify(home: Home, asked: dict[str, object], done: Purged, models: list[str], at: datetime) -> Path:
    """Counts and hashes of what was done, and no key, id or person; the audit log holds the certificate's hash."""
    folder = suppression.folder(home) / "certificates"
    folder.mkdir(mode=0o700, exist_ok=True)
    content = asked | {
        "finished_at": at.isoformat(),
        "files": [asdict(one) for one in done.files],
        "releases": [asdict(one) for one in done.releases],
        "n_failed_runs_removed": done.n_runs,
        "models_marked": models,
        "proof": {"files_scanned": done.n_scanned, "keys_scanned_for_in_bytes": done.n_scanned_for, "found": 0},
        "suppression_list_sha256": suppression.digest(home),
        "kept": "share/ and the report of each release, which hold totals of many people; backups outside of this home",
    }
    path = folder / f"{at:%Y%m%dT%H%M%S%f}.json"
    with refusing("writing the certificate"):
        files.write_text(path, json.dumps(content, indent=1, sort_keys=True) + "\n")
        path.chmod(0o400)
        files.sync_folder(folder)
    audit.append(
        home, "erase", at=at, n_people=asked["n_people"], certificate=path.name, sha256=files.sha256(path),
        releases=[one.release_id for one in done.releases],
    )  # fmt: skip
    return path
