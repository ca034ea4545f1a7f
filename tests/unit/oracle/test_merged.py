"""Survivor records found to be one person."""

from __future__ import annotations

from tests.oracle import read_marts
from tests.unit.oracle.small import AS_OF, Delivery, buckets, on, only, pick, read, rules


def people(*survivors: tuple[str, str | None], **consent: str | None) -> Delivery:
    """Survivor records (id, merged into), each with an episode of the same name in a case of its own."""
    delivery = Delivery(bare=True).add("offices").add("partners")
    for number, (key, target) in enumerate(survivors):
        delivery.add(
            "survivors",
            survivor_id=key,
            merged_into=target,
            consent_analytics=consent.get(key, "true"),
            gender="male" if target else "female",
            date_of_birth="1990-01-01" if target else "2010-12-31",
        )
        delivery.add("cases", case_id=key)
        delivery.add("aftercare_episodes", episode_id=key, survivor_id=key, case_id=key, intake_date=on(100 * number))
    return delivery


def test_a_chain_resolves_to_its_end(tmp_path):
    marts = read(tmp_path, people(("a", "b"), ("b", "c"), ("c", None)))
    assert buckets(marts, "survivors") == {"out": 1, "collapsed": 2}
    assert buckets(marts, "aftercare_episodes") == {"out": 3}
    assert list(marts["core.dim_survivor"]["survivor_key"]) == ["c"]
    episodes = marts["core.fct_episode"]
    assert pick(only(episodes, episode_key="a"), "survivor_key gender age_band episode_number") == [
        "c",
        "female",
        "12-17",
        1,
    ]
    assert pick(only(episodes, episode_key="c"), "survivor_key episode_number") == ["c", 3]


def test_consent_withheld_on_either_excludes_both(tmp_path):
    for number, consent in enumerate(({"a": "false"}, {"b": None})):
        marts = read(tmp_path / str(number), people(("a", "b"), ("b", None), ("z", None), **consent))
        assert buckets(marts, "survivors") == {"out": 1, "collapsed": 1, "excluded": 1}
        assert buckets(marts, "aftercare_episodes") == {"out": 1, "excluded": 2}


def test_cycles_and_missing_targets_are_quarantined(tmp_path):
    marts = read(
        tmp_path, people(("a", "b"), ("b", "a"), ("c", "a"), ("d", "d"), ("e", "f"), ("f", "nobody"), ("ok", None))
    )
    assert rules(marts, "survivors") == {"merge_cycle": 4, "merge_missing": 2}
    assert rules(marts, "aftercare_episodes") == {"parent_quarantined": 6}
    assert buckets(marts, "survivors") == {"out": 1, "quarantined": 6}


def test_no_consent_goes_before_a_cycle(tmp_path):
    marts = read(tmp_path, people(("a", "b"), ("b", "a"), a="false"))
    assert buckets(marts, "survivors") == {"excluded": 1, "quarantined": 1}
    assert buckets(marts, "aftercare_episodes") == {"excluded": 1, "quarantined": 1}


def test_merged_into_a_deleted_record(tmp_path):
    delivery = people(("b", None), ("a", "b")).change("survivors", is_deleted="true")
    marts = read(tmp_path, delivery)
    assert buckets(marts, "survivors") == {"collapsed": 1, "tombstoned": 1}
    assert buckets(marts, "aftercare_episodes") == {"tombstoned": 2}


def test_merged_into_a_record_that_is_gone(tmp_path):
    before, after = people(("b", None), ("a", "b")), people(("b", None), ("a", "b"))
    del after.rows["survivors"][0]
    marts = read_marts([before.write(tmp_path / "1"), after.write(tmp_path / "2")], as_of=AS_OF)
    assert buckets(marts, "survivors") == {"collapsed": 1}
    assert buckets(marts, "aftercare_episodes") == {"tombstoned": 2}


def test_a_deleted_merged_record_leaves_its_rows_to_the_other(tmp_path):
    delivery = people(("a", "b"), ("b", None)).change("survivors", is_deleted="true")
    marts = read(tmp_path, delivery)
    assert buckets(marts, "survivors") == {"out": 1, "collapsed": 1}
    assert buckets(marts, "aftercare_episodes") == {"out": 2}


def test_a_merged_record_with_versions_in_conflict_is_not_merged(tmp_path):
    delivery = people(("a", "b"), ("b", None)).add("survivors", survivor_id="a")
    marts = read(tmp_path, delivery)
    assert rules(marts, "survivors") == {"equal_stamps": 2}
    assert buckets(marts, "aftercare_episodes") == {"out": 1, "quarantined": 1}


def test_episodes_of_merged_records_in_one_case_continue_each_other(tmp_path):
    delivery = people(("a", "b"), ("b", None)).change(
        "aftercare_episodes", case_id="b", exit_date=on(80), status="closed"
    )
    marts = read(tmp_path, delivery)
    assert buckets(marts, "aftercare_episodes") == {"out": 1, "collapsed": 1}
    assert pick(only(marts["core.fct_episode"]), "episode_key survivor_key exit_day") == ["a", "b", None]
