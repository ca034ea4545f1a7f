"""Which keys this process may open files with, whether it writes them encrypted, and in which form a file lies.

Two keys follow from the pseudonym key: one opens the marts of releases and can be given to analysts, the other opens everything else.
They are looked up when a file needs them, and held in memory alone.
"""

import base64
import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb

from flows.errors import Exit, KeyProblemError, StageError

HOME, RELEASES = "home", "releases"
MARTS = "marts.duckdb"
STAGE = "encryption"
LENGTH = 32
# DuckDB: eight bytes of checksum, then this word, the version, and flags of which the lowest says encrypted. Parquet: its first four bytes.
_DUCKDB, _FLAGS, _IS_ENCRYPTED = b"DUCK", 20, 1
_PARQUET = b"PARE"

Keys = Mapping[str, bytes]


class EncryptionError(StageError):
    """Files are to be encrypted, and this installation cannot do it."""

    code = Exit.USAGE


@dataclass
class Keyring:
    """Whether new files are encrypted, and how the keys that are at hand are found, by what they open."""

    encrypts: bool = False
    find: Callable[[], Keys] = dict


_RING = Keyring()


def use(find: Callable[[], Keys], *, encrypts: bool) -> None:
    """Open and write files in this way from now on. `find` gives 32 bytes for each of HOME and RELEASES that is at hand."""
    _RING.find, _RING.encrypts = find, encrypts


def encrypts() -> bool:
    """Whether new files are encrypted."""
    return _RING.encrypts


def opens_home() -> bool:
    """Whether the key of raw files, builds, history and case-work is at hand."""
    return HOME in _RING.find()


def key_for(path: Path) -> str:
    """The key of a file as DuckDB takes it. Raises KeyProblemError where it is not at hand."""
    return text_of(_key(RELEASES if path.name == MARTS else HOME))


def parquet_key() -> str:
    """The key of every Parquet file as DuckDB takes it. Raises KeyProblemError where it is not at hand."""
    return text_of(_key(HOME))


def text_of(key: bytes) -> str:
    """A key as the text that DuckDB takes, for its own files and for Parquet alike."""
    return base64.b64encode(key).decode("ascii")


def bytes_of(text: str) -> bytes:
    """The key of 32 bytes that a text stands for; ValueError where it is none."""
    key = base64.b64decode(text, validate=True)
    if len(key) != LENGTH:
        raise ValueError("not a key of 32 bytes")
    return key


def _key(layer: str) -> bytes:
    key = _RING.find().get(layer)
    if key is None:
        raise KeyProblemError(
            "a file is encrypted, and its key is not at hand",
            stage=STAGE,
            next_step="set AFTERCARE_KEY_FILE to the pseudonym key, or AFTERCARE_READER_KEY_FILE to the key that opens releases",
        )
    return key


def wrong_key() -> KeyProblemError:
    """What to say where a file does not open with the key at hand."""
    return KeyProblemError(
        "a file is encrypted under another key",
        stage=STAGE,
        next_step="restore the key that this home was made with",
    )


def is_wrong_key(error: Exception) -> bool:
    """Whether DuckDB says by this error that a file was opened with the wrong key."""
    return any(said in str(error) for said in ("Wrong encryption key", "AES tag"))


def is_sealed(path: Path) -> bool:
    """Whether a DuckDB or Parquet file that is there is encrypted, by its first bytes."""
    with path.open("rb") as file:
        head = file.read(_FLAGS + 8)
    if head[8:12] == _DUCKDB:
        return bool(int.from_bytes(head[_FLAGS:], "little") & _IS_ENCRYPTED)
    return head.startswith(_PARQUET)


def refuse_without_extension() -> Path:
    """The file of DuckDB's extension that can encrypt. Raises EncryptionError where it is not installed."""
    found = importlib.util.find_spec("duckdb_extension_httpfs")
    folder = Path(found.origin).parent / "extensions" / f"v{duckdb.__version__}" if found and found.origin else None
    file = folder / "httpfs.duckdb_extension" if folder else None
    if file is None or not file.is_file():
        raise EncryptionError(
            "nothing can be encrypted, since DuckDB's extension for it is not installed for this version",
            stage=STAGE,
            next_step="install what requirements.lock names (duckdb-extension-httpfs); nothing is written in clear instead",
        )
    return file
