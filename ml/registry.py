"""Where models are kept: signed JSON, Parquet and skops, verified before a byte is parsed. No pickle.

    <folder>/<model_id>/model.json          {"document": ..., "frames": {name: sha256 of its file}, "files": likewise}, canonical
    <folder>/<model_id>/model.json.hmac     HMAC-SHA-256 of it, hex
    <folder>/<model_id>/<name>.parquet      risk_indicator, metric, card, fairness
    <folder>/<model_id>/<file>              card.md, datasheet.md; trees.skops where the model has trees
    <folder>/champion-<model_name>          one line a promotion or rollback, ml/champions.py

The key is the caller's. Every write appears whole, by a rename. The signature also covers what kind of file it is
and its model id, so a signed file cannot stand in for another.
"""

import hashlib
import hmac
import io
import json
import os
import re
import shutil
import tempfile
from pathlib import Path

import pandas as pd

from ml.risk.document import Trained, content_id

FRAMES = ("risk_indicator", "metric", "card", "fairness")
FILES = ("card.md", "datasheet.md", "trees.skops")
ARTIFACT = FILES[2]
MIN_KEY_BYTES = 16


class TamperedError(Exception):
    """A stored model is not what was signed, or was signed with another key. Names the file, never its content."""


class UnknownModelError(LookupError):
    """There is no model of this id in the folder."""


def save(folder: Path, trained: Trained, key: bytes) -> Path:
    """The folder of the stored model, refused ones included; the same model stored twice is stored once.

    Raises ValueError for a key under 16 bytes, TamperedError when what is already there does not verify.
    """
    home = _home(folder, trained.model_id)
    if home.exists():
        load(folder, trained.model_id, key)
        return home
    folder.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(prefix=".saving-", dir=folder))
    try:
        _fill(building, trained, key)
        building.rename(home)
    except BaseException:
        shutil.rmtree(building, ignore_errors=True)
        raise
    return home


def load(folder: Path, model_id: str, key: bytes) -> Trained:
    """The stored model, every byte of it verified.

    Raises UnknownModelError when it is not there, TamperedError when a byte of it changed or the key is another.
    """
    home = _home(folder, model_id)
    if not home.is_dir():
        raise UnknownModelError(f"no model {model_id} in the registry")
    content = read(home / "model.json")
    if not hmac.compare_digest(sign(key, "model", model_id, content), read(home / "model.json.hmac").strip()):
        raise TamperedError("model.json does not carry a valid signature")
    payload = json.loads(content)
    document = payload["document"]
    if content_id(document) != model_id:
        raise TamperedError("model.json does not belong to this model id")
    frames = {
        name: pd.read_parquet(io.BytesIO(_verified(home / f"{name}.parquet", digest)))
        for name, digest in payload["frames"].items()
        if name in FRAMES
    }
    files = {name: _verified(home / name, payload["files"][name]) for name in FILES if name in payload.get("files", {})}
    artifact = files.pop(ARTIFACT, None)
    texts = {name: content.decode() for name, content in files.items()}
    return Trained(document["status"], model_id, document, **frames, artifact=artifact, texts=texts)


def _verified(path: Path, digest: str) -> bytes:
    content = read(path)
    if not hmac.compare_digest(hashlib.sha256(content).hexdigest(), digest):
        raise TamperedError(f"{path.name} is not the file that was signed")
    return content


def _fill(building: Path, trained: Trained, key: bytes) -> None:
    hashes = {}
    for name in FRAMES:
        raw = io.BytesIO()
        getattr(trained, name).to_parquet(raw, index=False)
        hashes[name] = hashlib.sha256(raw.getvalue()).hexdigest()
        write(building / f"{name}.parquet", raw.getvalue())
    files = {name: text.encode() for name, text in trained.texts.items()}
    if trained.artifact is not None:
        files[ARTIFACT] = trained.artifact
    for name, content in files.items():
        write(building / name, content)
    signed = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    payload = {"document": trained.document, "frames": hashes, "files": signed}
    content = json.dumps(payload, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()
    write(building / "model.json", content)
    write(building / "model.json.hmac", sign(key, "model", trained.model_id, content) + b"\n")


def _home(folder: Path, model_id: str) -> Path:
    if not re.fullmatch(r"[0-9a-f]{32}", model_id):
        raise UnknownModelError("a model id is 32 hex digits")
    return folder / model_id


def sign(key: bytes, kind: str, named: str, content: bytes) -> bytes:
    """HMAC-SHA-256 in hex of a content of a kind and a name; raises ValueError for a key under 16 bytes."""
    if len(key) < MIN_KEY_BYTES:
        raise ValueError(f"the signing key must have at least {MIN_KEY_BYTES} bytes")
    purpose = f"aftercare {kind} 1 {named}\n".encode()
    return hmac.new(key, purpose + content, hashlib.sha256).hexdigest().encode()


def read(path: Path) -> bytes:
    """The bytes of a file of the registry; raises TamperedError where it is missing."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise TamperedError(f"{path.name} is missing") from None


def write(path: Path, content: bytes) -> None:
    """Nothing; the file appears whole, by a rename."""
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)
