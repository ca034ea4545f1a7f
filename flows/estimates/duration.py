"""The stage that estimates how long people need: outcomes.curve, optimal_time and history, its metrics, and forecasts for casework."""

from datetime import date, timedelta
from typing import TYPE_CHECKING

import pandas as pd

from flows.errors import EstimatesError
from flows.estimates.headline_history import remember
from flows.estimates.tables import STAGE, fill, read_frames, write_casework
from flows.night import Night
from flows.publish.facts import next_release_id
from flows.stage import Done, Watch
from flows.warehouse import connect

if TYPE_CHECKING:
    from ml.duration.curves import Durations

# A forecast is used up by the next assessment or by the new ones of a month of nights, whichever comes first.
FORECAST_DAYS = 31


def estimate(night: Night, watch: Watch) -> Done:
    """Estimate curves, optimal times, what may be believed of them, and what may come of each person in care."""
    watch.step("reading marts")
    frames = read_frames(
        night.build_file, "episodes", "unrestored", "initial", "visits", "restoration_variant", "unrestored_variant"
    )
    with connect(night.build_file, read_only=True) as connection:
        version = connection.execute("select version from meta.definition where name = 'headline_curve'").fetchone()
    watch.step("curves")
    made = durations(
        frames, seed=night.settings.seed, draws=night.settings.draws, curve_version=int(version[0]) if version else 1
    )
    tables = {"outcomes.curve": made.curve, "outcomes.optimal_time": made.optimal_time, "models.metric": made.metric}
    done = fill(night.build_file, tables, f"{len(made.curve):,} curve points")
    with connect(night.build_file) as connection:
        release_id, _ = next_release_id(night.home, night.as_of)
        n = remember(connection, made.figure, release_id=release_id, as_of=night.as_of)
    write_casework(night.build_file, "forecast", forecasts(made.forecast, frames["episodes"], night.as_of))
    return Done(done.line, [*done.rows, {"table": "outcomes.history", "rows": n}])


def durations(frames: dict[str, pd.DataFrame], *, seed: int, draws: int, curve_version: int = 1) -> "Durations":
    """All that is estimated of durations. Raises EstimatesError where the episodes break the contract of `ml`."""
    from ml.contracts import InputError
    from ml.duration.curves import durations as estimate

    beside = {name: frame for name, frame in frames.items() if name != "episodes"}
    try:
        return estimate(frames["episodes"], seed=seed, draws=draws, curve_version=curve_version, **beside)
    except InputError as error:
        raise EstimatesError(
            f"the episodes cannot be used ({error})",
            stage=STAGE,
            table="core.fct_episode",
            next_step="aftercare checks",
        ) from None


def forecasts(told: pd.DataFrame, episodes: pd.DataFrame, as_of: date) -> pd.DataFrame:
    """Rows of casework's table `forecast`: with the office, the day they were made on, and the last date they may be used."""
    made = told.merge(episodes[["episode_key", "office_id", "as_of_day"]], on="episode_key")
    return made.assign(as_of=as_of, expires_on=as_of + timedelta(FORECAST_DAYS))
