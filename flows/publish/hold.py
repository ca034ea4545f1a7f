"""The hold that a rollback puts on publishing, until a person lifts it."""

import json
import os
from dataclasses import dataclass
from datetime import datetime

from flows.publish import files
from flows.publish.steps import step
from flows.warehouse import Home


@dataclass(frozen=True)
class Hold:
    """What was done, why, when, and the release that stays live."""

    what: str
    why: str
    at: str
    release_id: str | None


def hold_state(home: Home) -> Hold | None:
    """The hold on publishing, None when there is none. A hold file that cannot be read still holds."""
    try:
        content = json.loads(home.hold.read_bytes())
        return Hold(str(content["what"]), str(content["why"]), str(content["at"]), content["release_id"])
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError):
        return Hold("the hold file cannot be read", "", "an unknown time", None)


def put(home: Home, *, what: str, why: str, at: datetime, release_id: str) -> None:
    """Puts publishing on hold: a whole file, in one step, durable."""
    fresh = home.root / ".hold.json"
    content = {"what": what, "why": why, "at": at.isoformat(), "release_id": release_id}
    files.write_text(fresh, files.canonical_json(content) + "\n")
    os.replace(fresh, home.hold)
    step("held")
    files.sync_folder(home.root)


def lift(home: Home) -> bool:
    """Takes the hold away and says whether there was one."""
    there = home.hold.exists()
    home.hold.unlink(missing_ok=True)
    if there:
        files.sync_folder(home.root)
    return there
