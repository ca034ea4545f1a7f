"""One night: what is fixed before the first stage works, and whether there is anything to do."""

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from expectations.suites import door_of
from flows import history
from flows.definitions import Definitions, definitions_of
from flows.erase.erase import finish
from flows.erase.suppression import digest
from flows.errors import Exit, HomeError, KeyProblemError, StageError
from flows.extract.land import Extract, extracts
from flows.extract.open import Source
from flows.extract.pseudonymise import Key
from flows.extract.scope import Standing, usable
from flows.extract.source import Delivery, DeliveryFacts
from flows.known import Known, access_of, instrument_of, known_for, mapping_of, released, run_key
from flows.publish import manifest
from flows.publish.pointer import refuse_when_held
from flows.publish.release import current_release
from flows.roles import enforce
from flows.settings import Settings
from flows.unlock import unlock
from flows.version import code_version, lock_hash
from flows.warehouse import MARTS, Home, encrypts, is_sealed

__all__ = ["Night", "Unchanged", "access_of", "config", "config_hash", "open_night", "run_key"]

LEAST_FREE_BYTES = 200 * 1024 * 1024


@dataclass(frozen=True)
class Night:
    """Everything the stages of one run need to know. Made before work begins; never changed."""

    settings: Settings
    home: Home
    key: Key
    known: Known
    at: datetime
    live: str | None
    fingerprint: str
    accept: frozenset[str]
    definitions: Definitions
    fence: Callable[[], None] = lambda: None  # raises LeaseLostError once another run has taken the home over

    @property
    def as_of(self) -> date:
        """The date the release is made for."""
        return self.known.as_of

    @property
    def delivery(self) -> Delivery | None:
        """The delivery that was handed over; None where a date is made again from what has landed."""
        return self.known.delivery

    @property
    def facts(self) -> DeliveryFacts:
        """What the delivery says of itself, or the last one that was known then."""
        return self.known.facts

    @property
    def standing(self) -> Standing:
        """How that delivery stands to those landed before it."""
        return self.known.standing

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
        return self.known.scope(usable(extracts(self.home.raw), self.key.id))

    @property
    def base(self) -> list[Extract]:
        """The landed deliveries of the release that the night goes on from."""
        sequences = released(self.home, self.known.before)
        return [extract for extract in usable(extracts(self.home.raw), self.key.id) if extract.sequence in sequences]

    @property
    def recalled(self) -> tuple[str, ...] | None:
        """The models that were in use then, where a past date is made again; None: those in use now."""
        return self.known.recalled(self.home)

    def memory(self, release_id: str, model_ids: list[str]) -> history.Memory:
        """What later nights must know of this one, when its release is made."""
        return history.Memory(
            release_id,
            self.as_of,
            self.known.before,
            tuple(extract.sequence for extract in self.scope),
            self.fingerprint,
            tuple(model_ids),
            tuple(sorted(self.accept)),
            history.present(self.home, self.live) if self.known.is_past else None,
        )


class OptionError(StageError):
    """An option of a night that cannot be used."""

    code = Exit.USAGE


@dataclass(frozen=True)
class Unchanged:
    """The live release is already what this run would make."""

    release_id: str


def open_night(
    settings: Settings,
    source: Source | None,
    *,
    as_of: date | None,
    at: datetime,
    rebuild: bool = False,
    full: bool = False,
    accept: frozenset[str] = frozenset(),
    once: bool = False,
) -> Night | Unchanged:
    """Check the home, the key and the delivery; the night to run, or that nothing would change. With `once` a night that was ever made
    is not made again, whatever is live.

    Call it while holding the home. Raises a StageError that says what was refused; nothing was loaded then.
    """
    unlock(settings)
    home = Home(settings.home.resolve())
    _refuse_unknown(accept)
    refuse_when_held(home)
    enforce(home)
    finish(home, run_key(settings), at=at)
    mapping = mapping_of(settings)
    definitions = definitions_of(instrument_of(settings, mapping), settings.definitions)
    key, live = run_key(settings), current_release(home)
    _refuse_other_key(home, live, key)
    known = known_for(settings, home, key, source, live=live, as_of=as_of, full=full)
    if known.delivery:
        check_space(home, known.delivery)
    decided = config_hash(settings, definitions) + (digest(home) or "")
    fingerprint = _fingerprint(decided, known, usable(extracts(home.raw), key.id), key)
    made = {one.fingerprint: one.release_id for one in history.memories(home)} if once else {}
    if live and manifest.read(home.releases / live)["fingerprint"] == fingerprint and _is_in_form(home, live):
        made[fingerprint] = live
    if fingerprint in made and not rebuild:
        if known.delivery:
            known.delivery.close()
        return Unchanged(made[fingerprint])
    accept |= frozenset(known.then.accept if known.then else ())
    return Night(settings, home, key, known, at, live, fingerprint, accept, definitions)


def _is_in_form(home: Home, live: str) -> bool:
    """Whether the live release is encrypted where files are to be, and not where they are not: else a night makes it anew."""
    path = home.releases / live / MARTS
    return not path.exists() or is_sealed(path) == encrypts()


def _refuse_other_key(home: Home, live: str | None, key: Key) -> None:
    """KeyProblemError where the live release is encrypted, and under the keys of another pseudonym key than this one."""
    path = home.releases / (live or "none") / MARTS
    if path.exists() and is_sealed(path) and manifest.read(path.parent).get("key_id") != key.id:
        raise KeyProblemError(
            "this home is encrypted under the keys of another pseudonym key",
            stage="key",
            next_step="restore that key; another pseudonym key begins a new home, which --home names",
        )


def config(settings: Settings, definitions: Definitions) -> dict[str, Any]:
    """The settings that can change a figure."""
    drawn = {"seed": settings.seed, "draws": settings.draws, "small_number": settings.small_number}
    return {**drawn, **definitions.as_json()}


def config_hash(settings: Settings, definitions: Definitions) -> str:
    """One hash of the settings that can change a figure."""
    return hashlib.sha256(json.dumps(config(settings, definitions), sort_keys=True).encode()).hexdigest()


def _fingerprint(config: str, known: Known, landed: list[Extract], key: Key) -> str:
    hashes = [extract.facts["hash"] for extract in known.scope(landed)]
    if known.standing.landed is None:
        hashes = [known.facts.hash] if known.facts.mode == "full" else [*hashes, known.facts.hash]
    content = [hashes, code_version(), lock_hash(), config, known.as_of.isoformat(), key.id]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def _refuse_unknown(accept: frozenset[str]) -> None:
    unknown = sum(door_of(check_id) is None for check_id in accept)
    if unknown:
        raise OptionError(
            "a check to accept is not one of this pipeline's",
            stage="options",
            count=unknown,
            next_step="take the id from aftercare checks --run --failed; docs/checks.md lists them all",
        )


def check_space(home: Home, delivery: Delivery) -> None:
    """Nothing where the home has room for a delivery and what is made of it; else HomeError."""
    if shutil.disk_usage(home.root).free < LEAST_FREE_BYTES + 3 * delivery.size_bytes:
        raise HomeError(
            "too little space is left for this delivery",
            stage="home",
            next_step="free space in the home, or lower AFTERCARE_KEEP_RELEASES",
        )
