"""What the need models cost: training, calibration and importance of three outcomes, and the support priorities of the whole caseload.

    make benchmark-need SURVIVORS=50000

Lands a delivery of the embedded JDS, builds its marts, and runs what the stage runs twice in one registry: in a home without a model all
are trained; then they are in use, and people in care are only scored. Exit 1 above 90 s of training or 2 s of scoring.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.durations import built
from flows.estimates.need import READ, show
from flows.estimates.need_models import SIGNING, in_use, people_in
from flows.estimates.tables import read_frames
from flows.extract.simulate import Parameters, write_delivery
from ml.risk import priority

TRAINING_SECONDS, SCORING_SECONDS = 90.0, 2.0


def timed(work: Callable[[], Any]) -> tuple[Any, float, float]:
    """What work gives, its seconds, its CPU seconds."""
    started, cpu = time.perf_counter(), time.process_time()
    found = work()
    return found, time.perf_counter() - started, time.process_time() - cpu


def main() -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--survivors", type=int, default=20_000)
    survivors = parser.parse_args().survivors
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        delivery = write_delivery(folder / "jds", Parameters(survivors=survivors), fmt="parquet").folder
        night = built(delivery, folder / "home")
        frames = read_frames(night.build_file, *READ)
        shown, trained, cpu = timed(
            lambda: show(frames, night.home.models, night.key, as_of=night.as_of, seed=night.settings.seed)
        )
        model = in_use(night.home.models, night.key.derive(SIGNING), "")["need_not_restored_24m"]
        people = people_in(frames, night.as_of)
        if isinstance(people, Exception):
            raise people
        scored, scoring, scoring_cpu = timed(lambda: priority.support_priority(people, model, as_of=night.as_of))
    rows = shown.tables
    print(f"{survivors:,} survivors, {len(frames['episodes']):,} episodes, {len(rows['card'])} models")
    print(f"training, calibration, importance: {trained:.1f} s, {cpu:.1f} CPU s (limit {TRAINING_SECONDS:.0f} s)")
    print(
        f"priorities of {len(scored):,} people: {scoring:.2f} s, {scoring_cpu:.2f} CPU s (limit {SCORING_SECONDS:.0f} s)"
    )
    print(rows["card"][["model_name", "reason"]].to_string(index=False))
    return int(trained > TRAINING_SECONDS or scoring > SCORING_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
