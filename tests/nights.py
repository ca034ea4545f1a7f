"""Nights for tests: the stages of a run called one by one, in this process, on deliveries of a few rows."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path

from flows.dbt_build import build_marts
from flows.extract.contract import jds
from flows.extract.folder import open_folder
from flows.extract.land import Extract, extracts, land
from flows.extract.pseudonymise import Key
from flows.extract.scope import show_known_keys
from flows.night import Night, Unchanged, open_night
from flows.settings import Settings
from flows.stage import Watch
from flows.stages import NIGHTLY, land_delivery
from flows.warehouse import connect

SECRET = b"k" * 32
KEY = Key(SECRET)
AT = datetime(2026, 11, 2, 3, 0, tzinfo=UTC)
EXTRACTED_AT = "2026-11-01T01:30:00Z"
STAGES = {stage.name: stage.run for stage in NIGHTLY}


def settings_for(home: Path, **given: object) -> Settings:
    """Settings with a home and a key of their own, and few draws; nothing of the environment is used."""
    return Settings(**{"home": home, "key": SECRET.hex(), "draws": 20, "survivors": 300, **given})  # type: ignore[arg-type]


def stamp(folder: Path, **facts: object) -> Path:
    """The folder, its manifest changed: `extracted_at` is set where it is missing, and what is given."""
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    manifest.setdefault("extracted_at", EXTRACTED_AT)
    path.write_text(json.dumps(manifest | facts), encoding="utf-8")
    return folder


def sign(folder: Path, table: str, **facts: object) -> Path:
    """The folder, with the hash of one table's file as the file now is, and what else is given of it."""
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    entry = manifest["tables"][table]
    content = (folder / entry["file"]).read_bytes()
    entry.update(facts, sha256=hashlib.sha256(content).hexdigest())
    path.write_text(json.dumps(manifest), encoding="utf-8")
    return folder


def landed(source: Path, raw: Path, *, key: Key = KEY) -> Extract:
    """A delivery folder checked and landed, without a home around it."""
    return land(raw, open_folder(source, jds()), jds(), key)


def opened(source: Path, home: Path, *, as_of: date | None = None, **given: object) -> Night:
    """The night that would be run; there must be something to do."""
    night = open_night(settings_for(home), source, as_of=as_of, at=AT, **given)  # type: ignore[arg-type]
    assert not isinstance(night, Unchanged)
    return night


def ready(sources: list[Path], home: Path, *, as_of: date) -> Night:
    """The night of the last of these deliveries, all landed one by one and shown in its build file; no marts yet.

    Keys of deliveries before the last full one are known as those of a release would be.
    """
    home.mkdir(parents=True, exist_ok=True)
    for source in sources[:-1]:
        landed(source, home / "raw")
    night = opened(sources[-1], home, as_of=as_of)
    land_delivery(night, Watch())
    in_scope = {extract.sequence for extract in night.scope}
    before = [extract for extract in extracts(home / "raw") if extract.sequence not in in_scope]
    with connect(night.build_file) as build:
        show_known_keys(build, before, jds(), None)
    return night


def built(
    sources: list[Path], home: Path, target: Path, *, as_of: date, variables: Mapping[str, object] | None = None
) -> Path:
    """The build file after landing the deliveries one by one and running dbt once, with these variables, after the last."""
    night = ready(sources, home, as_of=as_of)
    build_marts(night.folder, target, variables=variables)
    return night.build_file


def tree_hash(*roots: Path) -> dict[str, str]:
    """Every file and link under the folders, with the SHA-256 of its bytes or where it points."""
    found = {}
    for root in roots:
        for path in [root, *sorted(root.rglob("*"))] if root.is_dir() and not root.is_symlink() else [root]:
            if path.is_symlink():
                found[str(path)] = f"-> {path.readlink()}"
            elif path.is_file():
                found[str(path)] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found
