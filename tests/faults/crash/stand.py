"""The stand that crash tests copy: one release of an old build file, one delivery to land, one new build file to publish."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from flows.warehouse import Home
from tests.faults.crash.night import Stand
from tests.nights import stamp
from tests.unit.oracle.small import Delivery
from tests.unit.publish.builds import make_build, publish_one, tree


def make_stand(folder: Path) -> Stand:
    """A stand in a new folder."""
    folder.mkdir(parents=True, exist_ok=True)
    delivery = stamp(Delivery().form("a1", 0).write(folder / "delivery"))
    old, new = make_build(folder / "old.duckdb", stamp="old"), make_build(folder / "new.duckdb", stamp="new")
    home = Home(folder / "home")
    home.root.mkdir()
    live = publish_one(home, old)
    return Stand(home, delivery, new, live, tree(home.releases / live))


def a_copy(stand: Stand, folder: Path) -> Stand:
    """The same stand with a home of its own."""
    shutil.copytree(stand.home.root, folder, symlinks=True)
    return replace(stand, home=Home(folder))
