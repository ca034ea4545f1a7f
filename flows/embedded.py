"""The embedded JDS: where no source is named, a simulated delivery, made once beside the home.

Beside, not in it: a delivery holds (simulated) names, and nothing in a home does."""

from collections.abc import Callable
from pathlib import Path

from flows.settings import Settings


def source_or_embedded(settings: Settings, say: Callable[[str], None]) -> Path:
    """The delivery folder that was named, or a simulated one of `settings.survivors` survivors."""
    if settings.source:
        return Path(settings.source.removeprefix("file://"))
    home = settings.home.resolve()
    folder = home.with_name(f"{home.name}.embedded-jds") / f"{settings.survivors}-survivors"
    if not (folder / "manifest.json").exists():
        from flows.extract.simulate import Parameters, write_delivery

        say(
            f"No JDS is named (--source), so the embedded one is used: simulating {settings.survivors:,} survivors in {folder}"
        )
        write_delivery(folder, Parameters(survivors=settings.survivors))
    return folder
