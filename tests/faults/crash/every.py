"""`make crash`: landing and publication die at step 1, 2, 3, … until a night completes; the same with a disk that is full, or read-only,
from that step on; then 200 kills at random moments. A line for each step; the exit code is 1 where anything did not hold."""

from __future__ import annotations

import argparse
import pickle
import signal
import sys
import tempfile
from pathlib import Path

from flows.errors import Exit
from flows.publish.files import remove_tree
from flows.publish.report import draw
from tests.faults.crash.night import Stand, in_child, random_kills
from tests.faults.crash.stand import a_copy, make_stand

WAYS = ("kill", "full", "read-only")


def one(stand: Stand, folder: Path, number: int, how: str) -> str:
    """What came of a night with an accident at a point, and of the night after it; raises where something did not hold."""
    copy = a_copy(stand, folder)
    code = in_child(copy, number, how)
    is_new = copy.check()
    # What is cleared away after the new release is live may fail; the release is whole and live all the same.
    wanted = (-signal.SIGKILL,) if how == "kill" else (Exit.HOME, 0) if is_new else (Exit.HOME,)
    assert code in wanted, f"exit {code}"
    copy.check_after_next()
    remove_tree(folder)
    return f"exit {code}, {'new' if is_new else 'old'} release live, next night succeeds"


def points_of(stand: Stand, folder: Path) -> list[str]:
    """The names of the points of a whole night, in order."""
    whole = a_copy(stand, folder / "whole")
    assert in_child(whole, None, "kill", folder / "names") == 0
    remove_tree(whole.home.root)
    return list(pickle.loads((folder / "names").read_bytes()))


def main() -> int:
    """Run all of it, or each `--every`th point, or some of the ways."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--ways", nargs="*", choices=WAYS, default=WAYS)
    given = parser.parse_args()
    draw.drawings = lambda requests: [None] * len(requests)  # a process of seconds at each publication
    folder = Path(tempfile.mkdtemp(prefix="crash"))
    stand = make_stand(folder / "stand")
    names, broken = points_of(stand, folder), 0
    for how in given.ways:
        for number in range(1, len(names) + 1, given.every):
            try:
                told = one(stand, folder / f"{how} {number}", number, how)
            except AssertionError as error:
                broken, told = broken + 1, f"DID NOT HOLD: {error}"
            print(f"{how:<9} {number:>4} {names[number - 1]:<40} {told}", flush=True)
    died, done = random_kills(a_copy(stand, folder / "random"), given.kills, seed=9)
    print(
        f"random    {died} nights killed, {done} were done before; a whole release live after each, the next night succeeds"
    )
    n_points = len(range(1, len(names) + 1, given.every)) * len(given.ways)
    print(
        f"{n_points} accidents at {len(names)} points, {n_points - broken} survived; {given.kills} kills at random moments"
    )
    remove_tree(folder)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
