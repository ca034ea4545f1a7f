"""The stage that compares offices and partners with what their case mix leads one to expect; it never stops the night."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd

from flows.estimates.tables import as_frame, fill, read_frames
from flows.night import Night
from flows.stage import Done, Watch
from flows.warehouse import connect

# Read from the build file only: what the comparison needs beyond the marts is in no release.
FRAMES = {
    "baseline": "select episode_key, saf, leg, men, eco, soc, phy from aso.snapshot where stage = 'initial' order by episode_key",
    "change": "select episode_key, domain_code, initial, delta, days_between from aso.change order by episode_key, domain_code",
    "recording": "from intermediate.int_episode_recording order by episode_key",
    "delivery": "from intermediate.int_partner_delivery order by partner_id, category",
    "trainings": "from core.partner_training order by partner_id, topic",
    "offices": "select office_id from core.dim_office order by office_id",
    "partners": "select partner_id from core.dim_partner order by partner_id",
}
OFFICE, PARTNER, NEED = "outcomes.office", "outcomes.partner", "outcomes.training_need"


@dataclass(frozen=True)
class Made:
    """Rows by table, and what failed, if anything."""

    tables: dict[str, pd.DataFrame]
    remark: str = ""


def estimate(night: Night, watch: Watch) -> Done:
    """Compare offices and partners, and say what partners could be trained on."""
    watch.step("reading marts")
    frames = read(night.build_file)
    watch.step("offices and partners")
    made = comparisons(frames, as_of=night.as_of, seed=night.settings.seed)
    n = sum(int((made.tables[table]["status"] == "estimated").sum()) for table in (OFFICE, PARTNER))
    return fill(night.build_file, made.tables, f"{n:,} comparisons of offices and partners{made.remark}")


def read(build_file: Path) -> dict[str, pd.DataFrame]:
    """The frames of the comparison; empty ones where the build file has no such table."""
    frames = read_frames(build_file, "episodes", "unrestored")
    with connect(build_file, read_only=True) as connection:
        for name, sql in FRAMES.items():
            frames[name] = as_frame(connection.execute(sql))
    return frames


def comparisons(frames: dict[str, pd.DataFrame], *, as_of: date, seed: int) -> Made:
    """Rows of the three tables; where something failed they say so, and the training needs are none."""
    from ml.contracts import empty
    from ml.offices.compare import programme, refused, rows, unit
    from ml.offices.contract import TRAINING_NEED
    from ml.offices.training import held, needs

    offices, partners = (frames[name].iloc[:, 0].astype(str).tolist() for name in ("offices", "partners"))
    given = (frames[name] for name in ("episodes", "unrestored", "baseline", "change", "recording"))
    try:
        whole = programme(*given, seed=seed)
        of_offices, of_partners = unit(whole, "office_id", offices), unit(whole, "partner_id", partners)
        needed = needs(whole, of_partners, frames["delivery"], held(frames["trainings"], as_of))
        made = {OFFICE: rows(whole, of_offices, "office_id"), PARTNER: rows(whole, of_partners, "partner_id")}
        return Made(made | {NEED: needed})
    except Exception as error:  # what cannot be compared must not keep the data from being published
        made = {OFFICE: refused("office_id", offices), PARTNER: refused("partner_id", partners)}
        return Made(made | {NEED: empty(TRAINING_NEED)}, f"; not compared: {type(error).__name__} while fitting")
