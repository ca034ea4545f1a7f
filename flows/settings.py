"""Settings: the only reader of the environment.

Every setting is an `AFTERCARE_…` variable; one that is not known refuses the run, so that a misspelt setting never passes in silence.
"""

import os
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from flows.errors import Exit, StageError
from flows.unlock import unlock

PREFIX = "AFTERCARE_"
PROJECT = Path(__file__).resolve().parent.parent


class SettingsError(StageError):
    """A setting is unknown or has a value that cannot be used."""

    code = Exit.USAGE


class Settings(BaseSettings):
    """What can be set, with the values a laptop run uses."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid")

    home: Path = Field(Path("warehouse"), description="folder of releases, raw files and runs")
    source: str | None = Field(
        None,
        description="JDS delivery folder, postgresql://user@host/database?schema=jds, or another URL of SQLAlchemy; without one the "
        "embedded JDS is used",
    )
    mapping: str = Field(
        "jds", description="how the source's tables become the contract's: a shipped mapping's name, or a mapping file"
    )
    mapping_parameters: str | None = Field(
        None, description="what the mapping leaves to be decided, as name=value, separated by commas"
    )
    database_password: SecretStr | None = Field(
        None, description="password of the JDS database; without one PGPASSWORD or a pgpass file is used"
    )
    database_password_file: Path | None = Field(
        None, description="file that holds that password and nothing else, such as a container's secret"
    )
    database_password_block: str | None = Field(
        None, description="name of a Prefect secret block that holds that password, for runs under Prefect"
    )
    survivors: int = Field(2000, ge=50, description="survivors that the embedded JDS simulates")
    key: SecretStr | None = Field(None, description="pseudonym key as hex; without one the key file is used")
    key_file: Path = Field(
        Path("~/.config/aftercare/pseudonym.key"),
        description="file of the pseudonym key, made with mode 0600 on first use",
    )
    encryption: Literal["on", "off"] = Field(
        "off",
        description="whether what is written of people from now on (raw files, builds, history, releases, case-work) is encrypted, under "
        "keys that follow from the pseudonym key",
    )
    reader_key_file: Path | None = Field(
        None,
        description="file of the key that opens encrypted releases and nothing else, for who does not hold the pseudonym key; "
        "aftercare reader-key writes it",
    )
    seed: int = Field(20261122, description="seed of everything that is drawn")
    draws: int = Field(100, ge=20, description="resamples behind an interval")
    instrument: str | None = Field(
        None, description="instrument that the source scores [default: the mapping's, else aso]"
    )
    definitions: Path | None = Field(
        None, description="YAML file of definitions that this run sets otherwise, `name: {version, value, since}`"
    )
    keep_releases: int = Field(7, ge=2, description="releases kept")
    keep_raw_days: int | None = Field(
        None,
        ge=1,
        description="days that raw deliveries are kept which no kept release was built from; none: until a person removes them",
    )
    keep_failed_days: int = Field(14, ge=1, description="days that the build of a failed run is kept")
    keep_casework_days: int = Field(
        45, ge=1, description="days after its date that the case-work file is kept where no night replaces it"
    )
    keep_log_days: int = Field(730, ge=1, description="days that a line of the access log is kept")
    small_number: int = Field(
        11, ge=11, description="cells of fewer people are hidden in share/; can be raised, never lowered"
    )
    memory_limit: str = Field("3GB", description="memory that DuckDB may use before it spills")
    threads: int = Field(0, ge=0, description="threads that DuckDB may use; 0 = one a core")
    prefect_port: int = Field(4200, description="port of the Prefect server that make nightly and make serve use")
    notify_url: SecretStr | None = Field(
        None,
        description="webhook that is told of a night that failed or did not happen, such as one of Slack or Mattermost; none: nobody is",
    )
    notify_after_hours: float = Field(
        26, ge=0.003, description="hours without a completed night after which the webhook is told"
    )


def load(**given: object) -> Settings:
    """The settings from the environment, overridden by what was given on the command line (None = not given).

    Files are opened and written from then on as they say. Raises SettingsError, or EncryptionError where nothing can be encrypted here.
    """
    unknown = sorted(
        name
        for name in os.environ
        if name.startswith(PREFIX) and name.removeprefix(PREFIX).lower() not in Settings.model_fields
    )
    if unknown:
        raise SettingsError(
            f"unknown settings in the environment: {', '.join(unknown)}",
            stage="settings",
            count=len(unknown),
            next_step="correct the name or unset it; deployments/env.example lists them all",
        )
    try:
        settings = Settings(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        names = sorted({str(part["loc"][0]) for part in error.errors() if part["loc"]})
        raise SettingsError(
            f"settings with a value that cannot be used: {', '.join(names)}",
            stage="settings",
            count=len(names),
            next_step="see deployments/env.example for what each takes",
        ) from None
    unlock(settings)
    return settings


def is_in_environment(name: str) -> bool:
    """Whether a setting comes from the environment."""
    return f"{PREFIX}{name}".upper() in os.environ


def child_environment(**extra: str) -> dict[str, str]:
    """The environment for a child process: the present one, telemetry off, and what is added."""
    quiet = {
        "DO_NOT_TRACK": "1",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
        "GX_ANALYTICS_ENABLED": "false",
    }
    return {**os.environ, **quiet, **extra}
