"""One night: what is fixed before the first stage works, and whether there is anything to do."""

import hashlib
import json
import shutil
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from flows.definitions import Definitions, definitions_of
from flows.errors import HomeError
from flows.extract.contract import DEFAULT_INSTRUMENT, jds
from flows.extract.database import Access
from flows.extract.land import Extract, extracts
from flows.extract.mapping.shipped import load as load_mapping
from flows.extract.mapping.shipped import read_parameters
from flows.extract.mapping.spec import Mapping
from flows.extract.open import Source, open_source
from flows.extract.pseudonymise import Key, load_key
from flows.extract.scope import Standing, in_scope, standing, usable
from flows.extract.source import Delivery
from flows.publish import manifest
from flows.publish.pointer import refuse_when_held
from flows.publish.release import current_release
from flows.settings import Settings
from flows.version import code_version, lock_hash
from flows.warehouse import Home

LEAST_FREE_BYTES = 200 * 1024 * 1024


@dataclass(frozen=True)
class Night:
    """Everything the stages of one run need to know. Made before work begins; never changed."""

    settings: Settings
    home: Home
    key: Key
    delivery: Delivery
    standing: Standing
    as_of: date
    at: datetime
    live: str | None
    fingerprint: str
    accept: frozenset[str]
    definitions: Definitions

    @property
    def folder(self) -> Path:
        """The run's own folder."""
        return self.home.runs / f"{self.at:%Y%m%dT%H%M%S%f}-{self.fingerprint[:8]}"

    @property
    def build_file(self) -> Path:
        return self.folder / "build.duckdb"

    @property
    def scope(self) -> list[Extract]:
        """The landed deliveries the marts are built from."""
        return in_scope(usable(extracts(self.home.raw), self.key.id))

    @property
    def base(self) -> list[Extract]:
        """The landed deliveries the live release was built from."""
        sequences = _released(self.home, self.live)
        return [extract for extract in usable(extracts(self.home.raw), self.key.id) if extract.sequence in sequences]


@dataclass(frozen=True)
class Unchanged:
    """The live release is already what this run would make."""

    release_id: str


def open_night(
    settings: Settings,
    source: Source,
    *,
    as_of: date | None,
    at: datetime,
    rebuild: bool = False,
    full: bool = False,
    accept: frozenset[str] = frozenset(),
) -> Night | Unchanged:
    """Check the home, the key and the delivery; the night to run, or that nothing would change.

    Call it while holding the home. Raises a StageError that says what was refused; nothing was loaded then.
    """
    home = Home(settings.home.resolve())
    refuse_when_held(home)
    mapping = mapping_of(settings)
    definitions = definitions_of(instrument_of(settings, mapping), settings.definitions)
    key = run_key(settings)
    live, landed = current_release(home), extracts(home.raw)
    delivery = open_source(
        source,
        jds(),
        key,
        access_of(settings, home),
        landed=usable(landed, key.id),
        released=_released(home, live),
        full=full,
        mapping=mapping,
    )
    _check_space(home, delivery)
    how = standing(delivery.facts, landed, key.id)
    day = as_of or delivery.facts.extracted_at.date()
    fingerprint = _fingerprint(config_hash(settings, definitions), delivery, how, landed, key, day)
    if live and not rebuild and manifest.read(home.releases / live)["fingerprint"] == fingerprint:
        delivery.close()
        return Unchanged(live)
    return Night(settings, home, key, delivery, how, day, at, live, fingerprint, accept, definitions)


def config(settings: Settings, definitions: Definitions) -> dict[str, Any]:
    """The settings that can change a figure."""
    drawn = {"seed": settings.seed, "draws": settings.draws, "small_number": settings.small_number}
    return {**drawn, **definitions.as_json()}


def config_hash(settings: Settings, definitions: Definitions) -> str:
    """One hash of the settings that can change a figure."""
    return hashlib.sha256(json.dumps(config(settings, definitions), sort_keys=True).encode()).hexdigest()


def _fingerprint(config: str, delivery: Delivery, how: Standing, landed: list[Extract], key: Key, as_of: date) -> str:
    known = usable(landed, key.id)
    hashes = [extract.facts["hash"] for extract in in_scope(known)]
    if how.landed is None:
        hashes = [delivery.facts.hash] if delivery.facts.mode == "full" else [*hashes, delivery.facts.hash]
    content = [hashes, code_version(), lock_hash(), config, as_of.isoformat(), key.id]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def run_key(settings: Settings) -> Key:
    """The pseudonym key of the settings."""
    secret = settings.key.get_secret_value() if settings.key else None
    return load_key(value=secret, file=settings.key_file.expanduser())


def mapping_of(settings: Settings) -> Mapping | None:
    """The source mapping of the settings; None where the source speaks the contract's own words."""
    pairs = tuple(pair for pair in (settings.mapping_parameters or "").split(",") if pair.strip())
    return load_mapping(settings.mapping, jds(), read_parameters(pairs), instrument=settings.instrument)


def instrument_of(settings: Settings, mapping: Mapping | None) -> str:
    """The instrument that the source scores: the setting's, else the mapping's, else the ASO."""
    return settings.instrument or (mapping.instrument if mapping else None) or DEFAULT_INSTRUMENT


def access_of(settings: Settings, home: Home) -> Access:
    """How this run may read a database."""
    password = settings.database_password.get_secret_value() if settings.database_password else None
    return Access(password, spill=home.root / ".reading", memory_limit=settings.memory_limit)


def _released(home: Home, live: str | None) -> frozenset[int]:
    """The sequences of the deliveries that the live release was built from."""
    if live is None:
        return frozenset()
    return frozenset(int(extract["sequence"]) for extract in manifest.read(home.releases / live)["extracts"])


def _check_space(home: Home, delivery: Delivery) -> None:
    if shutil.disk_usage(home.root).free < LEAST_FREE_BYTES + 3 * delivery.size_bytes:
        raise HomeError(
            "too little space is left for this delivery",
            stage="home",
            next_step="free space in the home, or lower AFTERCARE_KEEP_RELEASES",
        )
