"""Several deliveries, hard deletes, part files and Parquet."""

from __future__ import annotations

import json
from datetime import date

import pandas as pd

from tests.oracle import read_marts
from tests.oracle.contract import COLUMNS
from tests.unit.oracle.small import AS_OF, STAMP, Delivery, buckets, on, only, read, rules

LATER = "2026-10-20T00:00:00Z"


def test_incremental_rows_join_the_full_delivery(tmp_path):
    first = Delivery().add("health_services", delivered_on=on(5))
    second = Delivery(bare=True).add("health_services", delivered_on=on(9), modified_at=LATER)
    marts = read(tmp_path, first, second)
    assert buckets(marts, "health_services") == {"out": 1, "collapsed": 1}
    assert buckets(marts, "survivors") == {"out": 1}
    assert only(marts["services.timeline"])["day"] == 9


def test_an_equal_stamp_in_a_later_delivery_is_still_a_tie(tmp_path):
    first = Delivery().add("health_services", delivered_on=on(5))
    second = Delivery(bare=True).add("health_services", delivered_on=on(9))
    assert rules(read(tmp_path, first, second), "health_services") == {"equal_stamps": 2}


def test_a_key_gone_from_a_later_full_delivery_tombstones_its_children(tmp_path):
    before = Delivery().form("a1", 0).add("legal_proceedings", occurred_on=on(1), survivor_id="s1")
    after = Delivery().form("a1", 0).add("legal_proceedings", occurred_on=on(1), survivor_id="s1")
    after.rows["survivors"].clear()
    folders = [before.write(tmp_path / "1"), after.write(tmp_path / "2")]
    marts = read_marts(folders, as_of=AS_OF)
    assert buckets(marts, "survivors") == {}
    assert buckets(marts, "aftercare_episodes") == {"tombstoned": 1}
    assert buckets(marts, "aso_scores") == {"tombstoned": 20}
    assert buckets(marts, "legal_proceedings") == {"tombstoned": 1}
    assert buckets(read_marts(folders[1:], as_of=AS_OF), "aftercare_episodes") == {"quarantined": 1}


def test_a_key_gone_and_come_back_is_there(tmp_path):
    empty, back = Delivery(), Delivery(bare=True).add("survivors")
    empty.rows["survivors"].clear()
    folders = [Delivery().write(tmp_path / "1"), empty.write(tmp_path / "2"), back.write(tmp_path / "3", "incremental")]
    marts = read_marts(folders, as_of=AS_OF)
    assert buckets(marts, "aftercare_episodes") == {"out": 1}


def test_rows_before_the_latest_full_delivery_do_not_count(tmp_path):
    folders = [Delivery().write(tmp_path / "1"), Delivery().write(tmp_path / "2")]
    assert buckets(read_marts(folders, as_of=AS_OF), "survivors") == {"out": 1}


def test_parquet_and_part_files_read_as_csv_does(tmp_path):
    delivery = Delivery().form("a1", 0, 3, SAF1=None).form("a2", 10, 2)
    folder = delivery.write(tmp_path / "csv")
    expected = read_marts([folder], as_of=AS_OF)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    scores = pd.DataFrame(delivery.rows["aso_scores"]).reindex(columns=[*reversed(COLUMNS["aso_scores"])])
    scores["score"] = scores["score"].astype("float64")
    scores["not_applicable"] = False
    scores["modified_at"] = pd.Timestamp(STAMP)
    (folder / "aso_scores").mkdir()
    parts = ["aso_scores/1.parquet", "aso_scores/2.parquet"]
    for part, rows in zip(parts, (scores[:7], scores[7:]), strict=True):
        rows.to_parquet(folder / part)
    forms = pd.DataFrame(delivery.rows["aso_assessments"]).reindex(columns=list(COLUMNS["aso_assessments"]))
    assert isinstance(forms["assessed_on"][0], date)
    forms.to_parquet(folder / "forms.parquet")
    manifest["tables"]["aso_scores"]["file"] = parts
    manifest["tables"]["aso_assessments"]["file"] = "forms.parquet"
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    found = read_marts([folder], as_of=AS_OF)
    for name, frame in expected.items():
        pd.testing.assert_frame_equal(found[name], frame)
