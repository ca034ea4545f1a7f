"""The password of the JDS database out of a Prefect secret block, for runs under Prefect."""

from prefect.blocks.system import Secret
from pydantic import SecretStr

from flows.settings import Settings, SettingsError


def with_password(settings: Settings) -> Settings:
    """The settings, with the password that the block of `database_password_block` holds; as they are where none is named.

    Raises SettingsError where there is no such block, or it holds no text.
    """
    name = settings.database_password_block
    if name is None:
        return settings
    try:
        held = Secret.load(name).get()  # type: ignore[union-attr]
    except ValueError:
        held = None
    if not isinstance(held, str) or not held:
        raise SettingsError(
            "the Prefect secret block of the database password is not there, or holds no text",
            stage="settings",
            next_step="make a Secret block of the name in AFTERCARE_DATABASE_PASSWORD_BLOCK on the page of Prefect (Blocks), then retry",
        )
    return settings.model_copy(update={"database_password": SecretStr(held)})
