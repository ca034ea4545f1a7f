"""The stage that compares services: services.effect and services.effect_check, from pre-stated questions."""

import numpy as np
import pandas as pd

from flows.errors import EstimatesError
from flows.estimates.tables import STAGE, as_frame, fill, read_frames
from flows.night import Night
from flows.stage import Done, Watch
from flows.warehouse import connect

_NUMBERED = (
    "(select episode_key, (row_number() over (order by episode_key) - 1)::integer as episode from core.fct_episode)"
)
_SCORES = ", ".join(
    f"months.{name}_before::float as {name}_before" for name in ("saf", "leg", "men", "eco", "soc", "phy")
)
_OWN = ", ".join(f"months.n_{name}_last_3m::float as n_{name}" for name in ("health", "community", "legal"))
FRAMES = {
    "initial": "select episode_key, saf, leg, men, eco, soc, phy from aso.snapshot where stage = 'initial' order by episode_key",
    "months": (
        f"select numbered.episode, months.month, {_SCORES}, {_OWN}, "
        "list_sum([*columns('n_.*_last_3m')])::float as n_all from services.episode_month as months "
        f"inner join {_NUMBERED} as numbered using (episode_key) order by numbered.episode, months.month"
    ),
    "services": (
        "select numbered.episode, timeline.service_code, timeline.day from services.timeline as timeline "
        f"inner join {_NUMBERED} as numbered using (episode_key) "
        "where timeline.is_delivered and timeline.day is not null and timeline.service_code in (select unnest(?)) "
        "order by numbered.episode, timeline.service_code, timeline.day"
    ),
}


def estimate(night: Night, watch: Watch) -> Done:
    """Answer or refuse every pre-stated question about services."""
    watch.step("reading marts")
    frames = read(night)
    watch.step("questions")
    made = compared(frames, seed=night.settings.seed)
    effect = made["services.effect"]
    n = effect["question"].nunique()
    answered = effect.loc[effect["status"] == "estimated", "question"].nunique()
    return fill(night.build_file, made, f"{n} questions about services: {answered} estimated, {n - answered} refused")


def read(night: Night) -> dict[str, pd.DataFrame]:
    """The frames that `ml.services` reads; months in single precision, since there are many."""
    from ml.services.question import codes

    frames = read_frames(night.build_file, "episodes", "unrestored")
    with connect(night.build_file, read_only=True) as connection:
        frames["initial"] = as_frame(connection.execute(FRAMES["initial"]))
        frames["months"] = as_frame(connection.execute(FRAMES["months"]))
        frames["services"] = as_frame(connection.execute(FRAMES["services"], [list(codes())]), ["service_code"])
    return frames


def compared(frames: dict[str, pd.DataFrame], *, seed: int) -> dict[str, pd.DataFrame]:
    """Rows of services.effect and services.effect_check. Raises EstimatesError where a frame breaks the contract of `ml`."""
    from ml.contracts import InputError
    from ml.services.effect import effects

    try:
        with np.errstate(all="ignore"):
            found = effects(
                frames["episodes"],
                frames["unrestored"],
                frames["initial"],
                frames.pop("months"),  # the largest, and of no use once it is read
                frames["services"],
                seed=seed,
            )
    except InputError as error:
        raise EstimatesError(
            f"the months in care cannot be used ({error})",
            stage=STAGE,
            table="services.episode_month",
            next_step="aftercare checks",
        ) from None
    return {"services.effect": found.effect, "services.effect_check": found.check}
