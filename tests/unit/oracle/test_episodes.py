"""Episodes: absorbed ones, days, outcome, event, dimensions."""

from __future__ import annotations

from datetime import date

import pytest

from tests.oracle.episodes import closure_code
from tests.unit.oracle.small import Delivery, buckets, column, on, only, pick, read, rules


def stays(*spans: tuple[int, int | None], **values: object) -> Delivery:
    """Episodes e1, e2, … of one survivor and case with these days of intake and exit."""
    delivery = Delivery()
    delivery.rows["aftercare_episodes"].clear()
    for number, (intake, leave) in enumerate(spans, start=1):
        delivery.add(
            "aftercare_episodes",
            episode_id=f"e{number}",
            intake_date=on(intake),
            exit_date=None if leave is None else on(leave),
            status="active" if leave is None else "closed",
            closure_reason=f"moved {number}",
            **values,
        )
    return delivery


@pytest.mark.parametrize(("gap", "n_episodes"), [(0, 1), (30, 1), (31, 2), (-1, 2)])
def test_thirty_days_after_an_exit(tmp_path, gap, n_episodes):
    marts = read(tmp_path, stays((0, 100), (100 + gap, None)))
    assert len(marts["core.fct_episode"]) == n_episodes


def test_the_first_keeps_key_office_and_partner_and_gets_the_last_exit(tmp_path):
    delivery = stays((0, 100), (120, 200), (230, 400), (431, 500))
    for row, office, partner in zip(delivery.rows["aftercare_episodes"], "abcd", "wxyz", strict=True):
        row.update(office_id=office, lead_partner_id=partner)
    delivery.rows["aftercare_episodes"][2].update(status="reopened", closure_reason="Lost contact")
    delivery.add("health_services", episode_id="e3", delivered_on=on(250)).form("a1", 150, episode="e2")
    marts = read(tmp_path, delivery)
    assert buckets(marts, "aftercare_episodes") == {"out": 2, "collapsed": 2}
    first = only(marts["core.fct_episode"], episode_key="e1")
    assert pick(first, "office_id partner_id exit_day outcome status episode_number n_assessments last_seen_day") == [
        "a",
        "w",
        400,
        "lost_contact",
        "reopened",
        1,
        1,
        250,
    ]
    assert only(marts["core.fct_episode"], episode_key="e4")["episode_number"] == 2
    assert pick(only(marts["services.timeline"]), "episode_key day") == ["e1", 250]
    assert pick(only(marts["aso.fct_assessment"]), "episode_key day") == ["e1", 150]


def test_another_case_or_survivor_is_another_episode(tmp_path):
    delivery = stays((0, 100), (110, None), (110, None)).add("cases", case_id="c2").add("survivors", survivor_id="s2")
    delivery.rows["aftercare_episodes"][1]["case_id"] = "c2"
    delivery.rows["aftercare_episodes"][2]["survivor_id"] = "s2"
    numbers = column(read(tmp_path, delivery)["core.fct_episode"], "episode_key", "episode_number")
    assert numbers == {"e1": 1, "e2": 2, "e3": 1}


def test_only_sound_episodes_are_absorbed(tmp_path):
    delivery = stays((0, 100), (110, None), (115, 105), (120, None))
    delivery.rows["aftercare_episodes"][1]["is_deleted"] = "true"
    marts = read(tmp_path, delivery)
    assert buckets(marts, "aftercare_episodes") == {"out": 1, "tombstoned": 1, "quarantined": 1, "collapsed": 1}


def test_absorbed_episodes_of_an_excluded_survivor_are_collapsed(tmp_path):
    delivery = stays((0, 100), (110, None)).change("survivors", consent_analytics="false")
    delivery.add("health_services", episode_id="e2", delivered_on=on(120))
    marts = read(tmp_path, delivery)
    assert buckets(marts, "aftercare_episodes") == {"excluded": 1, "collapsed": 1}
    assert buckets(marts, "health_services") == {"excluded": 1}


def test_an_exit_after_as_of_is_not_yet_out(tmp_path):
    row = only(read(tmp_path, stays((0, 1036)))["core.fct_episode"])
    assert pick(row, "exit_day outcome event as_of_day status") == [None, "open", 0, 1035, "closed"]
    row = only(read(tmp_path / "on", stays((0, 1035)))["core.fct_episode"])
    assert pick(row, "exit_day outcome event") == [1035, "relocated", 3]


