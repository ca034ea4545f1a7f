"""The stage that estimates how long people need: outcomes.curve and outcomes.optimal_time."""

import pandas as pd

from flows.errors import EstimatesError
from flows.estimates.tables import STAGE, fill, read_frames
from flows.night import Night
from flows.stage import Done, Watch


def estimate(night: Night, watch: Watch) -> Done:
    """Estimate curves and optimal times."""
    watch.step("reading marts")
    frames = read_frames(night.build_file, "episodes", "unrestored", "initial")
    watch.step("curves")
    made = durations(frames, seed=night.settings.seed, draws=night.settings.draws)
    return fill(night.build_file, made, f"{len(made['outcomes.curve']):,} curve points")


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
