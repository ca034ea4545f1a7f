"""The stage that says who will need more support: models.*, of the models in use, or of ones trained now where there is none."""

import logging
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from flows import reviews
from flows.estimates.need_models import SIGNING, in_use, is_champion, kept, people_in, train_or_card
from flows.estimates.tables import fill_models, read_frames, write_casework
from flows.extract.pseudonymise import Key
from flows.night import Night
from flows.stage import Done, Watch

log = logging.getLogger(__name__)

if TYPE_CHECKING:
    from ml.risk.document import Trained
    from ml.risk.sample import People

READ = ("episodes", "snapshots", "scores", "languages", "capacity")
FRAMES = ("risk_indicator", "metric", "card", "fairness")


def estimate(night: Night, watch: Watch) -> Done:
    """Show the need models in use, or train those of which none is in use; say who in care may need more support."""
    watch.step("need models")
    frames = read_frames(night.build_file, *READ)
    shown = show(
        frames,
        night.home.models,
        night.key,
        as_of=night.as_of,
        seed=night.settings.seed,
        fence=night.fence,
        **which_model(night),
    )
    watch.step("support priorities")
    metric = [*shown.metric_rows, *reviews.override_rows(night.home, night.as_of, shown.names)]
    made = shown.tables | {"metric": _with_rows(shown.tables["metric"], metric)}
    write_casework(night.build_file, "support_priority", reviews.beside(night.home, night.as_of, shown.priority))
    line = str(made["card"]["reason"].iloc[0])
    return fill_models(night.build_file, {f"models.{name}": made[name] for name in FRAMES}, shown.models, line)


def which_model(night: Night) -> dict[str, Any]:
    """What decides which need models are in use: the definitions of the run and, for a past date, the models of then."""
    return {"in_force": night.definitions.in_force, "recalled": night.recalled}


def models(frames: dict[str, pd.DataFrame], registry: Path, key: Key, **how: Any) -> dict[str, pd.DataFrame]:
    """Rows of models.risk_indicator, models.metric, models.card and models.fairness, as `show` makes them."""
    return show(frames, registry, key, **how).tables


class Shown:
    """What a night shows of its need models: rows of models.*, rows of models.metric about the people in care, priorities of these."""

    def __init__(self) -> None:
        self.parts: dict[str, list[pd.DataFrame]] = {name: [] for name in FRAMES}
        self.metric_rows: list[dict[str, Any]] = []
        self.names: dict[str, str] = {}
        self.priority: pd.DataFrame | None = None

    @property
    def models(self) -> tuple[str, ...]:
        """The names of the models, shown or not."""
        from ml.risk.definition import OUTCOMES

        return tuple(one.model_name for one in OUTCOMES)

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """Rows of models.risk_indicator, models.metric, models.card, models.fairness."""
        from ml import contracts

        empty = {name: contracts.empty(getattr(contracts, name.upper())) for name in FRAMES}
        return {
            name: pd.concat(full, ignore_index=True) if (full := [one for one in parts if len(one)]) else empty[name]
            for name, parts in self.parts.items()
        }

    def take(self, trained: "Trained", *names: str) -> None:
        """Show these frames of a model."""
        for name in names:
            self.parts[name].append(getattr(trained, name))


def show(
    frames: dict[str, pd.DataFrame],
    registry: Path,
    key: Key,
    *,
    as_of: date,
    seed: int,
    retrain: bool = False,
    in_force: str = "",
    recalled: tuple[str, ...] | None = None,
    fence: Callable[[], None] = lambda: None,
) -> Shown:
    """The models in use, trained now where there is none of a name.

    With `retrain` challengers are trained in any case and take over only by the promotion rule. `in_force` is what differs from the
    shipped definitions: a model trained under others is of no use, and the new one takes over. A training that fails leaves the model
    in use as it is, and says so on a card of its own. `recalled` names the models that were in use on a past date: then the models in
    use now stay what they are. `fence` raises LeaseLostError, before a model is kept, once another run has taken the home over.
    """
    from ml.risk.definition import OUTCOMES

    signing = key.derive(SIGNING)
    used = in_use(registry, signing, in_force, recalled)
    wanted = [one for one in OUTCOMES if retrain or one.model_name not in used]
    shown, people = Shown(), people_in(frames, as_of)
    for outcome in OUTCOMES:
        champion, trained = used.get(outcome.model_name), None
        if outcome in wanted:
            found = train_or_card(people, frames, outcome, as_of=as_of, seed=seed, champion=champion, in_force=in_force)
            if isinstance(found, pd.DataFrame):
                shown.parts["card"].append(found)
            else:
                fence()
                trained = kept(registry, signing, found, promote=recalled is None)
        now = _shown(shown, champion, trained)
        if now is not None and not isinstance(people, Exception):
            _tell(shown, people, now, as_of, is_default=outcome == OUTCOMES[0])
    return shown


def _shown(shown: Shown, champion: "Trained | None", trained: "Trained | None") -> "Trained | None":
    """The model in use. Shown are the frames of the new one where it is in use or alone, else the champion's with the other's beside."""
    if trained is not None and (champion is None or is_champion(trained)):
        shown.take(trained, *FRAMES)
        return trained if is_champion(trained) else None
    if champion is not None:
        shown.take(champion, "risk_indicator", "metric", "fairness")
        shown.parts["card"].append(champion.card.assign(is_champion=True))
    if trained is not None:
        shown.take(trained, "card", "metric", "fairness")
    return champion


def _tell(shown: Shown, people: "People", now: "Trained", as_of: date, *, is_default: bool) -> None:
    """What the model in use says of the people in care. A failure leaves it unsaid: data are published all the same."""
    from ml.risk import priority

    shown.names[now.model_id] = str(now.document["model_name"])
    if not _is_usable(now):
        return
    named = {"model_name": now.document["model_name"], "model_id": now.model_id}
    try:
        shown.metric_rows += [{**named, **row} for row in priority.drifted(people, now)]
        if is_default:
            shown.priority = priority.support_priority(people, now, as_of=as_of)
    except Exception as error:  # what cannot be said of people in care must not keep the data from being published
        log.error("the people in care could not be told of: %s", type(error).__name__)


def _is_usable(trained: "Trained") -> bool:
    return trained.status == "trained" and trained.document.get("format") == 2


def _with_rows(metric: pd.DataFrame, rows: list[dict[str, Any]]) -> pd.DataFrame:
    from ml.contracts import METRIC, shaped

    return pd.concat([metric, shaped(pd.DataFrame(rows), METRIC)], ignore_index=True) if rows else metric


def copy_models(
    registry: Path, key: Key, target: Path, *, in_force: str = "", recalled: tuple[str, ...] | None = None
) -> list[str]:
    """Copy the models in use (or in use then) under these definitions into `target`, verified; their ids.

    Trees stay in the registry: a release holds JSON, Parquet and text, and a boosted model's document names the hash of its trees.
    """
    from ml.registry import ARTIFACT

    target.mkdir(parents=True, exist_ok=True)
    used = in_use(registry, key.derive(SIGNING), in_force, recalled)
    for one in used.values():
        without_trees = shutil.ignore_patterns(ARTIFACT)
        shutil.copytree(registry / one.model_id, target / one.model_id, dirs_exist_ok=True, ignore=without_trees)
    return [one.model_id for one in used.values()]
