"""Services and events in one line of time, and the months that look back on it."""

from __future__ import annotations

import pytest

from tests.oracle.contract import CATEGORIES
from tests.unit.oracle.small import Delivery, column, on, only, pick, read


def services(*days: tuple[str, int], **values: object) -> Delivery:
    """Delivered rows (h health, k community, u shelter) on these days, named by letter and day."""
    tables = {
        "h": ("health_services", "health_service_id", "delivered_on"),
        "k": ("community_events", "attendance_id", "attended_on"),
        "u": ("support_services", "support_service_id", "started_on"),
    }
    delivery = Delivery().change("aftercare_episodes", **values)
    for letter, day in days:
        table, key, dated = tables[letter]
        delivery.add(table, **{key: f"{letter}{day}", dated: on(day)})
    return delivery


def test_what_each_source_becomes(tmp_path):
    delivery = services(("h", 4), ("k", 6))
    delivery.rows["health_services"][0].update(sessions=3, planned_on=on(2), partner_id="p1", service_type="yoga")
    delivery.rows["community_events"][0].update(hours=1.5)
    delivery.add("support_services", service_category="education", started_on=on(9), quantity=2, unit="month")
    delivery.add("legal_proceedings", occurred_on=on(1), survivor_id="s1")
    timeline = read(tmp_path, delivery)["services.timeline"]
    names = "source_table category service_type day planned_day is_delivered partner_id quantity unit"
    expected = {
        "h4": ["health_services", "health", "other", 4, 2, True, "p1", 3, "session"],
        "k6": ["community_events", "community", "family_day", 6, None, True, None, 1.5, "hour"],
        "u1": ["support_services", "education", "education", 9, None, True, None, 2, "month"],
        "l1": ["legal_proceedings", "legal", "hearing", 1, None, True, None, None, None],
    }
    for key, values in expected.items():
        assert pick(only(timeline, service_key=key), names) == values
    assert len(timeline) == 4


def test_rows_not_delivered_are_there_without_a_day(tmp_path):
    delivery = Delivery()
    for status in ("planned", "missed", "cancelled", "odd"):
        delivery.add("health_services", health_service_id=status, status=status, planned_on=on(2), delivered_on=on(3))
    timeline = read(tmp_path, delivery)["services.timeline"]
    names = "day planned_day is_delivered sequence days_since_previous"
    for status in ("planned", "missed", "cancelled", "odd"):
        assert pick(only(timeline, service_key=status), names) == [None, 2, False, None, None]


def test_sequence_and_days_since(tmp_path):
    delivery = services(("h", 30), ("k", 10), ("h", 10), ("u", 50))
    delivery.add("health_services", health_service_id="plan", status="planned", planned_on=on(20))
    timeline = read(tmp_path, delivery)["services.timeline"]
    names = "sequence days_since_previous days_since_same_category"
    assert pick(only(timeline, service_key="h10"), names) == [1, None, None]
    assert pick(only(timeline, service_key="k10"), names) == [2, 0, None]
    assert pick(only(timeline, service_key="h30"), names) == [3, 20, 20]
    assert pick(only(timeline, service_key="u50"), names) == [4, 20, None]


def test_unknown_support_category_is_other(tmp_path):
    delivery = Delivery().add("support_services", service_category="x", started_on=on(1))
    delivery.add("support_services", support_service_id="u2", service_category=None, started_on=on(1))
    timeline = read(tmp_path, delivery)["services.timeline"]
    assert list(timeline["category"]) == ["other", "other"]


def two_stays() -> Delivery:
    """e1 from day 0 to 100, e2 from day 200, of the one survivor and case."""
    delivery = Delivery().change("aftercare_episodes", exit_date=on(100), status="closed")
    return delivery.add("aftercare_episodes", episode_id="e2", intake_date=on(200))


@pytest.mark.parametrize(
    ("day", "episode", "in_episode"),
    [
        (-5, "e1", -5),
        (0, "e1", 0),
        (99, "e1", 99),
        (100, "e1", 100),
        (199, "e1", 199),
        (200, "e2", 0),
        (300, "e2", 100),
    ],
)
def test_a_legal_event_is_in_the_episode_open_then(tmp_path, day, episode, in_episode):
    timeline = read(tmp_path, two_stays().add("legal_proceedings", occurred_on=on(day)))["services.timeline"]
    assert pick(only(timeline), "service_key episode_key day") == ["l1|s1", episode, in_episode]


