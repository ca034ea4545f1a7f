"""Retraining on the live release, outside a night."""

from datetime import date
from pathlib import Path

import duckdb
import pandas as pd

from flows.definitions import Definitions
from flows.errors import EstimatesError, NothingPublishedError
from flows.estimates.need import READ, show
from flows.estimates.tables import STAGE, read_frames
from flows.extract.contract import DEFAULT_INSTRUMENT
from flows.extract.pseudonymise import load_key
from flows.history import present
from flows.lock import hold_home
from flows.publish import manifest
from flows.publish.release import release_folder
from flows.settings import Settings
from flows.stage import Done, as_rows
from flows.warehouse import Home


def release_to_train_on(home: Home) -> Path:
    """The folder of the newest release: the live one, or, while a past date is live, the one that a night without a date returns to.

    Raises NothingPublishedError where it is not there.
    """
    live = release_folder(home)
    newest = home.releases / str(present(home, live.name))
    if not newest.is_dir():
        raise NothingPublishedError(
            "a past date is live, and the newest release is no longer kept",
            stage="retrain",
            next_step="run aftercare nightly without --as-of, then retrain",
        )
    return newest


def retrain_on_live(settings: Settings) -> Done:
    """Train a challenger on the newest release and let the promotion rule decide; what became of it."""
    home = Home(settings.home.resolve())
    secret = settings.key.get_secret_value() if settings.key else None
    key = load_key(value=secret, file=settings.key_file.expanduser())
    with hold_home(home) as lease:
        folder = release_to_train_on(home)
        facts = manifest.read(folder)
        as_of = date.fromisoformat(str(facts["as_of"]))
        frames = _frames(folder / "marts.duckdb")
        in_force = Definitions(**facts.get("definitions") or {"instrument": DEFAULT_INSTRUMENT}).in_force
        shown = show(
            frames,
            home.models,
            key,
            as_of=as_of,
            seed=settings.seed,
            retrain=True,
            in_force=in_force,
            fence=lease.check,
        )
    card = shown.tables["card"]
    told = [f"{name}: {reason}" for name, reason in zip(card["model_name"], card["reason"], strict=True)]
    return Done("; ".join(told), as_rows(card.astype({"trained_as_of": str})))


def _frames(marts: Path) -> dict[str, pd.DataFrame]:
    try:
        return read_frames(marts, *READ)
    except duckdb.BinderException:
        raise EstimatesError(
            "the live release was made by an older version, which did not keep what a training reads",
            stage=STAGE,
            next_step="aftercare nightly makes a release of this version",
        ) from None
