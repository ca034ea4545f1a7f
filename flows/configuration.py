"""`aftercare config`: every setting with its value and where it came from, and whether a night could run with them."""

import os
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

from pydantic import SecretStr

from flows.embedded import embedded_folder
from flows.errors import Exit, HomeError, KeyProblemError, StageError
from flows.extract.contract import jds
from flows.extract.land import extracts
from flows.extract.open import open_source, parse_source
from flows.extract.pseudonymise import Key
from flows.extract.scope import standing
from flows.known import access_of, mapping_of, run_key
from flows.lock import refuse_other_format
from flows.night import LEAST_FREE_BYTES, check_space
from flows.publish.pointer import refuse_when_held
from flows.settings import PREFIX, Settings, SettingsError, is_in_environment
from flows.warehouse import Home

# Stands in for a key that is not there yet; nothing that it hashes is written.
NO_KEY = Key(b"\0" * 32)


def settings_rows(settings: Settings, given: dict[str, object]) -> list[dict[str, object]]:
    """Name, value (secrets as ***) and origin of each setting: option, environment or default."""
    rows: list[dict[str, object]] = []
    for name in Settings.model_fields:
        value = getattr(settings, name)
        origin = "option" if given.get(name) is not None else "environment" if is_in_environment(name) else "default"
        shown = "***" if isinstance(value, SecretStr) else "" if value is None else str(value)
        rows.append({"setting": f"{PREFIX}{name.upper()}", "value": shown, "from": origin})
    return rows


def validate(settings: Settings, say: Callable[[str], None]) -> Exit:
    """Say line by line whether a night could run; the exit code of the first thing that would refuse it, or OK. Nothing is written."""
    home, first = Home(settings.home.resolve()), Exit.OK
    for what, check in (("key", _key), ("home", _home), ("source", _source), ("notify", _notify)):
        try:
            say(f"{what:<8}  ok: {check(settings, home)}")
        except StageError as error:
            say(f"{what:<8}  {error.text()}")
            first = first or error.code
    return first


def _key(settings: Settings, home: Home) -> str:
    key = _key_there(settings)
    landed = extracts(home.raw)
    if landed and (key is None or landed[-1].facts["key_id"] != key.id):
        raise KeyProblemError(
            "the pseudonym key is not the one this home was landed with",
            stage="key",
            next_step="restore the key from its backup; a full delivery can begin anew under another one",
        )
    return "only its owner can read it" if key else "it is made by the first night; keep a copy apart from the data"


def _key_there(settings: Settings) -> Key | None:
    return run_key(settings) if settings.key or settings.key_file.expanduser().exists() else None


def _home(settings: Settings, home: Home) -> str:
    there = next(folder for folder in [home.root, *home.root.parents] if folder.exists())
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        raise HomeError(
            "the home cannot be written", stage="home", next_step="check --home, its owner and its permissions"
        )
    free = shutil.disk_usage(there).free
    if free < LEAST_FREE_BYTES:
        raise HomeError("too little space is left", stage="home", next_step="free space where the home lies")
    told = f"{free / 1e9:,.0f} GB are free"
    if there != home.root:
        return f"the first night makes it; {told}"
    path = home.root / "format"
    text = path.read_text(encoding="utf-8", errors="replace").strip() if path.exists() else None
    if text is not None:
        refuse_other_format(int(text) if text.isdecimal() else None)
    refuse_when_held(home)
    return f"format {text or 'new'}, publishing is not on hold; {told}"


def _source(settings: Settings, home: Home) -> str:
    if settings.source is None and not (embedded_folder(settings) / "manifest.json").exists():
        return f"the embedded JDS will simulate {settings.survivors:,} survivors"
    source = parse_source(settings.source) if settings.source else embedded_folder(settings)
    key = _key_there(settings) or NO_KEY
    delivery = open_source(
        source, jds(), key, access_of(settings, home, source), landed=[], full=True, mapping=mapping_of(settings)
    )
    delivery.close()
    if home.root.exists():
        check_space(home, delivery)
    facts = delivery.facts
    how = standing(facts, extracts(home.raw), key.id) if isinstance(source, Path) else None
    told = "landed before" if how and how.landed else "not landed yet"
    day: date = facts.extracted_at.date()
    return f"{sum(facts.rows.values()):,} rows, {facts.mode}, extracted {day}, {told}; tables and columns are the contract's"


def _notify(settings: Settings, _home: Home) -> str:
    if settings.notify_url is None:
        return "nobody is told of a night that fails; AFTERCARE_NOTIFY_URL names a webhook"
    if not settings.notify_url.get_secret_value().startswith(("https://", "http://")):
        raise SettingsError(
            "the webhook is not an http or https address",
            stage="notify",
            next_step="correct AFTERCARE_NOTIFY_URL; deployments/env.example says what it takes",
        )
    return f"a webhook is told, also after {settings.notify_after_hours:g} hours without a night"
