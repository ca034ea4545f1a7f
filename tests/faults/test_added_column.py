"""A delivery with a column that the contract does not know, and a night that is forced."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import duckdb

from expectations.run import run_door
from flows.landing_counts import landing_counts
from flows.night import Night, Unchanged, open_night
from flows.publish import manifest
from flows.stage import Watch
from flows.stages import land_delivery
from tests.conftest import WholeNight
from tests.nights import AT, opened, settings_for, sign, stamp
from tests.unit.oracle.small import Delivery

CANARY = "Qx-added-column"


def with_added_column(folder: Path) -> Path:
    """A delivery whose survivors have one column more."""
    delivery = stamp(Delivery().form("a1", 0).write(folder))
    path = delivery / "survivors.csv"
    header, *rows = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([f"shoe_size,{header}", *(f"{CANARY},{row}" for row in rows)]) + "\n", encoding="utf-8")
    return sign(delivery, "survivors")


def test_F14_an_added_column_warns_and_lands_nowhere(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    night = opened(with_added_column(tmp_path / "delivery"), tmp_path / "home")
    land_delivery(night, Watch())
    verdict = run_door("landing", None, landing_counts(night))
    row = verdict.rows.set_index("check_id").loc["survivors.extra_columns"]
    assert (row["status"], row["n_failed"]) == ("warn", 1)
    assert (verdict.blocking, verdict.held) == ([], [])
    landed = night.scope[-1].file("survivors")
    columns = [name for name, *_ in duckdb.sql(f"describe select * from read_parquet('{landed}')").fetchall()]
    assert "shoe_size" not in columns
    assert duckdb.sql(f"select survivor_key is not null, gender from read_parquet('{landed}')").fetchall() == [
        (True, "female")
    ]
    assert not any(CANARY.encode() in path.read_bytes() for path in (tmp_path / "home").rglob("*") if path.is_file())


def test_F14_an_added_table_warns_and_is_not_opened(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    delivery = stamp(Delivery().form("a1", 0).write(tmp_path / "delivery"))
    tables = json.loads((delivery / "manifest.json").read_text(encoding="utf-8"))["tables"]
    stamp(delivery, tables=tables | {"audit": {"file": "audit.csv", "rows": 1, "sha256": "00"}})
    night = opened(delivery, tmp_path / "home")
    land_delivery(night, Watch())
    row = run_door("landing", None, landing_counts(night)).rows.set_index("check_id").loc["delivery.extra_tables"]
    assert (row["status"], row["n_failed"]) == ("warn", 1)
    assert night.facts.extra_tables == 1


def test_F8_rebuild_forces_a_night_that_would_change_nothing(clean_night: WholeNight, monkeypatch) -> None:
    settings = settings_for(clean_night.home)
    day = date.fromisoformat((clean_night.home / "current").resolve().name[:10])
    live = "fingerprint of the live release"
    monkeypatch.setattr("flows.night._fingerprint", lambda *_: live)
    read = manifest.read
    monkeypatch.setattr("flows.night.manifest.read", lambda folder: read(folder) | {"fingerprint": live})
    assert isinstance(open_night(settings, clean_night.delivery, as_of=day, at=AT), Unchanged)
    assert isinstance(open_night(settings, clean_night.delivery, as_of=day, at=AT, rebuild=True), Night)
