"""The registry of need models as a person sees it: what is in use, what was, and the way back."""

from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from flows.errors import Exit, StageError
from flows.estimates.need_models import SIGNING
from flows.extract.pseudonymise import load_key
from flows.lock import hold_home
from flows.publish import audit
from flows.settings import Settings
from flows.warehouse import Home

STAGE = "models"


class RegistryError(StageError):
    """The registry has no model to go back to, or what it holds is not what was signed."""

    code = Exit.USAGE


class Listed(NamedTuple):
    """One step of a model name's history: `*` where it is in use, what was done and whether it was taken out of use."""

    mark: str
    model_name: str
    model_id: str
    trained_as_of: str
    what: str


def listed(settings: Settings) -> list[Listed]:
    """What was in use, by model name, the newest first. Raises RegistryError where a signature does not hold."""
    from ml import champions, registry
    from ml.risk.definition import OUTCOMES

    folder, key = _opened(settings)
    rows = []
    try:
        for name in (one.model_name for one in OUTCOMES):
            steps, gone = champions.steps(folder, key, name), champions.withdrawn(folder, key, name)
            for at, step in reversed(list(enumerate(steps))):
                trained = registry.load(folder, step.model_id, key)
                mark = "*" if at == len(steps) - 1 else ""
                what = f"{step.kind}, rung {trained.document.get('rung', 'unknown')}"
                taken = "; taken out of use" if step.model_id in gone else ""
                rows.append(Listed(mark, name, step.model_id, str(trained.document["trained_as_of"]), what + taken))
    except registry.TamperedError:
        raise _refused("a stored model or its pointer is not what was signed") from None
    return rows


def go_back(settings: Settings, model_name: str, to: str | None, *, at: datetime, why: str = "") -> str:
    """The id of the model in use from now on; the one until now is taken out of use. Raises RegistryError where there is none."""
    from ml import champions, registry

    folder, key = _opened(settings)
    home = Home(settings.home.resolve())
    with hold_home(home):
        try:
            chosen = champions.rollback(folder, key, model_name, to)
        except (champions.NoEarlierModelError, registry.UnknownModelError):
            raise _refused("there is no earlier model of this name to go back to") from None
        except registry.TamperedError:
            raise _refused("a stored model or its pointer is not what was signed") from None
        audit.append(home, "model rollback", at=at, model_name=model_name, model_id=chosen, why=why)
    return chosen


def _opened(settings: Settings) -> tuple[Path, bytes]:
    secret = settings.key.get_secret_value() if settings.key else None
    key = load_key(value=secret, file=settings.key_file.expanduser())
    return Home(settings.home.resolve()).models, key.derive(SIGNING)


def _refused(rule: str) -> RegistryError:
    return RegistryError(rule, stage=STAGE, next_step="aftercare models lists what was in use")
