"""Which model of a name is in use, which were before, and which a person took out of use. Each line is signed and names the one before.

    <folder>/champion-<model_name>    "<hmac> <promote|rollback> <model_id>", a line each

A line's signature covers the model's name and the signature of the line before it, so that none can be changed, dropped from the middle
or moved to another name.
"""

import hmac
from dataclasses import dataclass
from pathlib import Path

from ml.registry import TamperedError, load, read, sign, write

PROMOTE, ROLLBACK = "promote", "rollback"


class NoEarlierModelError(LookupError):
    """There is no earlier model to go back to."""


@dataclass(frozen=True)
class Step:
    """One line: what was done, the model in use from then on, and the line's signature."""

    kind: str
    model_id: str
    signature: bytes


def steps(folder: Path, key: bytes, model_name: str) -> list[Step]:
    """What was done, in order; empty where no model of the name was ever in use. Raises TamperedError when a line does not verify."""
    path = folder / f"champion-{model_name}"
    found: list[Step] = []
    for line in read(path).splitlines() if path.exists() else []:
        signature, _, named = line.partition(b" ")
        kind, _, model_id = named.decode(errors="replace").partition(" ")
        if not hmac.compare_digest(_signed(key, model_name, found, kind, model_id), signature):
            raise TamperedError(f"{path.name} does not carry a valid signature")
        found.append(Step(kind, model_id, signature))
    return found


def champion(folder: Path, key: bytes, model_name: str) -> str | None:
    """The id of the model in use, None when none was promoted. Raises TamperedError when that does not verify."""
    found = steps(folder, key, model_name)
    return found[-1].model_id if found else None


def withdrawn(folder: Path, key: bytes, model_name: str) -> set[str]:
    """The models that a person took out of use by a rollback and did not return to."""
    out: set[str] = set()
    before: str | None = None
    for step in steps(folder, key, model_name):
        if step.kind == ROLLBACK and before:
            out.add(before)
        out.discard(step.model_id)
        before = step.model_id
    return out


def promote(folder: Path, model_id: str, key: bytes) -> None:
    """Nothing; the model is the one of its name in use from now on.

    Raises ValueError for a refused model and for one that a person took out of use, UnknownModelError or TamperedError as `load` does.
    """
    trained = load(folder, model_id, key)
    if trained.status != "trained":
        raise ValueError("a refused model cannot be promoted")
    name = str(trained.document["model_name"])
    if model_id in withdrawn(folder, key, name):
        raise ValueError("a person took this model out of use; a rollback to it brings it back")
    if champion(folder, key, name) != model_id:
        _append(folder, key, name, PROMOTE, model_id)


def rollback(folder: Path, key: bytes, model_name: str, to: str | None = None) -> str:
    """The id of the model in use from now on: `to`, or the last one before that was not taken out of use.

    The model in use until now is taken out of use: no training promotes it again. Raises NoEarlierModelError where there is none to go
    to, or `to` was never in use; TamperedError where it does not verify.
    """
    found = steps(folder, key, model_name)
    if not found:
        raise NoEarlierModelError(f"no model of {model_name} was ever in use")
    gone = withdrawn(folder, key, model_name) | {found[-1].model_id}
    earlier = [one.model_id for one in found if one.model_id != found[-1].model_id and (to or one.model_id not in gone)]
    chosen = to if to in earlier else (earlier[-1] if earlier and to is None else None)
    if chosen is None:
        raise NoEarlierModelError(f"no earlier model of {model_name} can be returned to")
    load(folder, chosen, key)
    _append(folder, key, model_name, ROLLBACK, chosen)
    return chosen


def _append(folder: Path, key: bytes, model_name: str, kind: str, model_id: str) -> None:
    found = steps(folder, key, model_name)
    signature = _signed(key, model_name, found, kind, model_id)
    lines = [*found, Step(kind, model_id, signature)]
    content = b"".join(one.signature + f" {one.kind} {one.model_id}\n".encode() for one in lines)
    write(folder / f"champion-{model_name}", content)


def _signed(key: bytes, model_name: str, before: list[Step], kind: str, model_id: str) -> bytes:
    previous = before[-1].signature if before else b"first"
    return sign(key, "champion", model_name, previous + f" {kind} {model_id}".encode())
