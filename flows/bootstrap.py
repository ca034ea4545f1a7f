"""The weekly resampling behind the headline of the live release: `<home>/bootstrap/<release_id>/`, resumed where it stopped.

Each block of ten draws is a file of its own, made whole or not at all; the draws of a block depend on its number and the seed alone,
so that an interrupted run goes on and ends as if it had not been. `intervals.parquet` is written when all blocks are there
(docs/methods/duration.md says what is in it). Nothing of it is about one person, and nothing of it leaves the home.
"""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from flows.errors import EstimatesError
from flows.estimates.tables import STAGE, read_frames
from flows.publish import manifest
from flows.publish.release import release_folder
from flows.settings import Settings
from flows.stage import Done, as_rows
from flows.warehouse import Home, connect

if TYPE_CHECKING:
    from ml.duration.headline import Headline

INTERVALS = "intervals.parquet"
SHOWN_DAYS = (183, 365, 548, 730, 1096)


def bootstrap_live(settings: Settings, *, draws: int, say: Callable[[str], None] = lambda _: None) -> Done:
    """Resample the headline of the live release; its limits at half a year to three years beside those of the night.

    `say` gets a line for each block. Raises EstimatesError where the release has no headline to resample.
    """
    from ml.duration import bootstrap

    home = Home(settings.home.resolve())
    folder = release_folder(home)
    release_id = str(manifest.read(folder)["release_id"])
    found = _headline(folder)
    own = home.root / "bootstrap" / release_id
    own.mkdir(parents=True, exist_ok=True)
    n_blocks = -(-draws // bootstrap.BLOCK)
    drawn = []
    for number in range(n_blocks):
        path = own / f"seed-{settings.seed}-block-{number:04}.npy"
        is_there = path.exists()
        if not is_there:
            _write(path, bootstrap.block(found, seed=settings.seed, number=number))
        drawn.append(np.load(path, allow_pickle=False))
        say(
            f"{(number + 1) * bootstrap.BLOCK} of {n_blocks * bootstrap.BLOCK} draws{' (kept from before)' if is_there else ''}"
        )
    whole = np.concatenate(drawn)
    table = bootstrap.intervals(found, whole)
    _write_table(own / INTERVALS, table)
    _keep_only(home.root / "bootstrap", release_id)
    shown = table[(table["state"] == "restored") & table["day"].isin(SHOWN_DAYS)]
    mean = bootstrap.restricted_mean(found, whole)
    told = "" if mean is None else f"; {mean[0]:.1f} ({mean[1]:.1f} to {mean[2]:.1f}) months lived restored within 36"
    return Done(f"{len(whole)} draws of release {release_id}{told}", as_rows(shown.round(4)))


def _headline(folder: Path) -> "Headline":
    from ml.duration import headline
    from ml.duration.programme import Programme

    frames = read_frames(folder / "marts.duckdb", "episodes", "unrestored")
    programme = Programme.of(frames["episodes"], unrestored=frames["unrestored"])
    found = headline.fit(programme.known, programme.cluster, programme.episodes["office_id"])
    if found is None:
        raise EstimatesError(
            "the release has no headline curve to resample",
            stage=STAGE,
            table="core.fct_episode",
            next_step='aftercare sql "select distinct reason from outcomes.optimal_time"',
        )
    return found


def _write(path: Path, values: "np.typing.NDArray[np.float64]") -> None:
    building = path.with_name(f".building-{os.getpid()}-{path.name}")
    np.save(building, values, allow_pickle=False)
    os.replace(building, path)


def _write_table(path: Path, table: pd.DataFrame) -> None:
    building = path.with_name(f".building-{os.getpid()}-{path.name}")
    with connect() as connection:
        connection.register("intervals", table)
        target = str(building).replace("'", "''")
        connection.execute(f"copy intervals to '{target}' (format parquet, compression zstd)")
    os.replace(building, path)


def _keep_only(folder: Path, release_id: str) -> None:
    """Remove what belongs to releases before."""
    for other in folder.iterdir():
        if other.name != release_id:
            shutil.rmtree(other, ignore_errors=True)
