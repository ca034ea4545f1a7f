"""Which bucket a row falls in, one rule a test; the numbers are counted by hand from the contract's text."""

from __future__ import annotations

from datetime import date

import pytest

from tests.unit.oracle.small import AS_OF, INTAKE, Delivery, buckets, on, only, pick, read, rules

OLD, NEW = "2026-09-01T00:00:00Z", "2026-10-15T00:00:00Z"


def test_the_plain_delivery_is_all_out(tmp_path):
    marts = read(tmp_path, Delivery().form("a1", 0))
    assert [buckets(marts, table) for table in ("survivors", "cases", "aftercare_episodes")] == [{"out": 1}] * 3
    assert buckets(marts, "aso_scores") == {"out": 20}
    assert buckets(marts, "health_services") == {}
    assert len(marts["quality.conservation"]) == 12
    assert marts["quality.quarantine"].empty


def test_exact_duplicates_leave_one(tmp_path):
    delivery = Delivery().add("health_services", delivered_on=on(1)).add("health_services", delivered_on=on(1))
    marts = read(tmp_path, delivery)
    assert buckets(marts, "health_services") == {"out": 1, "collapsed": 1}


def test_content_is_compared_after_casting(tmp_path):
    delivery = Delivery().add("health_services", delivered_on=on(1), sessions="4", modified_at="2026-10-01T00:00:00Z")
    delivery.add("health_services", delivered_on=on(1), sessions="4.0", modified_at="2026-10-01T02:00:00+02:00")
    assert buckets(read(tmp_path, delivery), "health_services") == {"out": 1, "collapsed": 1}


def test_the_greatest_stamp_wins_and_equal_ones_are_quarantined(tmp_path):
    delivery = Delivery()
    for day, stamp in ((1, OLD), (2, NEW)):
        delivery.add("health_services", health_service_id="won", delivered_on=on(day), modified_at=stamp)
    for day, stamp in ((1, OLD), (2, NEW), (3, NEW)):
        delivery.add("health_services", health_service_id="tied", delivered_on=on(day), modified_at=stamp)
    marts = read(tmp_path, delivery)
    assert buckets(marts, "health_services") == {"out": 1, "collapsed": 2, "quarantined": 2}
    assert rules(marts, "health_services") == {"equal_stamps": 2}
    assert only(marts["services.timeline"], service_key="won")["day"] == 2


def test_children_of_a_tied_parent_are_quarantined(tmp_path):
    delivery = Delivery().form("a1", 0).add("aso_assessments", assessment_id="a1", setting="shelter")
    marts = read(tmp_path, delivery)
    assert rules(marts, "aso_assessments") == {"equal_stamps": 2}
    assert rules(marts, "aso_scores") == {"parent_quarantined": 20}


def test_deleted_goes_before_excluded_before_quarantined(tmp_path):
    delivery = Delivery(bare=True).add("cases")
    for survivor, consent, deleted in (("gone", "false", "true"), ("no", "", "false"), ("yes", "true", "false")):
        delivery.add("survivors", survivor_id=survivor, consent_analytics=consent, is_deleted=deleted)
        delivery.add("aftercare_episodes", episode_id=survivor, survivor_id=survivor, intake_date=on(-20000))
        delivery.add("health_services", health_service_id=survivor, episode_id=survivor)
    marts = read(tmp_path, delivery)
    expected = {"tombstoned": 1, "excluded": 1}
    assert buckets(marts, "survivors") == {**expected, "out": 1}
    assert buckets(marts, "aftercare_episodes") == {**expected, "quarantined": 1}
    assert buckets(marts, "health_services") == {**expected, "quarantined": 1}
    assert rules(marts, "aftercare_episodes") == {"impossible_date": 1}
    assert rules(marts, "health_services") == {"parent_quarantined": 1}


def test_a_duplicate_of_an_excluded_row_is_collapsed(tmp_path):
    delivery = Delivery().change("survivors", consent_analytics=None).add("survivors", consent_analytics=None)
    assert buckets(read(tmp_path, delivery), "survivors") == {"collapsed": 1, "excluded": 1}


def test_a_deleted_case_takes_its_episodes_and_events_along(tmp_path):
    delivery = Delivery().change("cases", is_deleted="true").form("a1", 0).add("legal_proceedings", occurred_on=on(3))
    marts = read(tmp_path, delivery)
    assert buckets(marts, "survivors") == {"out": 1}
    for table, n_rows in (("cases", 1), ("aftercare_episodes", 1), ("aso_scores", 20), ("legal_proceedings", 1)):
        assert buckets(marts, table) == {"tombstoned": n_rows}


def test_exclusion_is_rounded_to_five(tmp_path):
    delivery = Delivery()
    for number in range(7):
        delivery.add("survivors", survivor_id=f"x{number}", consent_analytics="" if number else "false")
    delivery.add("survivors", survivor_id="merged", consent_analytics="true", merged_into="x0")
    assert only(read(tmp_path / "seven", delivery)["meta.exclusion"]) == {
        "reason": "no_consent",
        "n_survivors_rounded": 5,
    }
    delivery.add("survivors", survivor_id="x7", consent_analytics="")
    assert only(read(tmp_path / "eight", delivery)["meta.exclusion"])["n_survivors_rounded"] == 10