def test_a_legal_event_of_the_whole_case_is_one_row_a_consenting_survivor(tmp_path):
    delivery = Delivery().add("cases", case_id="c2")
    for number, (consent, case) in enumerate(
        (("true", "c1"), ("false", "c1"), ("true", "c2"), ("true", "c1")), start=2
    ):
        delivery.add("survivors", survivor_id=f"s{number}", consent_analytics=consent)
        delivery.add(
            "aftercare_episodes", episode_id=f"e{number}", survivor_id=f"s{number}", case_id=case, intake_date=on(30)
        )
    delivery.add("survivors", survivor_id="s9", merged_into="s1")
    delivery.add("aftercare_episodes", episode_id="e9", survivor_id="s9", intake_date=on(60))
    timeline = read(tmp_path, delivery.add("legal_proceedings", occurred_on=on(40)))["services.timeline"]
    assert column(timeline, "service_key", "episode_key") == {"l1|s1": "e1", "l1|s2": "e2", "l1|s5": "e5"}
    assert column(timeline, "episode_key", "day") == {"e1": 40, "e2": 10, "e5": 10}


def test_a_named_survivor_with_an_episode_in_another_case_only(tmp_path):
    delivery = Delivery().add("cases", case_id="c2").add("survivors", survivor_id="s2")
    delivery.add("legal_proceedings", case_id="c2", survivor_id="s1", occurred_on=on(3))
    delivery.add("legal_proceedings", proceeding_id="l2", survivor_id="s2", occurred_on=on(3))
    timeline = read(tmp_path, delivery)["services.timeline"]
    assert column(timeline, "service_key", "episode_key") == {"l1": "e1"}


@pytest.mark.parametrize(("exit_day", "n_months"), [(0, 0), (1, 1), (30, 1), (31, 2), (60, 2), (61, 3), (None, 35)])
def test_months_in_care(tmp_path, exit_day, n_months):
    values = {} if exit_day is None else {"exit_date": on(exit_day)}
    months = read(tmp_path, Delivery().change("aftercare_episodes", **values))["services.episode_month"]
    assert list(months["month"]) == list(range(n_months))  # open: the last starts on 34 x 30.4375 = 1034.875 <= 1035


def test_months_know_what_was_before_them(tmp_path):
    delivery = services(("h", -100), ("h", -91), ("h", 0), ("h", 1), ("h", 30), ("h", 31), ("u", 60))
    delivery.add("health_services", status="planned", planned_on=on(5))
    months = read(tmp_path, delivery)["services.episode_month"]
    health = {month: pick(only(months, month=month), "n_health_before n_health_last_3m") for month in (0, 1, 2, 3, 4)}
    # month 1 starts at 30.4, looks back to -60.6; month 3 at 91.3 (0.3); month 4 at 121.75 (30.75)
    assert health == {0: [3, 2], 1: [5, 3], 2: [6, 4], 3: [6, 3], 4: [6, 1]}
    assert column(months[:4], "month", "n_shelter_before") == {0: 0, 1: 0, 2: 1, 3: 1}
    assert {name for name in months if name.endswith("_last_3m")} == {
        f"n_{category}_last_3m" for category in CATEGORIES
    }


def test_months_know_the_last_scores_and_restoration(tmp_path):
    delivery = Delivery().form("a", 0, 2).form("b", 30, 3).form("c", 61, 1, SAF=None)
    months = read(tmp_path, delivery)["services.episode_month"]
    names = "is_restored_at_start total_before saf_before leg_before"
    assert pick(only(months, month=0), names) == [False, 2, 2, 2]
    assert pick(only(months, month=1), names) == [True, 3, 3, 3]
    assert pick(only(months, month=2), names) == [True, 3, 3, 3]
    assert pick(only(months, month=3), names) == [True, 1, 3, 1]