def test_days_of_an_episode(tmp_path):
    delivery = (
        Delivery().change("offices", recording_started_on=on(40)).change("aftercare_episodes", rescue_date=on(-12))
    )
    delivery.form("a1", 3).add("community_events", attended_on=on(8)).add("legal_proceedings", occurred_on=on(99))
    delivery.add("support_services", started_on=on(77), status="missed")
    row = only(read(tmp_path, delivery)["core.fct_episode"])
    assert pick(row, "rescue_to_intake_days entry_day last_seen_day intake_quarter") == [12, 40, 8, "2024Q1"]
    row = only(read(tmp_path / "late", Delivery().change("offices", recording_started_on=on(-1)))["core.fct_episode"])
    assert pick(row, "rescue_to_intake_days entry_day last_seen_day") == [None, 0, None]


@pytest.mark.parametrize(
    ("born", "band"),
    [
        ("2024-06-01", "0-11"),
        ("2013-01-01", "0-11"),
        ("2012-12-31", "12-17"),
        ("2006-01-01", "18-24"),
        ("1999-06-31", "unknown"),
        ("1999-06-30", "25-34"),
        ("1989-01-01", "35-49"),
        ("1974-01-01", "50+"),
        ("1914-01-01", "50+"),
        ("1913-01-01", "unknown"),
        ("2025-01-01", "unknown"),
        (None, "unknown"),
    ],
)
def test_age_band(tmp_path, born, band):
    marts = read(tmp_path, Delivery().change("survivors", date_of_birth=born))
    assert only(marts["core.fct_episode"])["age_band"] == band
    assert only(marts["core.dim_survivor"])["age_band"] == band


@pytest.mark.parametrize(
    ("reason", "outcome"),
    [
        ("Restored to family", "restored"),
        ("LOST contact", "lost_contact"),
        ("unable to locate her", "lost_contact"),
        ("Client declined services", "withdrew"),
        ("Transferred to government", "transferred"),
        ("Transferred, since restored", "transferred"),
        ("Repatriated", "relocated"),
        ("Client died", "deceased"),
        ("Turned 18", "aged_out"),
        ("Project ended", "program_end"),
        ("Other", "other"),
        ("xyz", "other"),
        (None, "other"),
    ],
)
def test_closure_codes(reason, outcome):
    assert closure_code(reason) == outcome


@pytest.mark.parametrize(
    ("reason", "score", "event"),
    [
        ("lost", 2, 2),
        ("withdrew", 2, 2),
        ("moved", 2, 3),
        ("restored", 2, 3),
        ("restored", 3, 1),
        ("lost", 4, 1),
        (None, 2, 3),
    ],
)
def test_event(tmp_path, reason, score, event):
    delivery = stays((0, 300)).change("aftercare_episodes", closure_reason=reason).form("a1", 200, score)
    assert only(read(tmp_path, delivery)["core.fct_episode"])["event"] == event


def test_unknown_codes(tmp_path):
    delivery = (
        Delivery()
        .change("survivors", gender="f")
        .change("cases", casework_type="x")
        .change("partners", partner_type="x")
    )
    delivery.change("aftercare_episodes", status="paused").form(
        "a1", 0, form={"stage": "baseline", "setting": "street"}
    )
    marts = read(tmp_path, delivery)
    assert pick(only(marts["core.fct_episode"]), "gender casework_type status") == ["unknown", "other", "other"]
    assert only(marts["core.dim_partner"])["partner_type"] == "other"
    assert pick(only(marts["aso.fct_assessment"]), "stage_raw stage setting") == [None, "initial", "other"]


def test_languages_of_fewer_than_eleven_are_pooled(tmp_path):
    delivery = Delivery()
    for language, n_speakers in (("swahili", 11), ("ogiek", 10)):
        for number in range(n_speakers):
            delivery.add("survivors", survivor_id=f"{language}{number}", primary_language=language)
    delivery.add("survivors", survivor_id="no", primary_language="ogiek", consent_analytics="false")
    groups = read(tmp_path, delivery)["core.dim_survivor"]["language_group"].value_counts().to_dict()
    assert groups == {"swahili": 11, "other": 10, "unknown": 1}


def test_numbers_go_by_intake_then_id(tmp_path):
    delivery = stays((50, 60), (0, 10), (50, 55))
    assert column(read(tmp_path, delivery)["core.fct_episode"], "episode_key", "episode_number") == {
        "e2": 1,
        "e1": 2,
        "e3": 3,
    }


def test_a_rescue_after_intake_stays_negative(tmp_path):
    delivery = Delivery().change("aftercare_episodes", rescue_date=date(2024, 1, 11))
    marts = read(tmp_path, delivery)
    assert rules(marts, "aftercare_episodes") == {}
    assert only(marts["core.fct_episode"])["rescue_to_intake_days"] == -10
