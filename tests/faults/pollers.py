"""Readers all along while releases are published, pruned and rolled back: each read is of exactly one release. R1, `make pollers`.

A read takes the live release's folder once and looks at all of it: data, model, report, manifest. What each says must be one release,
one that went live.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from flows.errors import NothingPublishedError
from flows.publish import files
from flows.publish.audit import lines
from flows.publish.reader import release_folder
from flows.publish.release import open_release, prune, releases, resume, rollback
from flows.warehouse import Home, connect
from tests.unit.publish.builds import AT, make_build, publish_one

READERS, PAUSE_SECONDS = 8, 0.2


def look(home: Home, *, deep: bool) -> str:
    """The release that one read saw; an AssertionError where parts of two were seen, FileNotFoundError where it was pruned meanwhile."""
    folder = release_folder(home)
    report = (folder / "report" / "index.html").read_text(encoding="utf-8")
    seen = {json.loads((folder / "manifest.json").read_bytes())["release_id"], report}
    seen |= {"model of " + json.loads((folder / "models" / "m1.json").read_bytes())["stamp"]}
    if deep:
        with open_release(home, folder.name) as reader:
            seen |= {name for (name,) in reader.execute("select release_id from meta.release").fetchall()}
            seen |= {
                f"model of {stamp}"
                for (stamp,) in reader.execute("select distinct region from core.dim_office").fetchall()
            }
    assert len(seen) == 2, f"{len(seen)} things were seen, wanted one release and its stamp"
    (name,) = [one for one in seen if not one.startswith("model of")]
    assert name == folder.name
    return name


def poll(home: Home, until: Path, told: Path) -> None:
    """Read again and again; write down how often each release was seen. A release that is pruned under a slow reader is read anew."""
    found: Counter[str] = Counter()
    number = 0
    while not until.exists() or number == 0:
        number += 1
        try:
            found[look(home, deep=number % 20 == 1)] += 1
        except (FileNotFoundError, NothingPublishedError):
            found["again"] += 1
        time.sleep(PAUSE_SECONDS)
    told.write_text(json.dumps(found), encoding="utf-8")


@contextmanager
def light() -> Iterator[None]:
    """Releases whose report names them, and without shared tables: here only the way they go live counts."""

    def report(share: Path, target: Path) -> None:
        target.parent.mkdir(parents=True)
        files.write_text(target, share.parent.name.removeprefix(".building-"))

    def share(_: Path, target: Path, *__: Any, **___: Any) -> None:
        target.mkdir()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("flows.publish.assemble.write_report", report)
        patch.setattr("flows.publish.assemble.write_share", share)
        patch.setattr("flows.publish.assemble.write_state", lambda *_: None)
        yield


def publish_numbered(home: Home, build: Path, models: Path, number: int) -> str:
    """One more release, whose data and model hold its number."""
    with connect(build) as connection:
        connection.execute("update core.dim_office set region = ?", [f"stamp {number}"])
    (models / "m1.json").write_text(json.dumps({"stamp": f"stamp {number}"}), encoding="utf-8")
    return publish_one(home, build, models)


def watched(folder: Path, publications: int) -> tuple[Counter[str], list[float]]:
    """Publish so many releases under eight readers, go back and on again now and then: what was seen how often; seconds of rollbacks."""
    home, done, models = Home(folder / "home"), folder / "done", folder / "models"
    home.root.mkdir()
    models.mkdir()
    build, seconds = make_build(folder / "build.duckdb", n_episodes=50), []
    publish_numbered(home, build, models, 0)
    children = [_reader(home, done, folder / f"told {number}") for number in range(READERS)]
    try:
        for number in range(1, publications + 1):
            publish_numbered(home, build, models, number)
            if number % 10 == 0:
                started = time.perf_counter()
                rollback(home, at=AT + timedelta(hours=number))
                seconds.append(time.perf_counter() - started)
                resume(home, at=AT)
            prune(home, 3, at=AT)
    finally:
        done.touch()
        statuses = [os.waitpid(child, 0)[1] for child in children]
    assert statuses == [0] * READERS, "a reader saw something else than one release"
    seen: Counter[str] = Counter()
    for number in range(READERS):
        seen.update(json.loads((folder / f"told {number}").read_text(encoding="utf-8")))
    went_live = {line.release_id for line in lines(home) if line.what in ("publish", "rollback")}
    assert set(seen) - {"again"} <= went_live, "what was read went live"
    assert len(releases(home)) <= 4
    files.remove_tree(home.root)
    return seen, seconds


def _reader(home: Home, done: Path, told: Path) -> int:
    child = os.fork()
    if child == 0:
        try:
            poll(home, done, told)
        except BaseException:
            os._exit(1)
        os._exit(0)
    return child


def main() -> int:
    """Print how often each release was read, in all, and how long the rollbacks took."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--publications", type=int, default=200)
    given = parser.parse_args()
    with light():
        seen, seconds = watched(Path(tempfile.mkdtemp(prefix="pollers")), given.publications)
    again = seen.pop("again", 0)
    print(
        f"{READERS} processes read {sum(seen.values()):,} times during {given.publications} publications: each of exactly one release"
    )
    print(f"{len(seen)} releases were seen; {again} reads began anew, since their release was pruned under them")
    print(
        f"{len(seconds)} rollbacks, half of them within {median(seconds or [0]):.3f} s, all within {max(seconds, default=0):.3f} s"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
