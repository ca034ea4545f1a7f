"""The need models behind the stage: which are in use, and how one is trained without keeping anything from being published."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from ml.risk.definition import Outcome
    from ml.risk.document import Trained
    from ml.risk.sample import People

SIGNING = "model registry"


def people_in(frames: dict[str, pd.DataFrame], as_of: date) -> "People | Exception":
    """Everyone with an initial assessment, or what kept them from being read."""
    from ml.risk.sample import people_of

    try:
        episodes = frames["episodes"]
        if "languages" in frames:
            episodes = episodes.merge(frames["languages"], on="survivor_key", how="left")
        return people_of(episodes, frames["snapshots"], frames["scores"], as_of=as_of)
    except Exception as error:  # a model that cannot be fitted must not keep the data from being published
        return error


def train_or_card(
    people: "People | Exception",
    frames: dict[str, pd.DataFrame],
    outcome: "Outcome",
    *,
    as_of: date,
    seed: int,
    champion: "Trained | None",
    in_force: str,
) -> "Trained | pd.DataFrame":
    """The trained model, or the card that says why training failed."""
    from ml.risk.train import How, train_each

    try:
        if isinstance(people, Exception):
            raise people
        champions = {outcome.model_name: champion.document} if champion else {}
        return next(train_each(people, How(as_of, seed, in_force, **_capacity(frames)), champions, (outcome,)))
    except Exception as error:  # a model that cannot be fitted must not keep the data from being published
        return pd.DataFrame(
            {
                "model_name": [outcome.model_name],
                "model_id": [f"none: {outcome.model_name}"],
                "trained_as_of": [as_of.isoformat()],
                "is_champion": [False],
                "reason": [f"not trained: {type(error).__name__} while fitting; the model in use, if any, is kept"],
            }
        )


def _capacity(frames: dict[str, pd.DataFrame]) -> dict[str, float]:
    found = frames.get("capacity")
    return {} if found is None or found.empty else {"capacity": float(found["capacity"].iloc[0])}


def kept(registry: Path, signing: bytes, trained: "Trained", *, promote: bool) -> "Trained":
    """The model, stored, and in use where the rule says so and no person took it out of use."""
    from ml import champions
    from ml import registry as store

    store.save(registry, trained, signing)
    if not (promote and is_champion(trained)):
        return trained
    if trained.model_id in champions.withdrawn(registry, signing, str(trained.document["model_name"])):
        card = trained.card.assign(is_champion=False, reason="not promoted: a person took this model out of use")
        return replace(trained, card=card)
    champions.promote(registry, trained.model_id, signing)
    return trained


def in_use(
    registry: Path, signing: bytes, in_force: str, recalled: tuple[str, ...] | None = None
) -> "dict[str, Trained]":
    """The models in use, or in use then, by name; not those that were trained under other definitions."""
    from ml import champions
    from ml import registry as store
    from ml.risk.definition import OUTCOMES

    ids = recalled
    if ids is None:
        found = [champions.champion(registry, signing, one.model_name) for one in OUTCOMES]
        ids = tuple(one for one in found if one)
    loaded = [store.load(registry, one, signing) for one in ids]
    return {
        str(one.document["model_name"]): one
        for one in loaded
        if one.document["definitions"].get("in_force", "") == in_force
    }


def is_champion(trained: "Trained") -> bool:
    """Whether its training decided that it is used."""
    return bool(trained.card["is_champion"].iloc[0])
