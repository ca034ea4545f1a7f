"""The stage that says who will need more support: models.*, of the model in use, or of one trained now where there is none."""

import shutil
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from flows.estimates.tables import fill, read_frames
from flows.extract.pseudonymise import Key
from flows.night import Night
from flows.stage import Done, Watch

if TYPE_CHECKING:
    from ml.risk.document import Trained

SIGNING = "model registry"


def estimate(night: Night, watch: Watch) -> Done:
    """Show the need model in use, or train one where none is in use."""
    watch.step("need model")
    frames = read_frames(night.build_file, "episodes", "snapshots", "scores")
    models_now = models(
        frames, night.home.models, night.key, as_of=night.as_of, seed=night.settings.seed, **which_model(night)
    )
    made = {f"models.{name}": frame for name, frame in models_now.items()}
    return fill(night.build_file, made, str(models_now["card"]["reason"].iloc[-1]))


def which_model(night: Night) -> dict[str, Any]:
    """What decides which need model is in use: the definitions of the run and, for a past date, the models of then."""
    return {"in_force": night.definitions.in_force, "recalled": night.recalled}


def models(
    frames: dict[str, pd.DataFrame],
    registry: Path,
    key: Key,
    *,
    as_of: date,
    seed: int,
    retrain: bool = False,
    in_force: str = "",
    recalled: tuple[str, ...] | None = None,
) -> dict[str, pd.DataFrame]:
    """Rows of models.risk_indicator, models.metric and models.card: of the model in use, trained now where there is none.

    With `retrain` a challenger is trained in any case and takes over only by the promotion rule. `in_force` is what differs from the
    shipped definitions: a model trained under others is of no use, and the new one takes over. A training that fails leaves the model
    in use as it is, and says so on a card of its own. `recalled` names the models that were in use on a past date: then the model in
    use now stays what it is.
    """
    from ml import registry as store

    signing = key.derive(SIGNING)
    champion = _in_use(registry, signing, in_force, recalled)
    if champion and not retrain:
        return _frames(registry, champion.model_id, signing)
    old = champion.document if champion else None
    trained = _train(frames, as_of=as_of, seed=seed, champion=old, in_force=in_force)
    if isinstance(trained, pd.DataFrame):
        return {**(_frames(registry, champion.model_id, signing) if champion else {}), "card": trained}
    store.save(registry, trained, signing)
    is_promoted = recalled is None and bool(trained.card["is_champion"].iloc[0])
    if is_promoted:
        store.promote(registry, trained.model_id, signing)
    if champion is None or is_promoted:
        return {"risk_indicator": trained.risk_indicator, "metric": trained.metric, "card": trained.card}
    kept = _frames(registry, champion.model_id, signing)
    return {**kept, "card": pd.concat([kept["card"], trained.card], ignore_index=True)}


def _in_use(registry: Path, signing: bytes, in_force: str, recalled: tuple[str, ...] | None = None) -> "Trained | None":
    """The model in use, or in use then; None where there is none or it was trained under other definitions."""
    from ml import registry as store

    model_id = store.champion(registry, signing) if recalled is None else next(iter(recalled), None)
    found = store.load(registry, model_id, signing) if model_id else None
    return found if found and found.document["definitions"].get("in_force", "") == in_force else None


def _frames(registry: Path, model_id: str, signing: bytes) -> dict[str, pd.DataFrame]:
    from ml import registry as store

    found = store.load(registry, model_id, signing)
    return {"risk_indicator": found.risk_indicator, "metric": found.metric, "card": found.card}


def _train(
    frames: dict[str, pd.DataFrame], *, as_of: date, seed: int, champion: Mapping[str, Any] | None, in_force: str
) -> "Trained | pd.DataFrame":
    """The trained model, or the card that says why training failed."""
    from ml.risk.definition import MODEL_NAME
    from ml.risk.train import train

    try:
        return train(
            frames["episodes"],
            frames["snapshots"],
            frames["scores"],
            as_of=as_of,
            seed=seed,
            champion=champion,
            in_force=in_force,
        )
    except Exception as error:  # a model that cannot be fitted must not keep the data from being published
        return pd.DataFrame(
            {
                "model_name": [MODEL_NAME],
                "model_id": ["none"],
                "trained_as_of": [as_of.isoformat()],
                "is_champion": [False],
                "reason": [f"not trained: {type(error).__name__} while fitting; the model in use, if any, is kept"],
            }
        )


def copy_models(
    registry: Path, key: Key, target: Path, *, in_force: str = "", recalled: tuple[str, ...] | None = None
) -> list[str]:
    """Copy the model in use (or in use then) under these definitions into `target`, verified; its id, or none."""
    target.mkdir(parents=True, exist_ok=True)
    in_use = _in_use(registry, key.derive(SIGNING), in_force, recalled)
    if in_use is None:
        return []
    shutil.copytree(registry / in_use.model_id, target / in_use.model_id, dirs_exist_ok=True)
    return [in_use.model_id]
