"""Which releases a home keeps, which of them is live, and what may be cleared away."""

import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from flows.errors import HomeError, VerifyError
from flows.publish import audit, files, manifest
from flows.publish.facts import sequence_of
from flows.publish.files import STAGE, refusing
from flows.publish.steps import step
from flows.warehouse import Home


@dataclass(frozen=True)
class Release:
    """One kept release, as `aftercare releases` lists it."""

    release_id: str
    sequence: int
    as_of: str
    created_at: str
    is_current: bool
    size_bytes: int
    n_rows: int
    n_episodes: int
    n_survivors: int


def current_release(home: Home) -> str | None:
    """The name of the live release, None when nothing was published yet."""
    try:
        target = os.readlink(home.current)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise HomeError(
            "`current` is not a link", stage=STAGE, next_step="move what lies there away, then roll back to a release"
        ) from error
    return Path(target).name


def releases(home: Home) -> list[Release]:
    """The kept releases, newest first by sequence; not what is half built, half removed, or never went live."""
    current = current_release(home)
    never_live = orphans(home)
    found = []
    for folder in home.releases.glob("*"):
        if sequence_of(folder.name) is not None and folder.name not in never_live:
            release = _described(folder, current)
            if release is not None:
                found.append(release)
    return sorted(found, key=lambda release: release.sequence, reverse=True)


def _described(folder: Path, current: str | None) -> Release | None:
    try:
        content = manifest.read(folder)
    except VerifyError:
        return None
    marts = content["files"].get("marts.duckdb", {}).get("bytes")
    path = folder / "marts.duckdb"
    if not path.is_file() or path.stat().st_size != marts or path.with_name("marts.duckdb.wal").exists():
        return None
    tables: dict[str, dict[str, Any]] = content["tables"]
    return Release(
        release_id=folder.name,
        sequence=int(content["sequence"]),
        as_of=str(content["as_of"]),
        created_at=str(content["created_at"]),
        is_current=folder.name == current,
        size_bytes=sum(int(file["bytes"]) for file in content["files"].values()),
        n_rows=sum(int(table["rows"]) for table in tables.values()),
        n_episodes=int(tables.get("core.fct_episode", {}).get("rows", 0)),
        n_survivors=int(tables.get("core.dim_survivor", {}).get("rows", 0)),
    )


def orphans(home: Home) -> set[str]:
    """Releases that were assembled but never went live: a crash came between their last rename and the flip."""
    lines = audit.lines(home)
    assembled = {line.release_id for line in lines if line.what == "assemble" and line.release_id}
    return {name for name in assembled - went_live(home) if (home.releases / name).exists()}


def went_live(home: Home) -> set[str]:
    """Every release that is or ever was the live one, also those that are no longer kept.

    The audit log tells: each line that moves `current` names the release before. The last such line counts as done
    unless `current` still shows the one before. When `current` itself is gone, it counts as done.
    """
    current = current_release(home)
    moves = [line for line in audit.lines(home) if "previous" in line.facts]
    live = {current} | {line.facts["previous"] for line in moves}
    if moves and (current is None or current != moves[-1].facts["previous"]):
        live.add(moves[-1].release_id)
    return {name for name in live if name}


def sweep(home: Home, *, at: datetime) -> list[str]:
    """Clears away what crashed publications left behind and gives the names. Call it only under the run's lock."""
    left = [*home.releases.glob(".building-*"), *home.releases.glob(".removing-*")]
    left += [home.releases / name for name in orphans(home)]
    for folder in left:
        step(f"sweep {folder.name}")
        files.remove_tree(folder)
    for link in home.root.glob(".current-*"):
        link.unlink(missing_ok=True)
    names = sorted(folder.name for folder in left)
    if names:
        audit.append(home, "sweep", at=at, removed=names)
    return names


def prune(home: Home, keep: int, *, at: datetime) -> list[str]:
    """Removes all but the newest `keep` releases and gives their names. The live one always stays."""
    if keep < 1:
        raise HomeError("at least one release is kept", stage=STAGE, next_step="set the number to keep to 1 or more")
    with refusing("removing old releases"), files.exclusive(home.root):
        old = [release.release_id for release in releases(home)[keep:] if not release.is_current]
        for name in old:
            audit.append(home, "prune", at=at, release_id=name)
            leaving = home.releases / f".removing-{name}"
            step("rename old release")
            (home.releases / name).rename(leaving)
            files.sync_folder(home.releases)
            step("remove old release")
            files.remove_tree(leaving)
    return old
