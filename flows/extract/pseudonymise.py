"""Keyed pseudonyms: HMAC-SHA-256 truncated to 16 bytes, separate for each kind of identifier.

The same person has the same pseudonym wherever her id stands (so that tables join), a case with the same id text has
another, and nobody without the key can try ids out. RFC 2104 is spelled out in SQL so that millions of ids are hashed inside
the engine that reads them; `pseudonym` is the same function in Python's hmac, and a test holds the two equal.
"""

import hashlib
import hmac
import os
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path

import duckdb

from flows.errors import KeyProblemError

BLOCK = 64
STAGE = "pseudonym key"


@dataclass(frozen=True)
class Key:
    """The pseudonym key; its text form never shows it."""

    secret: bytes

    def __repr__(self) -> str:
        return f"Key(id={self.id})"

    @property
    def id(self) -> str:
        """A public name of the key (16 hex digits), from which the key cannot be found."""
        return hmac.new(self.secret, b"key-id", hashlib.sha256).hexdigest()[:16]

    def derive(self, purpose: str) -> bytes:
        """A separate 32-byte key for another purpose, such as signing model files."""
        return hmac.new(self.secret, f"derive:{purpose}".encode(), hashlib.sha256).digest()


def pseudonym(key: Key, kind: str, identifier: str) -> str:
    """The pseudonym of one identifier of a kind: 32 hex digits."""
    return hmac.new(key.secret, f"{kind}:{identifier}".encode(), hashlib.sha256).hexdigest()[:32]


def _blob(data: bytes) -> str:
    return "'" + "".join(f"\\x{byte:02X}" for byte in data) + "'::blob"


def install(connection: duckdb.DuckDBPyConnection, key: Key) -> None:
    """Make the SQL macro `pseudonym(kind, identifier)` on an in-memory connection; null stays null."""
    secret = key.secret if len(key.secret) <= BLOCK else hashlib.sha256(key.secret).digest()
    padded = secret.ljust(BLOCK, b"\0")
    inner = _blob(bytes(byte ^ 0x36 for byte in padded))
    outer = _blob(bytes(byte ^ 0x5C for byte in padded))
    connection.execute(
        "create or replace temp macro pseudonym(kind, identifier) as left("
        f"sha256({outer} || unhex(sha256({inner} || encode(kind || ':' || identifier)))), 32)"
    )


def load_key(*, value: str | None, file: Path) -> Key:
    """The key from `value` (hex, at least 32 bytes) or from `file`, which is made with mode 0600 on first use.

    Raises KeyProblemError where the key is too short or not hex, or where others may read the file.
    """
    if value:
        return Key(_decode(value, "the environment"))
    if not file.exists():
        _make(file)
    if stat.S_IMODE(file.stat().st_mode) & 0o077:
        raise KeyProblemError(
            "the key file can be read by others", stage=STAGE, next_step="chmod 600 the key file, then run again"
        )
    try:
        text = file.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        raise KeyProblemError(
            "the key file cannot be read", stage=STAGE, next_step="let the pipeline's user read it, and nobody else"
        ) from None
    return Key(_decode(text, "the key file"))


def _make(file: Path) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    except OSError as error:
        raise KeyProblemError(
            "the key file could not be made",
            stage=STAGE,
            next_step="set AFTERCARE_KEY_FILE to a file in a folder that this user may write",
        ) from error
    with os.fdopen(handle, "w", encoding="ascii") as stream:
        stream.write(secrets.token_hex(32) + "\n")


def _decode(text: str, where: str) -> bytes:
    try:
        secret = bytes.fromhex(text)
    except ValueError:
        secret = b""
    if len(secret) < 32:
        raise KeyProblemError(
            f"the key in {where} is not at least 64 hex digits",
            stage=STAGE,
            next_step="restore the key from its backup; a lost key means a full delivery under a new one",
        )
    return secret
