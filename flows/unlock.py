"""From the settings to the keys of encrypted files: which are at hand, and whether new files are encrypted."""

import os
import stat
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from flows import keyring
from flows.errors import KeyProblemError
from flows.keyring import HOME, RELEASES, Keys

if TYPE_CHECKING:
    from flows.extract.pseudonymise import Key
    from flows.settings import Settings

# Names of what the keys are for; under another name nothing that was written before could be opened.
PURPOSES = {HOME: "at rest: home", RELEASES: "at rest: releases"}


def unlock(settings: "Settings") -> None:
    """Open and write files from now on as the settings say. Keys are looked for when a file needs one, and never made here.

    Raises EncryptionError where files are to be encrypted and this installation cannot do it.
    """
    secret = settings.key.get_secret_value() if settings.key else None
    reader = settings.reader_key_file.expanduser() if settings.reader_key_file else None
    is_on = settings.encryption == "on"
    if is_on:
        keyring.refuse_without_extension()
    keyring.use(lambda: _found(secret, settings.key_file.expanduser(), reader), encrypts=is_on)


def keys_of(key: "Key") -> dict[str, bytes]:
    """The two keys of 32 bytes that follow from a pseudonym key, from which it cannot be found."""
    return {layer: key.derive(purpose) for layer, purpose in PURPOSES.items()}


def write_reader_key(key: "Key", file: Path) -> None:
    """Write the key that opens releases, and nothing else, into a new file of mode 0640. Raises KeyProblemError where it cannot."""
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640)
    except OSError as error:
        raise KeyProblemError(
            f"the key file could not be made: {os.strerror(error.errno or 0)}",
            stage="reader key",
            next_step="name a file that is not there yet, in a folder that this user may write",
        ) from None
    with os.fdopen(handle, "w", encoding="ascii") as stream:
        stream.write(keyring.text_of(keys_of(key)[RELEASES]) + "\n")
    file.chmod(0o640)


def _found(secret: str | None, file: Path, reader: Path | None) -> Keys:
    if secret or file.exists():
        return _derived(secret, file, 0 if secret else file.stat().st_mtime_ns)
    return {RELEASES: _read(reader)} if reader else {}


@cache
def _derived(secret: str | None, file: Path, _written_at: int) -> Keys:
    from flows.extract.pseudonymise import load_key

    return keys_of(load_key(value=secret, file=file))


def _read(file: Path) -> bytes:
    try:
        if stat.S_IMODE(file.stat().st_mode) & 0o007:
            raise _unusable("the key file of releases can be read by others")
        key = keyring.bytes_of(file.read_text(encoding="ascii", errors="replace").strip())
    except (OSError, ValueError):
        raise _unusable("the key file of releases cannot be read") from None
    return key


def _unusable(rule: str) -> KeyProblemError:
    return KeyProblemError(
        rule,
        stage="reader key",
        next_step="ask who runs the pipeline for the file that `aftercare reader-key` writes, and let only its owner and group read it",
    )
