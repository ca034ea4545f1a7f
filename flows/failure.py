"""What stopped the last night, for `aftercare status`: `runs/refused.json`, until a night ends well."""

import contextlib
import json
from dataclasses import asdict, dataclass
from datetime import datetime

from flows.errors import Exit, LeaseLostError, StageError, unexpected_text
from flows.publish import files
from flows.warehouse import Home

NAME = "refused.json"


@dataclass(frozen=True)
class Failure:
    """When a night was refused (UTC), its exit code, and the text that it ended with, which holds no value."""

    at: str
    exit: int
    text: str


def note(home: Home, error: Exception, *, at: datetime) -> None:
    """Keep what stopped a night. Where even that cannot be written, the error itself is what counts."""
    if isinstance(error, LeaseLostError):
        return
    code = error.code if isinstance(error, StageError) else Exit.UNEXPECTED
    text = error.text() if isinstance(error, StageError) else unexpected_text(error)
    failure = Failure(at.isoformat(timespec="seconds"), int(code), text)
    with contextlib.suppress(OSError):
        home.runs.mkdir(mode=0o700, exist_ok=True)
        (home.runs / NAME).write_text(files.canonical_json(asdict(failure)) + "\n", encoding="utf-8")


def clear(home: Home) -> None:
    """Forget what stopped a night: one has ended well since."""
    with contextlib.suppress(OSError):
        (home.runs / NAME).unlink(missing_ok=True)


def last(home: Home) -> Failure | None:
    """What stopped the last night; None where it ended well, or where that cannot be read."""
    try:
        return Failure(**json.loads((home.runs / NAME).read_bytes()))
    except (OSError, ValueError, TypeError):
        return None
