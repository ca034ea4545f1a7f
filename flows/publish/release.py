"""From a checked build file to the live release, in one call; and the names that the other rooms use."""

import os
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from flows.errors import LeaseLostError, VerifyError
from flows.publish import files, manifest, pointer
from flows.publish.assemble import assemble, building_folder
from flows.publish.catalogue import Release, current_release, prune, releases, went_live
from flows.publish.content import content_hashes, fingerprints
from flows.publish.facts import ReleaseFacts, next_release_id, next_sequence, release_id
from flows.publish.files import STAGE, refusing
from flows.publish.hold import Hold, hold_state
from flows.publish.pointer import flip, resume, rollback
from flows.publish.reader import open_release, release_folder
from flows.publish.steps import step
from flows.publish.verify import verify
from flows.warehouse import MARTS, Home

__all__ = [
    "Hold", "Release", "ReleaseFacts", "assemble", "content_hashes", "current_release", "fingerprints", "flip", "hold_state",
    "next_release_id", "next_sequence", "open_release", "prune", "publish", "release_folder", "release_id", "releases",
    "resume", "rollback", "verify", "went_live",
]  # fmt: skip


def publish(
    home: Home,
    build_file: Path,
    facts: ReleaseFacts,
    *,
    models_folder: Path | None,
    expected_current: str | None,
    at: datetime,
    checked: Mapping[str, str] | None = None,
    fence: Callable[[], None] = lambda: None,
    threshold: int = 11,
    memory_limit: str | None = None,
    threads: int | None = None,
    goes_on_from: str | None = None,
) -> Path:
    """Assembles, verifies and renames a release, makes it the live one, and gives its folder.

    `fence` raises LeaseLostError once another run has taken the home over: all is then left as it is. `goes_on_from`: see assemble.
    `checked` holds the fingerprints of the build file when its checks passed; a copy that differs is refused.
    A refusal leaves the live release as it was and nothing of the new one; after a crash the next call clears away.
    """
    pointer.refuse_when_held(home)
    fence()
    try:
        building = assemble(
            home, build_file, facts, models_folder=models_folder, threshold=threshold,
            memory_limit=memory_limit, threads=threads, goes_on_from=goes_on_from,
        )  # fmt: skip
        expected = manifest.read(building)
        _compare(building, checked)
        verify(building, expected)
        fence()
        finished = _finish(home, building, facts.release_id)
        flip(home, facts.release_id, expected_current=expected_current, at=at, before=fence)
    except LeaseLostError:
        raise
    except Exception:
        fence()  # what another run took over is no longer this one's to clear away
        _discard(home, facts.release_id)
        raise
    return finished


def _compare(building: Path, checked: Mapping[str, str] | None) -> None:
    if checked is None:
        return
    copied = fingerprints(building / MARTS)
    different = sorted(name for name in copied.keys() | checked.keys() if copied.get(name) != checked.get(name))
    if different:
        raise VerifyError(
            "the build file changed after it was checked",
            stage=STAGE,
            table=different[0],
            count=len(different),
            next_step="run again from the delivery",
        )


def _finish(home: Home, building: Path, name: str) -> Path:
    finished = home.releases / name
    with refusing("renaming the release"):
        step("rename release")
        os.rename(building, finished)
        step("renamed release")
        files.sync_folder(home.releases)
    return finished


def _discard(home: Home, name: str) -> None:
    """Takes a refused release off the disk; what cannot be removed now is never listed, and cleared by the next run."""
    with refusing("clearing the refused release"):
        if current_release(home) == name:
            return
        files.remove_tree(building_folder(home, name))
        files.remove_tree(home.releases / name)
