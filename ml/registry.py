"""Where models are kept: signed JSON and Parquet, verified before a byte is parsed. No pickle.

    <folder>/<model_id>/model.json          {"document": ..., "frames": {name: sha256 of its file}}, canonical
    <folder>/<model_id>/model.json.hmac     HMAC-SHA-256 of it, hex
    <folder>/<model_id>/<name>.parquet      risk_indicator, metric, card
    <folder>/champion                       "<hmac> <model_id>"

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

FRAMES = ("risk_indicator", "metric", "card")
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
    content = _read(home / "model.json")
    if not hmac.compare_digest(_sign(key, "model", model_id, content), _read(home / "model.json.hmac").strip()):
        raise TamperedError("model.json does not carry a valid signature")
    payload = json.loads(content)
    document = payload["document"]
    if content_id(document) != model_id:
        raise TamperedError("model.json does not belong to this model id")
    frames = {}
    for name in FRAMES:
        raw = _read(home / f"{name}.parquet")
        if not hmac.compare_digest(hashlib.sha256(raw).hexdigest(), payload["frames"][name]):
            raise TamperedError(f"{name}.parquet is not the file that was signed")
        frames[name] = pd.read_parquet(io.BytesIO(raw))
    return Trained(document["status"], model_id, document, **frames)


def champion(folder: Path, key: bytes) -> str | None:
    """The id of the model in use, None when none was promoted. Raises TamperedError when that does not verify."""
    pointer = folder / "champion"
    if not pointer.exists():
        return None
    signature, _, named = _read(pointer).strip().partition(b" ")
    if not hmac.compare_digest(_sign(key, "champion", "", named), signature):
        raise TamperedError("champion does not carry a valid signature")
    return named.decode()


def promote(folder: Path, model_id: str, key: bytes) -> None:
    """Nothing; the model is the one in use from now on.

    Raises ValueError for a refused model, UnknownModelError or TamperedError as `load` does.
    """
    if load(folder, model_id, key).status != "trained":
        raise ValueError("a refused model cannot be promoted")
    _write(folder / "champion", _sign(key, "champion", "", model_id.encode()) + b" " + model_id.encode() + b"\n")


def _fill(building: Path, trained: Trained, key: bytes) -> None:
    hashes = {}
    for name in FRAMES:
        raw = io.BytesIO()
        getattr(trained, name).to_parquet(raw, index=False)
        hashes[name] = hashlib.sha256(raw.getvalue()).hexdigest()
        _write(building / f"{name}.parquet", raw.getvalue())
    payload = {"document": trained.document, "frames": hashes}
    content = json.dumps(payload, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()
    _write(building / "model.json", content)
    _write(building / "model.json.hmac", _sign(key, "model", trained.model_id, content) + b"\n")


def _home(folder: Path, model_id: str) -> Path:
    if not re.fullmatch(r"[0-9a-f]{32}", model_id):
        raise UnknownModelError("a model id is 32 hex digits")
    return folder / model_id


def _sign(key: bytes, kind: str, model_id: str, content: bytes) -> bytes:
    if len(key) < MIN_KEY_BYTES:
        raise ValueError(f"the signing key must have at least {MIN_KEY_BYTES} bytes")
    purpose = f"aftercare {kind} 1 {model_id}\n".encode()
    return hmac.new(key, purpose + content, hashlib.sha256).hexdigest().encode()


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise TamperedError(f"{path.name} is missing") from None


def _write(path: Path, content: bytes) -> None:
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)
