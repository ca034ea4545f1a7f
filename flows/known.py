"""What a night is made from: the delivery that is handed over now, or, for a date in the past, what was known then."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from flows import history
from flows.errors import DeliveryError, NothingPublishedError
from flows.extract.contract import DEFAULT_INSTRUMENT, jds
from flows.extract.database import Access
from flows.extract.land import Extract, extracts
from flows.extract.mapping.shipped import load as load_mapping
from flows.extract.mapping.shipped import read_parameters
from flows.extract.mapping.spec import Mapping
from flows.extract.open import Source, open_source
from flows.extract.pseudonymise import Key, load_key
from flows.extract.scope import Standing, facts_of, in_scope, known_by, standing, standing_then, usable
from flows.extract.source import Delivery, DeliveryFacts
from flows.publish import manifest
from flows.settings import Settings, SettingsError
from flows.warehouse import Home


@dataclass(frozen=True)
class Known:
    """What a night is made from, decided before it works.

    `delivery` is None where a date is made again from what has landed; `facts` are then those of the last delivery known. `before` is
    the release whose memory the night goes on from, `then` the night that ran before for the same date over the same deliveries.
    """

    delivery: Delivery | None
    facts: DeliveryFacts
    standing: Standing
    as_of: date
    before: str | None
    then: history.Memory | None = None
    is_past: bool = False

    def scope(self, usable_extracts: list[Extract]) -> list[Extract]:
        """Of the landed deliveries, those the marts are built from."""
        last = self.standing.landed
        return in_scope([extract for extract in usable_extracts if last is None or extract.sequence <= last.sequence])

    def recalled(self, home: Home) -> tuple[str, ...] | None:
        """The models that were in use then, where a past date is made again; None: those in use now."""
        if not self.is_past:
            return None
        remembered = self.then or history.memory(home, self.before)
        return remembered.model_ids if remembered else ()


def known_for(
    settings: Settings, home: Home, key: Key, source: Source | None, *, live: str | None, as_of: date | None, full: bool
) -> Known:
    """What the night for `as_of` is made from; without a source, what has landed.

    A date before that of the newest night is made again from what was known then, unless a folder holds a delivery that has not
    landed. Raises a StageError where the delivery is refused, or nothing had landed by then.
    """
    landed = extracts(home.raw)
    known, present = usable(landed, key.id), history.present(home, live)
    is_past = bool(as_of and known and as_of < max(extract.landed_for for extract in known))
    delivery = None
    if isinstance(source, Path) or (source and not is_past):
        delivery = open_source(
            source,
            jds(),
            key,
            access_of(settings, home, source),
            landed=known,
            released=released(home, present),
            full=full,
            mapping=mapping_of(settings),
        )
    hashes = {extract.facts["hash"] for extract in known}
    if as_of and is_past and (delivery is None or delivery.facts.hash in hashes):
        return _past(home, landed, known, key, as_of)
    if delivery is None:
        return _landed_before(landed, known, key, as_of, present)
    how, day = standing(delivery.facts, landed, key.id), as_of or delivery.facts.extracted_at.date()
    remembered = history.memory(home, present)
    sequences = tuple(extract.sequence for extract in in_scope(known))
    if present != live and how.landed and remembered and (remembered.as_of, remembered.extracts) == (day, sequences):
        return Known(delivery, delivery.facts, how, day, remembered.before, remembered)  # back from the past
    return Known(delivery, delivery.facts, how, day, present)


def _past(home: Home, landed: list[Extract], known: list[Extract], key: Key, as_of: date) -> Known:
    by_then = known_by(known, as_of)
    last = by_then[-1]
    how = standing_then(landed, last, key.id, as_of)
    then, before = history.then(home, as_of, tuple(extract.sequence for extract in in_scope(by_then)))
    if before and not history.memory(home, before):
        raise NothingPublishedError(
            "what the night before that date knew is no longer kept",
            stage="delivery check",
            next_step="take a later date; aftercare releases lists what is kept",
        )
    return Known(None, facts_of(last), how, as_of, before, then, is_past=True)


def _landed_before(
    landed: list[Extract], known: list[Extract], key: Key, as_of: date | None, present: str | None
) -> Known:
    if not known:
        raise DeliveryError("nothing has landed yet", stage="delivery check", next_step="name a delivery with --source")
    last = known[-1]
    day = as_of or last.landed_for
    return Known(None, facts_of(last), standing_then(landed, last, key.id, day), day, present)


def released(home: Home, release_id: str | None) -> frozenset[int]:
    """The sequences of the deliveries that a release was built from."""
    remembered = history.memory(home, release_id)
    if remembered:
        return frozenset(remembered.extracts)
    if release_id is None:
        return frozenset()
    return frozenset(int(extract["sequence"]) for extract in manifest.read(home.releases / release_id)["extracts"])


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


def access_of(settings: Settings, home: Home, source: Source) -> Access:
    """How this run may read the source; a folder needs no password."""
    password = None if isinstance(source, Path) else database_password(settings)
    return Access(password, spill=home.root / ".reading", memory_limit=settings.memory_limit)


def database_password(settings: Settings) -> str | None:
    """The password of the database, from the setting or its file; None where libpq is to look in its own places.

    Raises SettingsError where the file cannot be read, or where only a run under Prefect could look into its block.
    """
    if settings.database_password:
        return settings.database_password.get_secret_value()
    if settings.database_password_file:
        try:
            return settings.database_password_file.expanduser().read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError):
            raise SettingsError(
                "the file of the database password cannot be read",
                stage="settings",
                next_step="let the pipeline's user read the file that AFTERCARE_DATABASE_PASSWORD_FILE names, then run again",
            ) from None
    if settings.database_password_block:
        raise SettingsError(
            "the password of the database stands in a Prefect block, which a run outside of Prefect cannot open",
            stage="settings",
            next_step="start the night under Prefect, or set AFTERCARE_DATABASE_PASSWORD or AFTERCARE_DATABASE_PASSWORD_FILE",
        )
    return None
