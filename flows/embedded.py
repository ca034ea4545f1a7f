"""The embedded JDS: where no source is named, a simulated delivery, made once beside the home.

Beside, not in it: a delivery holds (simulated) names, and nothing in a home does."""

from collections.abc import Callable
from pathlib import Path

from flows.extract.contract import DEFAULT_INSTRUMENT
from flows.extract.mapping.shipped import IDENTITY
from flows.extract.open import Source, parse_source
from flows.settings import Settings, SettingsError


def embedded_folder(settings: Settings) -> Path:
    """Where the embedded JDS lies, or will lie, for these settings."""
    home = settings.home.resolve()
    return home.with_name(f"{home.name}.embedded-jds") / f"{settings.survivors}-survivors"


def source_or_embedded(settings: Settings, say: Callable[[str], None]) -> Source:
    """The delivery folder or the database that was named, or a simulated folder of `settings.survivors` survivors.

    Raises SettingsError where a mapping or another instrument is named, but no source.
    """
    if settings.source:
        return parse_source(settings.source)
    if (settings.instrument or DEFAULT_INSTRUMENT) != DEFAULT_INSTRUMENT:
        raise SettingsError(
            "the embedded JDS scores the ASO alone",
            stage="settings",
            next_step="name the source that scores this instrument with --source, or unset AFTERCARE_INSTRUMENT",
        )
    if settings.mapping != IDENTITY:
        raise SettingsError(
            "a mapping is named, but no source",
            stage="settings",
            next_step="name the source with --source; the embedded JDS needs no mapping",
        )
    folder = embedded_folder(settings)
    if not (folder / "manifest.json").exists():
        from flows.extract.simulate import Parameters, write_delivery

        say(
            f"No JDS is named (--source), so the embedded one is used: simulating {settings.survivors:,} survivors in {folder}"
        )
        write_delivery(folder, Parameters(survivors=settings.survivors))
    return folder
