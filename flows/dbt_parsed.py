"""What dbt has parsed of the project, kept once for all homes of a machine: a new home need not parse it again.

dbt itself decides what of it still holds, file by file. It describes the project and holds no data.
"""

import hashlib
import shutil
import tempfile
from pathlib import Path

CACHE = Path("~/.cache/aftercare/dbt")
PARSED = "partial_parse.msgpack"
KEPT = 16  # projects and settings; the oldest go first


def name_of(*given: str) -> str:
    """The name of what is parsed under these settings, any of which would make dbt parse anew."""
    return hashlib.sha256("\0".join(given).encode()).hexdigest()[:32] + ".msgpack"


def lay_out(name: str, target: Path) -> None:
    """Put what was parsed into dbt's target folder, where that has nothing yet. Without a cache nothing happens."""
    if not (target / PARSED).exists():
        try:
            target.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(CACHE.expanduser() / name, target / PARSED)
        except (OSError, RuntimeError):
            (target / PARSED).unlink(missing_ok=True)


def keep(name: str, target: Path) -> None:
    """Keep what dbt has parsed, whole or not at all. A cache that can't be written is done without."""
    try:
        cache = CACHE.expanduser()
        if (cache / name).exists() and (cache / name).stat().st_mtime >= (target / PARSED).stat().st_mtime:
            return
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=cache, delete=False) as beside:
            beside.write((target / PARSED).read_bytes())
        Path(beside.name).replace(cache / name)
        for old in sorted(cache.iterdir(), key=lambda file: file.stat().st_mtime, reverse=True)[KEPT:]:
            old.unlink()
    except (OSError, RuntimeError):
        return
