"""What it costs to read a database: rows a second before and after pseudonyms, and a night on which 1 % of survivors changed.

    make benchmark-extract SURVIVORS=50000

PostgreSQL comes from a wheel and runs on the same machine, so its work counts too. Memory is that of this process, without the server's.
"""

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from flows.extract.contract import jds
from flows.extract.database import Access, open_database
from flows.extract.folder import open_folder
from flows.extract.land import extracts, land
from flows.extract.pseudonymise import Key
from flows.extract.resume import base_of
from flows.extract.simulate import Parameters, write_delivery
from flows.extract.simulate.load import fill
from flows.extract.url import DatabaseUrl, parse_url

sys.path.insert(0, str(Path(__file__).parent.parent))
from benchmarks.nightly import Meter
from benchmarks.readers import READERS
from tests.database.server import start

KEY = Key(b"k" * 32)
# Everything of one survivor in a hundred is touched.
CHANGED = """
    create temp table who as select survivor_id from jds.survivors where hashtext(survivor_id) % 100 = 0;
    create temp table stays as select episode_id from jds.aftercare_episodes join who using (survivor_id);
    update jds.survivors set modified_at = now() where survivor_id in (select survivor_id from who);
    update jds.aftercare_episodes set modified_at = now() where episode_id in (select episode_id from stays);
    update jds.health_services set modified_at = now() where episode_id in (select episode_id from stays);
    update jds.support_services set modified_at = now() where episode_id in (select episode_id from stays);
    update jds.community_events set modified_at = now() where episode_id in (select episode_id from stays);
    update jds.aso_assessments set modified_at = now() where episode_id in (select episode_id from stays);
    update jds.aso_scores set modified_at = now() where assessment_id in
        (select assessment_id from jds.aso_assessments join stays using (episode_id));
"""
DELETED = "delete from jds.support_services where hashtext(support_service_id) % 5000 = 0"


def land_next(url: DatabaseUrl, raw: Path) -> int:
    """A reading on top of what has landed, with key scan and landing; how many rows it brought."""
    base = base_of(extracts(raw), frozenset(range(9)), origin=url.origin, contract=jds())
    begun = open_database(url, jds(), KEY, base, Access(spill=raw.parent / "spill", memory_limit="3GB"))
    assert begun.facts.mode == ("incremental" if extracts(raw) else "full")
    land(raw, begun, jds(), KEY)
    return sum(begun.facts.rows.values())


def timed(name: str, meter: Meter, work: Callable[[], int]) -> float:
    """Print rows, seconds, CPU seconds of this process, rows a second and peak memory of some work; the seconds."""
    meter.peak_mb()
    started, worked = time.monotonic(), time.process_time()
    rows = work()
    seconds, cpu = time.monotonic() - started, time.process_time() - worked
    print(f"{name:<36}{rows:>12,}{seconds:>10.2f}{cpu:>9.2f}{rows / seconds:>12,.0f}{meter.peak_mb():>10,}", flush=True)
    return seconds


def main() -> None:
    """Simulate, fill a database, read it in every way, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--survivors", type=int, default=5000)
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    folder.chmod(0o755)
    try:
        with start(folder / "data") as server:
            measure(parse_url(server.url("postgres")), folder, given.survivors, lambda text: server.sql(text))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def measure(url: DatabaseUrl, folder: Path, survivors: int, sql: Callable[[str], str]) -> None:
    """All measurements, in one run."""
    delivery = write_delivery(folder / "delivery", Parameters(survivors=survivors), fmt="parquet").folder
    fill(url, open_folder(delivery, jds()))
    sql("vacuum analyze")
    meter, raw = Meter(), folder / "raw"
    print(f"{'':<36}{'rows':>12}{'seconds':>10}{'CPU s':>9}{'rows/s':>12}{'peak MB':>10}")
    for name, (reader, package) in READERS.items():
        try:
            timed(f"read by {name}", meter, lambda reader=reader: reader(url))
        except ImportError:
            print(f"{f'read by {name}':<36}not installed: pip install {package}", flush=True)
    full = timed("a full night: check, land", meter, lambda: land_next(url, raw))
    timed("the same from Parquet files", meter, lambda: _folder(delivery, folder / "raw of folder"))
    sql(CHANGED)
    changed = timed("1 % of survivors changed", meter, lambda: land_next(url, raw))
    sql(CHANGED + DELETED)
    deleted = timed("the same, and rows deleted", meter, lambda: land_next(url, raw))
    print(f"\nshare of a full night: {changed / full:.0%} changed, {deleted / full:.0%} changed and deleted")


def _folder(delivery: Path, raw: Path) -> int:
    return sum(table["rows"] for table in land(raw, open_folder(delivery, jds()), jds(), KEY).facts["tables"].values())


if __name__ == "__main__":
    main()
