"""The audit log of a home: lines are only ever appended, and each holds the hash of the one before it."""

import fcntl
import hashlib
import json
import os
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flows.errors import VerifyError
from flows.publish.files import STAGE, canonical_json, refusing
from flows.publish.steps import step
from flows.warehouse import Home

FIRST = "0" * 64


@dataclass(frozen=True)
class Line:
    """One thing that was done: what, to which release, when, and the facts that go with it."""

    sequence: int
    at: str
    what: str
    release_id: str | None
    facts: dict[str, Any]
    hash: str


def append(home: Home, what: str, *, at: datetime, release_id: str | None = None, **facts: object) -> str:
    """Adds one durable line and gives its hash. A line cut by a crash was never a line, and is cleared first."""
    with refusing("writing the audit log"):
        descriptor = os.open(home.audit_log, os.O_RDWR | os.O_CREAT, 0o640)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            return _append(descriptor, {"what": what, "at": at.isoformat(), "release_id": release_id, "facts": facts})
        finally:
            os.close(descriptor)


def _append(descriptor: int, content: dict[str, object]) -> str:
    whole = _whole_lines(_read(descriptor))
    last = _parsed(whole[-1], len(whole)) if whole else None
    content |= {"sequence": last.sequence + 1 if last else 1, "previous_hash": last.hash if last else FIRST}
    digest = _digest(content)
    end = sum(len(line) + 1 for line in whole)
    step("write audit.log")
    os.ftruncate(descriptor, end)
    os.pwrite(descriptor, canonical_json(content | {"hash": digest}).encode() + b"\n", end)
    os.fsync(descriptor)
    step("wrote audit.log")
    return digest


def _read(descriptor: int) -> bytes:
    return os.pread(descriptor, os.fstat(descriptor).st_size, 0)


def _whole_lines(content: bytes) -> list[bytes]:
    return content.split(b"\n")[:-1]


def _digest(content: dict[str, Any]) -> str:
    return hashlib.sha256(canonical_json(content).encode()).hexdigest()


def lines(home: Home) -> list[Line]:
    """Every line of the log in order, unchecked; an absent log has none."""
    if not home.audit_log.exists():
        return []
    whole = _whole_lines(home.audit_log.read_bytes())
    return [_parsed(line, number) for number, line in enumerate(whole, start=1)]


def _parsed(raw: bytes, number: int) -> Line:
    try:
        content = json.loads(raw)
        return Line(*(content[name] for name in ("sequence", "at", "what", "release_id", "facts", "hash")))
    except (ValueError, KeyError, TypeError):
        raise _broken(f"line {number} of the audit log is not as it was written") from None


def head(home: Home) -> str:
    """The hash of the last line; a release writes it down, so that lines cut off the end are missed."""
    found = lines(home)
    return found[-1].hash if found else FIRST


def verify_log(home: Home) -> int:
    """How many lines the log has, all of them as they were written. Raises VerifyError naming the first that is not."""
    before = FIRST
    known = {FIRST}
    whole = _whole_lines(home.audit_log.read_bytes()) if home.audit_log.exists() else []
    for number, raw in enumerate(whole, start=1):
        before = _checked(raw, number, before)
        known.add(before)
    _check_heads(home, known)
    return len(whole)


def _checked(raw: bytes, number: int, before: str) -> str:
    try:
        content = json.loads(raw)
        digest = str(content.pop("hash"))
        good = digest == _digest(content) and content["previous_hash"] == before and content["sequence"] == number
    except (ValueError, KeyError, TypeError, AttributeError):
        good = False
    if not good:
        raise _broken(f"line {number} of the audit log is not as it was written")
    return digest


def _check_heads(home: Home, known: set[str]) -> None:
    for manifest in sorted(home.releases.glob("[!.]*/manifest.json")):
        if json.loads(manifest.read_bytes()).get("audit_head") not in known:
            raise _broken(f"the audit log no longer holds the line that release {manifest.parent.name} was built on")


def _broken(rule: str) -> VerifyError:
    return VerifyError(
        rule, stage=STAGE, next_step="keep the file as evidence, restore the log from a backup, find out who changed it"
    )
