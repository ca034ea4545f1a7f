"""The red button: a release that must not be used any more, though it stays as evidence. Marked beside it, since releases do not change."""

import json
import os
from datetime import datetime

from flows.errors import NothingPublishedError, OnHoldError
from flows.publish import audit, files
from flows.publish.catalogue import current_release
from flows.publish.files import STAGE, refusing
from flows.warehouse import Home

FILE = "withdrawn.json"


def withdrawn(home: Home) -> dict[str, dict[str, str]]:
    """Why and when each withdrawn release was withdrawn; a mark that cannot be read withdraws everything."""
    path = home.root / FILE
    if not path.exists():
        return {}
    try:
        found = json.loads(path.read_bytes())
        return {str(name): {"reason": str(one["reason"]), "at": str(one["at"])} for name, one in found.items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {"*": {"reason": "the list of withdrawn releases cannot be read", "at": ""}}


def withdraw(home: Home, release_id: str, *, reason: str, at: datetime) -> bool:
    """Marks a release as withdrawn, with an entry in the audit log; whether it is the live one.

    Raises NothingPublishedError where no such release is kept.
    """
    with refusing("withdrawing a release"), files.exclusive(home.root):
        if not (home.releases / release_id / "manifest.json").is_file():
            raise NothingPublishedError(
                "that release is not kept here", stage=STAGE, next_step="look at `aftercare releases` for what is kept"
            )
        marks = {**withdrawn(home), release_id: {"reason": reason, "at": at.isoformat()}}
        marks.pop("*", None)
        audit.append(home, "withdraw", at=at, release_id=release_id, reason=reason)
        fresh = home.root / f".{FILE}"
        files.write_text(fresh, files.canonical_json(marks) + "\n")
        os.replace(fresh, home.root / FILE)
        files.sync_folder(home.root)
        return release_id == current_release(home)


def notice(home: Home, release_id: str) -> str | None:
    """What a reader must be told of a release; None where it was not withdrawn."""
    marks = withdrawn(home)
    mark = marks.get(release_id) or marks.get("*")
    return f"WITHDRAWN {mark['at'][:10]}: {mark['reason']}. Do not use it." if mark else None


def refuse_withdrawn(home: Home, release_id: str) -> None:
    """Returns unless the release was withdrawn; then raises OnHoldError with the notice."""
    said = notice(home, release_id)
    if said:
        raise OnHoldError(
            f"the live release was withdrawn. {said}",
            stage=STAGE,
            next_step="go back to an earlier release with aftercare rollback, or make a new one",
        )
