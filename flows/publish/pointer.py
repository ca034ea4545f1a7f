"""The `current` link: which release is live. It moves in one step, and only from the release that was expected."""

import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from flows.errors import LockedError, NothingPublishedError, OnHoldError
from flows.publish import audit, catalogue, files, hold, manifest
from flows.publish.facts import sequence_of
from flows.publish.files import STAGE, refusing
from flows.publish.steps import step
from flows.warehouse import Home


def flip(
    home: Home,
    release_id: str,
    *,
    expected_current: str | None,
    at: datetime,
    before: Callable[[], None] | None = None,
) -> None:
    """Makes a finished release the live one, if the live one is still `expected_current`.

    `before` is called last, under the lock: a run that may have lost its lease looks there and raises.
    Raises OnHoldError while a rollback holds publishing, LockedError when another release went live meanwhile.
    """
    with refusing("moving the current link"), files.exclusive(home.root):
        refuse_when_held(home)
        current = catalogue.current_release(home)
        if current != expected_current:
            raise LockedError(
                "another release went live while this run worked",
                stage=STAGE,
                next_step="run again on what is live now",
            )
        if before is not None:
            before()
        _point(home, release_id, what="publish", previous=current, at=at)


def refuse_when_held(home: Home) -> None:
    """Returns unless publishing is on hold; then raises OnHoldError."""
    held = hold.hold_state(home)
    if held is not None:
        raise OnHoldError(
            f"publishing is on hold since {held.at}: {held.what}",
            stage=STAGE,
            next_step="find out why, then lift the hold with `aftercare rollback --resume`",
        )


def rollback(home: Home, release_id: str | None = None, *, at: datetime, why: str = "") -> str:
    """Goes back to a kept release (without a name: the one before the live one) and puts publishing on hold.

    The hold is written first: whatever happens next, no nightly run undoes the decision. Returns the release now live.
    Raises NothingPublishedError when there is no such release.
    """
    with refusing("rolling back"), files.exclusive(home.root):
        target = release_id if release_id is not None else _before_current(home)
        if target not in {release.release_id for release in catalogue.releases(home)}:
            raise _nothing("that release is not kept here, or is not whole")
        previous = catalogue.current_release(home)
        hold.put(home, what=f"rolled back from {previous} to {target}", why=why, at=at, release_id=target)
        if target != previous:
            _point(home, target, what="rollback", previous=previous, at=at, why=why)
        return target


def resume(home: Home, *, at: datetime) -> bool:
    """Lifts the hold and says whether there was one. The live release stays as it is until the next publication."""
    with refusing("lifting the hold"), files.exclusive(home.root):
        if not hold.lift(home):
            return False
        audit.append(home, "resume", at=at, release_id=catalogue.current_release(home))
        return True


def _before_current(home: Home) -> str:
    now = sequence_of(catalogue.current_release(home) or "") or 0
    older = [release.release_id for release in catalogue.releases(home) if release.sequence < now]
    if not older:
        raise _nothing("no older release is kept here")
    return older[0]


def _point(home: Home, release_id: str, *, what: str, previous: str | None, at: datetime, why: str = "") -> None:
    folder = home.releases / release_id
    manifest.read(folder)
    facts = {"previous": previous, "manifest_sha256": files.sha256(folder / manifest.NAME)}
    audit.append(home, what, at=at, release_id=release_id, **facts, **({"why": why} if why else {}))
    fresh = home.root / f".current-{release_id}"
    fresh.unlink(missing_ok=True)
    step("write current link")
    fresh.symlink_to(Path("releases") / release_id)
    step("flip")
    os.replace(fresh, home.current)
    step("flipped")
    files.sync_folder(home.root)


def _nothing(rule: str) -> NothingPublishedError:
    return NothingPublishedError(rule, stage=STAGE, next_step="look at `aftercare releases` for what is kept")
