"""Several deliveries, hard deletes, part files and Parquet."""

from __future__ import annotations

import json
import random
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


def messy(seed: int) -> Delivery:
    """Some eighty survivors with every kind of trouble, drawn at random."""
    draw = random.Random(seed)
    delivery = Delivery(bare=True).add("offices").add("partners").add("cases")
    for number in range(80):
        person, episode = f"s{number}", f"e{number}"
        merged = f"s{draw.randrange(90)}" if draw.random() < 0.2 else None
        consent, deleted = (
            draw.choice(("true", "true", "true", "false", None)),
            draw.choice((None, "false", "false", "true")),
        )
        delivery.add("survivors", survivor_id=person, merged_into=merged, consent_analytics=consent, is_deleted=deleted)
        intake = draw.randrange(-50, 1100)
        leave = None if draw.random() < 0.4 else on(intake + draw.randrange(-5, 400))
        status = draw.choice(("active", "closed", "reopened"))
        delivery.add(
            "aftercare_episodes",
            episode_id=episode,
            survivor_id=f"s{draw.randrange(82)}",
            intake_date=on(intake),
            exit_date=leave,
            status=status,
        )
        for form in range(draw.randrange(4)):
            delivery.form(f"a{number}-{form}", intake + 90 * form, draw.choice((1, 2, 3, 4, 5, None)), episode=episode)
        delivery.add("health_services", health_service_id=f"h{number}", episode_id=episode, delivered_on=on(intake + 3))
        delivery.add("legal_proceedings", proceeding_id=f"l{number}", survivor_id=merged, occurred_on=on(intake + 9))
    for rows in delivery.rows.values():
        rows += [{**row, "modified_at": draw.choice((STAMP, LATER))} for row in rows if draw.random() < 0.2]
        rows += [{**row, "created_at": LATER} for row in rows if draw.random() < 0.05]
    return delivery


def test_the_order_of_rows_does_not_matter(tmp_path):
    delivery = messy(7)
    first = read(tmp_path / "1", delivery)
    for rows in delivery.rows.values():
        random.Random(8).shuffle(rows)
    second = read(tmp_path / "2", delivery)
    for name, frame in first.items():
        order = [
            column for column in frame if column.endswith(("_key", "_code", "_id", "stage", "month", "rule", "table"))
        ]
        left, right = (each.sort_values(order, ignore_index=True) for each in (frame, second[name]))
        pd.testing.assert_frame_equal(left, right)


def test_every_row_is_in_a_bucket_and_every_key_in_its_parent(tmp_path):
    marts = read(tmp_path, messy(9))
    kept = {table: buckets(marts, table) for table in COLUMNS}
    assert set(kept["aftercare_episodes"]) == {"out", "quarantined", "collapsed", "tombstoned", "excluded"}
    assert kept["survivors"]["out"] == len(marts["core.dim_survivor"])
    assert kept["aftercare_episodes"]["out"] == len(marts["core.fct_episode"])
    assert kept["aso_assessments"]["out"] * 20 == len(marts["aso.fct_score"])
    assert set(marts["core.fct_episode"]["survivor_key"]) <= set(marts["core.dim_survivor"]["survivor_key"])
    for name in ("aso.fct_assessment", "aso.change", "services.timeline", "services.episode_month"):
        assert set(marts[name]["episode_key"]) <= set(marts["core.fct_episode"]["episode_key"])
    assert marts["services.timeline"]["service_key"].is_unique