@pytest.mark.parametrize(
    ("values", "rule"),
    [
        ({"intake_date": None}, "no_intake_date"),
        ({"intake_date": "1970-01-01"}, "impossible_date"),
        ({"intake_date": "2024-02-30"}, "impossible_date"),
        ({"intake_date": date(2026, 11, 2)}, "intake_after_as_of"),
        ({"exit_date": on(-1)}, "exit_before_intake"),
        ({"status": "closed"}, "closed_without_exit"),
        ({"status": "closed", "exit_date": "1900-01-01"}, "impossible_date"),
        ({"exit_date": "1969-01-01"}, "impossible_date"),
        ({"survivor_id": "nobody"}, "orphan"),
        ({"case_id": None}, "orphan"),
    ],
)
def test_episode_quarantined_with_its_children(tmp_path, values, rule):
    marts = read(tmp_path, Delivery().change("aftercare_episodes", **values).form("a1", 5))
    assert rules(marts, "aftercare_episodes") == {rule: 1}
    assert rules(marts, "aso_assessments") == {"parent_quarantined": 1}
    assert rules(marts, "aso_scores") == {"parent_quarantined": 20}
    assert marts["core.fct_episode"].empty


@pytest.mark.parametrize(
    "values",
    [
        {"intake_date": AS_OF},
        {"exit_date": INTAKE},
        {"rescue_date": "1970-01-01"},
        {"status": "closed", "exit_date": "2027-01-01"},
        {"office_id": "nowhere", "lead_partner_id": "nobody"},
        {"closure_reason": "Restored"},
    ],
)
def test_episode_kept(tmp_path, values):
    assert buckets(read(tmp_path, Delivery().change("aftercare_episodes", **values)), "aftercare_episodes") == {
        "out": 1
    }


@pytest.mark.parametrize(
    ("rescue", "day", "bucket"),
    [
        (None, -90, "out"),
        (None, -91, "quarantined"),
        (-10, -90, "out"),
        (-200, -200, "out"),
        (-200, -201, "quarantined"),
        (None, 1035, "out"),
        (None, 1036, "quarantined"),
    ],
)
def test_assessment_window(tmp_path, rescue, day, bucket):
    delivery = (
        Delivery().change("aftercare_episodes", rescue_date=None if rescue is None else on(rescue)).form("a1", day)
    )
    marts = read(tmp_path, delivery)
    assert buckets(marts, "aso_assessments") == {bucket: 1}
    assert buckets(marts, "aso_scores") == {bucket: 20}


def test_score_rows(tmp_path):
    bad = {"SAF1": 5, "SAF2": 0, "LEG1": 2.5, "LEG2": "high", "LEG3": None}
    delivery = Delivery().form("a1", 0, 3, **bad).add("aso_scores", indicator_code="XYZ1")
    marts = read(tmp_path, delivery)
    assert rules(marts, "aso_scores") == {"score_domain": 4, "unknown_indicator": 1}
    assert buckets(marts, "aso_scores") == {"out": 16, "quarantined": 5}
    assert pick(only(marts["aso.fct_assessment"]), "n_scored n_missing n_domains") == [15, 5, 4]


@pytest.mark.parametrize(
    ("table", "values", "bucket"),
    [
        ("health_services", {"delivered_on": on(1036)}, "quarantined"),
        ("health_services", {"delivered_on": on(1035), "planned_on": on(1040)}, "out"),
        ("health_services", {"delivered_on": None}, "out"),
        ("community_events", {"attended_on": "1900-01-01"}, "out"),
        ("health_services", {"status": "planned", "planned_on": on(1040)}, "out"),
        ("health_services", {"status": "cancelled", "planned_on": None}, "out"),
        ("health_services", {"status": "someday", "delivered_on": on(1040)}, "out"),
        ("support_services", {"started_on": on(1036)}, "quarantined"),
        ("support_services", {"started_on": on(1036), "status": "planned"}, "out"),
        ("support_services", {"started_on": on(1000), "ended_on": on(1100)}, "out"),
        ("community_events", {"attended_on": on(1036)}, "quarantined"),
        ("legal_proceedings", {"occurred_on": on(1036)}, "quarantined"),
        ("legal_proceedings", {"occurred_on": on(1035)}, "out"),
        ("legal_proceedings", {"occurred_on": on(5), "survivor_id": "nobody"}, "quarantined"),
        ("legal_proceedings", {"occurred_on": on(5), "case_id": "none"}, "quarantined"),
        ("health_services", {"delivered_on": on(5), "episode_id": "none"}, "quarantined"),
        ("health_services", {"delivered_on": on(-400), "partner_id": "none"}, "out"),
    ],
)
def test_service_rows(tmp_path, table, values, bucket):
    assert buckets(read(tmp_path, Delivery().add(table, **values)), table) == {bucket: 1}


def test_a_training_is_a_child_of_its_partner_only(tmp_path):
    delivery = Delivery().add("partner_trainings").add("partner_trainings", training_id="t2", partner_id="p9")
    marts = read(tmp_path, delivery)
    assert buckets(marts, "partners") == {"out": 1}
    assert rules(marts, "partner_trainings") == {"orphan": 1}


@pytest.mark.parametrize(("office", "bucket"), [("o1", "out"), (None, "out"), ("o9", "quarantined")])
def test_a_partner_falls_with_the_office_it_names(tmp_path, office, bucket):
    marts = read(tmp_path, Delivery().add("partner_trainings").change("partners", office_id=office))
    assert buckets(marts, "partners") == {bucket: 1}
    assert buckets(marts, "partner_trainings") == {bucket: 1}
