"""The marts as data frames for `ml`, and its frames back into the build file."""

import shutil
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pandas as pd

from flows.errors import EstimatesError
from flows.extract.pseudonymise import Key
from flows.warehouse import connect

if TYPE_CHECKING:
    from ml.risk.document import Trained

STAGE = "estimates"
SIGNING = "model registry"
# The frames that `ml` gets: the columns of its contracts, scores on the instrument's common scale; sorted so that nothing depends
# on the order in a file.
FRAMES = {
    "episodes": "select * from core.fct_episode order by episode_key",
    # Days on which an assessment with enough domains found her not restored, and the first total score.
    "unrestored": (
        "select episode_key, day from aso.fct_assessment where n_domains >= "
        "(select value::integer from meta.definition where name = 'minimum_scored_domains') "
        "group by episode_key, day having not bool_or(is_restored) order by episode_key, day"
    ),
    "initial": "select episode_key, total from aso.snapshot where stage = 'initial' order by episode_key",
    "snapshots": "select episode_key, stage, assessment_key, day from aso.snapshot where stage = 'initial' order by episode_key",
    "scores": (
        "select score.assessment_key, score.indicator_code, score.domain_code, score.score_status, "
        "round(item.align_offset + item.align_factor * score.score, 9) as score "
        "from aso.fct_score as score join core.dim_indicator as item using (indicator_code) "
        "semi join (select assessment_key from aso.snapshot where stage = 'initial') as initial using (assessment_key) "
        "order by score.assessment_key, score.indicator_code"
    ),
}


def read_frames(marts: Path) -> dict[str, pd.DataFrame]:
    """episodes, snapshots and scores of a build file or a release, as `ml.contracts` declares them."""
    with connect(marts, read_only=True) as connection:
        return {name: connection.execute(query).df() for name, query in FRAMES.items()}


def write_frame(connection: duckdb.DuckDBPyConnection, table: str, frame: pd.DataFrame) -> int:
    """Fill a declared table by name, in one transaction; how many rows it now has."""
    connection.execute("begin")
    connection.execute(f"delete from {table}")
    connection.register("incoming", frame)
    connection.execute(f"insert into {table} by name select * from incoming")
    connection.unregister("incoming")
    connection.execute("commit")
    return len(frame)


def durations(frames: dict[str, pd.DataFrame], *, seed: int, draws: int) -> dict[str, pd.DataFrame]:
    """Rows of outcomes.curve and outcomes.optimal_time. Raises EstimatesError where the episodes break the contract of `ml`."""
    from ml.contracts import InputError
    from ml.duration.curves import durations as estimate

    try:
        found = estimate(
            frames["episodes"], seed=seed, draws=draws, unrestored=frames["unrestored"], initial=frames["initial"]
        )
    except InputError as error:
        raise EstimatesError(
            f"the episodes cannot be used ({error})",
            stage=STAGE,
            table="core.fct_episode",
            next_step="aftercare checks",
        ) from None
    return {"outcomes.curve": found.curve, "outcomes.optimal_time": found.optimal_time}


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
