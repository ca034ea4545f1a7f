"""The headline of a whole simulated delivery against the truth behind it, and what the duration stage costs.

    make truth SURVIVORS=50000

Lands a delivery of the embedded JDS, builds its marts, runs the stage, and prints a table in Markdown: the error of the headline and of
the curve by day of detection at 6, 12, 18, 24 and 36 months; CPU seconds of the stage, of one panel fit with 20 covariates, and of
a resampled fit. Exit 1 where the headline is off by more than 0.02, or one of the bounds on time (45 s, 10 s) is not kept.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import numpy as np

from flows.dbt_build import build_marts
from flows.estimates import duration
from flows.estimates.tables import read_frames
from flows.extract.simulate import Parameters, write_delivery
from flows.extract.simulate.truth import MONTHS
from flows.night import Night, Unchanged, open_night
from flows.settings import Settings
from flows.stage import Watch
from flows.stages import land_delivery
from ml.duration import bootstrap, headline, panel
from ml.duration.programme import Programme
from ml.duration.rows import MONTH_DAYS
from ml.threads import single_thread

OFF, STAGE_SECONDS, FIT_SECONDS, COVARIATES = 0.02, 45.0, 10.0, 20


def main() -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--survivors", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=20261122)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        written = write_delivery(folder / "jds", Parameters(survivors=given.survivors, seed=given.seed), fmt="parquet")
        night = built(written.folder, folder / "home")
        seconds = _cpu(lambda: duration.estimate(night, Watch()))
        off = _errors(night.build_file, json.loads((written.truth / "truth.json").read_text())["curve"]["restored"])
        fit, draw, n = _fits(night.build_file)
    print(f"| curve, {given.survivors:,} survivors | " + " | ".join(f"{month} months" for month in MONTHS) + " |")
    print("| --- |" + " --- |" * len(MONTHS))
    for curve, errors in off.items():
        print(f"| {curve} | " + " | ".join(f"{error:+.3f}" for error in errors) + " |")
    print(
        f"stage {seconds:.1f} CPU s (bound {STAGE_SECONDS:.0f}); a panel fit of {n:,} episodes with {COVARIATES} covariates ",
        end="",
    )
    print(f"{fit:.1f} CPU s (bound {FIT_SECONDS:.0f}); a resampled fit {draw:.2f} CPU s")
    worst = float(np.abs(off["restoration"]).max())
    return int(worst > OFF or seconds > STAGE_SECONDS or fit > FIT_SECONDS)


def built(delivery: Path, home: Path) -> Night:
    """The night of a delivery in a new home, landed, its marts built."""
    home.mkdir()
    settings = Settings(home=home, key="6b" * 32)  # type: ignore[arg-type]
    night = open_night(settings, delivery, as_of=None, at=datetime(2026, 11, 2, tzinfo=UTC))
    if isinstance(night, Unchanged):
        raise SystemExit("a new home has no release")
    land_delivery(night, Watch())
    build_marts(night.folder, home / "dbt", variables=night.definitions.as_json())
    return night


def _errors(build_file: Path, truth: list[float]) -> dict[str, np.ndarray]:
    """Estimate less truth at MONTHS, by curve."""
    off = {}
    with duckdb.connect(str(build_file), read_only=True) as connection:
        for curve in ("restoration", "restoration_detection_date"):
            rows = connection.execute(
                "select day, estimate from outcomes.curve where curve_name = ? and stratum = 'overall' and state = 'restored'",
                [curve],
            ).fetchall()
            found = dict(rows)
            off[curve] = np.array([found[round(MONTH_DAYS * month)] for month in MONTHS]) - truth
    return off


def _fits(build_file: Path) -> tuple[float, float, int]:
    """CPU seconds of a fit with 20 covariates, of a resampled fit of the headline, and how many episodes."""
    frames = read_frames(build_file, "episodes", "unrestored")
    programme = Programme.of(frames["episodes"], unrestored=frames["unrestored"])
    used = programme.known.take(programme.known.used)
    x = np.random.default_rng(1).standard_normal((len(used.used), COVARIATES)).round(1)
    cluster = programme.cluster[programme.known.used]
    with single_thread():
        fit = _cpu(lambda: panel.fit(used, cluster, x))
        found = headline.fit(programme.known, programme.cluster, programme.episodes["office_id"])
        draw = _cpu(lambda: bootstrap.block(found, seed=1, number=0)) / bootstrap.BLOCK if found else float("nan")
    return fit, draw, len(used.used)


def _cpu(work: Callable[[], object]) -> float:
    """CPU seconds of this process."""
    begin = time.process_time()
    work()
    return time.process_time() - begin


if __name__ == "__main__":
    sys.exit(main())
