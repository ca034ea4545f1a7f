"""Names of the pages' files, safe on every file system, the same in each release as long as the id stays."""

import hashlib
import re


def file_name(kind: str, code: str) -> str:
    """The file of an office, partner or domain: its id where that is plain, else a short hash of it."""
    if re.fullmatch(r"[a-z0-9][a-z0-9-]{0,39}", code):
        return f"{kind}-{code}.html"
    slug = re.sub(r"[^a-z0-9]+", "-", code.lower()).strip("-")[:24]
    return f"{kind}-{slug}-{hashlib.sha256(code.encode()).hexdigest()[:8]}.html".replace("--", "-")
