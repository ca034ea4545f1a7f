"""Same inputs, code and as_of, same content hashes: across runs, threads, order of the rows, and six time zones. R6, R17, F30, F60, F61.

`make determinism` makes whole nights and prints a line for each. The tests use `shuffled` and `under`, which make the marts alone.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from flows.extract.simulate import Parameters, write_delivery
from flows.publish import manifest
from flows.publish.content import content_hashes
from flows.publish.files import remove_tree
from flows.warehouse import connect
from tests.bare import Project, with_seeds
from tests.nights import SECRET, ready, sign

ZONES = ("UTC", "Asia/Manila", "America/Guatemala", "Asia/Kathmandu", "Pacific/Kiritimati", "Europe/Berlin")
SURVIVORS = 300


def shuffled(source: Path, target: Path, *, seed: int) -> Path:
    """The same delivery with the rows and the columns of each file in another order."""
    shutil.copytree(source, target)
    chance = random.Random(seed)
    for path in sorted(target.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            names, *rows = list(csv.reader(file))
        places = list(range(len(names)))
        chance.shuffle(places)
        chance.shuffle(rows)
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([[row[place] for place in places] for row in [names, *rows]])
        sign(target, path.stem)
    return target


@contextmanager
def zone_of(name: str) -> Iterator[None]:
    """The process, and DuckDB in it, as on a machine in another time zone."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = name
    time.tzset()
    try:
        yield
    finally:
        os.environ.pop("TZ")
        os.environ.update({"TZ": before} if before else {})
        time.tzset()


def under(
    zone: str, threads: int, folders: list[Path], home: Path, project: Project, seeds: Path, *, as_of: date
) -> dict[str, str]:
    """Content hash of each mart of these deliveries, landed and built in a time zone with so many threads."""
    with zone_of(zone):
        night = ready(folders, home, as_of=as_of)
        with connect(night.build_file, threads=threads) as connection:
            with_seeds(connection, seeds)
            project.run(connection)
        return content_hashes(night.build_file)


def release_hashes(home: Path) -> dict[str, str]:
    """Tables, models and report of the live release, each as one hash; the run's own stamp is in none."""
    folder = (home / "current").resolve()
    tables = manifest.read(folder)["tables"]
    content = {name: facts["content_hash"] for name, facts in tables.items() if facts["content_hash"]}
    models = {
        str(path.relative_to(folder)): path.read_bytes() for path in (folder / "models").rglob("*") if path.is_file()
    }
    shared = {path.name: path.read_bytes() for path in (folder / "share").iterdir() if path.name != "manifest.json"}
    return {
        "tables": hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest(),
        "models": hashlib.sha256(repr(sorted(models.items())).encode()).hexdigest(),
        "share": hashlib.sha256(repr(sorted(shared.items())).encode()).hexdigest(),
    }


def main() -> int:
    """Print a line for each night: zone, threads, order of rows, hashes; 1 where two differ."""
    from tests.conftest import aftercare

    folder = Path(tempfile.mkdtemp(prefix="determinism"))
    plain = write_delivery(folder / "delivery", Parameters(survivors=SURVIVORS)).folder
    turned = shuffled(plain, folder / "shuffled", seed=7)
    key = folder / "key"
    key.write_text(SECRET.hex(), encoding="ascii")
    key.chmod(0o600)
    found = []
    for number, (zone, threads) in enumerate([("UTC", "1"), *zip(ZONES, "121212", strict=True)]):
        source, home = (plain if number % 2 == 0 else turned), folder / f"home {number}"
        made = aftercare(
            *("nightly", "--source", source, "--as-of", "2026-11-01"), home=home, key_file=key,
            TZ=zone, AFTERCARE_THREADS=threads, PYTHONHASHSEED=str(number),
        )  # fmt: skip
        assert made.returncode == 0, made.stderr
        found.append(release_hashes(home))
        order = "as delivered" if source is plain else "shuffled"
        told = "  ".join(f"{what} {digest[:16]}" for what, digest in found[-1].items())
        print(f"{zone:<20} {threads} threads  rows {order:<12}  {told}", flush=True)
        remove_tree(home)
    remove_tree(folder)
    equal = all(one == found[0] for one in found)
    print(f"{len(found)} nights, {'all equal' if equal else 'NOT EQUAL'}")
    return 0 if equal else 1


if __name__ == "__main__":
    sys.exit(main())
