"""Scores, domain means, restoration, stages, snapshots and change."""

from __future__ import annotations

import pytest

from tests.unit.oracle.small import Delivery, column, on, only, pick, read

DOMAINS = "saf leg men eco soc phy"


def episode(exit_day: int | None = None, **values: object) -> Delivery:
    """One episode that ends on this day."""
    leave = {} if exit_day is None else {"exit_date": on(exit_day), "status": "closed"}
    return Delivery().change("aftercare_episodes", **leave, **values)


def stages(tmp_path, delivery: Delivery) -> dict[object, object]:
    """Stage by assessment."""
    return column(read(tmp_path, delivery)["aso.fct_assessment"], "assessment_key", "stage")


def interval(tmp_path, delivery: Delivery) -> list[object]:
    """Left and right day of restoration."""
    return pick(only(read(tmp_path, delivery)["core.fct_episode"]), "restored_left_day restored_right_day")


def test_two_thirds_of_a_domain(tmp_path):
    delivery = Delivery().form("a1", 0, 4, SAF1=1, SAF3=None, LEG1=None, LEG2=None, MEN4=None, ECO1=None, ECO2=None)
    marts = read(tmp_path, delivery)
    row = only(marts["aso.fct_assessment"])
    assert pick(row, DOMAINS) == [2.5, None, 4, None, 4, 4]
    assert pick(row, "total n_domains n_scored n_missing is_restored") == [None, 4, 14, 6, False]


def test_total_and_restoration_need_five_domains(tmp_path):
    delivery = Delivery().form("five", 0, 3, PHY=None, SAF1=4).form("low", 1, 4, SAF1=2, SAF2=3, SAF3=3)
    forms = read(tmp_path, delivery)["aso.fct_assessment"]
    five, low = only(forms, assessment_key="five"), only(forms, assessment_key="low")
    assert pick(five, "phy n_domains is_restored") == [None, 5, True]
    assert five["total"] == pytest.approx((10 / 3 + 12) / 5)
    assert pick(low, "n_domains is_restored") == [6, False]
    assert low["saf"] == pytest.approx(8 / 3)


def test_score_status(tmp_path):
    delivery = Delivery().form("a1", 0, 2, SAF1=None, SAF2=9)
    row = next(row for row in delivery.rows["aso_scores"] if row["indicator_code"] == "LEG1")
    row["not_applicable"] = "true"
    delivery.rows["aso_scores"] = [row for row in delivery.rows["aso_scores"] if row["indicator_code"] != "PHY3"]
    marts = read(tmp_path, delivery)
    scores = marts["aso.fct_score"]
    assert len(scores) == 20
    for indicator, score, status in (
        ("SAF1", None, "missing"),
        ("SAF2", None, "missing"),
        ("SAF3", 2, "scored"),
        ("LEG1", None, "not_applicable"),
        ("PHY3", None, "missing"),
    ):
        assert pick(only(scores, indicator_code=indicator), "score score_status") == [score, status]
    form = only(marts["aso.fct_assessment"])
    assert pick(form, "n_scored n_not_applicable n_missing saf leg") == [16, 1, 3, None, 2]


def test_an_assessment_without_any_score_row(tmp_path):
    marts = read(tmp_path, Delivery().add("aso_assessments"))
    assert len(marts["aso.fct_score"]) == 20
    assert pick(only(marts["aso.fct_assessment"]), "n_scored n_missing n_domains total is_restored") == [
        0,
        20,
        0,
        None,
        False,
    ]


def test_restored_between_two_forms(tmp_path):
    delivery = episode(300).form("a1", 0, 1).form("a2", 100, 2).form("a3", 200, 3).form("a4", 250, 2)
    assert interval(tmp_path, delivery) == [100, 200]


def test_never_seen_restored_left_is_before_exit(tmp_path):
    delivery = episode(300).form("a1", 0, 1).form("a2", 299, 2).form("a3", 300, 2).form("a4", 361, 4)
    assert interval(tmp_path, delivery) == [299, None]


def test_restored_up_to_sixty_days_after_exit(tmp_path):
    assert interval(tmp_path, episode(300).form("a1", 360, 4)) == [None, 360]


def test_left_may_be_after_exit_when_restored_after_exit(tmp_path):
    assert interval(tmp_path, episode(300).form("a1", 310, 2).form("a2", 350, 4)) == [310, 350]


def test_forms_with_too_few_domains_bound_nothing(tmp_path):
    delivery = Delivery().form("a1", 0, 1).form("a2", 50, 4, SAF=None, LEG=None).form("a3", 60, 1, SAF=None, LEG=None)
    assert interval(tmp_path, delivery.form("a4", 90, 4)) == [0, 90]


def test_a_restored_form_before_intake_counts(tmp_path):
    assert interval(tmp_path, Delivery().form("a1", -20, 2).form("a2", -10, 3)) == [-20, -10]


def test_two_forms_on_one_day_the_later_entered_wins(tmp_path):
    delivery = Delivery().form("low", 0, 1, form={"entered_at": "2024-01-02T10:00:00+02:00"})
    delivery.form("high", 0, 4, form={"entered_at": "2024-01-02T09:00:00Z"}).form("unstamped", 0, 2)
    marts = read(tmp_path, delivery)
    assert column(marts["aso.fct_assessment"], "assessment_key", "stage") == {
        "low": "interim",
        "high": "initial",
        "unstamped": "interim",
    }
    row = only(marts["core.fct_episode"])
    assert pick(row, "restored_left_day restored_right_day n_assessments") == [None, 0, 3]
    assert only(marts["aso.snapshot"])["assessment_key"] == "high"


def test_same_stamp_goes_by_items_scored_then_key(tmp_path):
    delivery = Delivery().form("a", 0, 1, SAF1=None).form("c", 0, 1).form("b", 0, 1)
    assert stages(tmp_path, delivery) == {"a": "interim", "b": "initial", "c": "interim"}


@pytest.mark.parametrize(
    ("rescue", "days", "initial"),
    [
        (-30, (-40, -30, 0), -30),
        (-30, (61, 70), None),
        (-30, (60,), 60),
        (None, (-90, 0), -90),
        (None, (0, 10), 0),
        (10, (0, 10), 10),
    ],
)
def test_initial(tmp_path, rescue, days, initial):
    delivery = episode(rescue_date=None if rescue is None else on(rescue))
    for day in days:
        delivery.form(str(day), day)
    found = [int(key) for key, stage in stages(tmp_path, delivery).items() if stage == "initial"]
    assert found == ([] if initial is None else [initial])


@pytest.mark.parametrize(
    ("days", "end"),
    [((0, 239), None), ((0, 240), 240), ((0, 290, 360), 360), ((0, 290, 361), 290), ((0, 280, 300), 300)],
)
def test_end_is_the_last_within_sixty_days_of_exit(tmp_path, days, end):
    delivery = episode(300)
    for day in days:
        delivery.form(str(day), day)
    found = [int(key) for key, stage in stages(tmp_path, delivery).items() if stage == "end"]
    assert found == ([] if end is None else [end])


def test_initial_goes_before_end(tmp_path):
    assert stages(tmp_path, episode(50).form("a", 40).form("b", 45)) == {"a": "initial", "b": "end"}
    assert stages(tmp_path / "one", episode(50).form("a", 40)) == {"a": "initial"}


def test_an_open_episode_has_no_end_and_its_mid_is_nearest_to_six_months(tmp_path):
    delivery = Delivery().form("a", 0).form("b", 182).form("c", 183).form("d", 1034)
    assert stages(tmp_path, delivery) == {"a": "initial", "b": "interim", "c": "mid", "d": "interim"}


@pytest.mark.parametrize(("day", "stage"), [(60, "initial"), (61, "mid"), (1034, "mid"), (1035, "interim")])
def test_mid_of_an_open_episode_without_initial(tmp_path, day, stage):
    assert stages(tmp_path, Delivery().form("a", day)) == {"a": stage}


def test_mid_of_a_closed_episode_is_nearest_to_half_the_time(tmp_path):
    delivery = episode(400).form("a", 0).form("b", 190).form("c", 210).form("d", 395)
    assert stages(tmp_path, delivery) == {"a": "initial", "b": "mid", "c": "interim", "d": "end"}


def test_mid_lies_before_the_exit_or_the_end(tmp_path):
    delivery = episode(400).form("a", 0, 2).form("b", 461, 2)
    assert stages(tmp_path, delivery)["b"] == "interim"
    delivery = episode(400).form("a", 0, 2).form("b", 405, 2).form("c", 450, 2)
    assert stages(tmp_path / "end", delivery) == {"a": "initial", "b": "mid", "c": "end"}


def test_sustained_is_nearest_to_twelve_months_after_restoration(tmp_path):
    delivery = episode(110).form("a", 0, 1).form("b", 100, 4).form("near", 462).form("far", 470).form("early", 373)
    assert stages(tmp_path, delivery) == {
        "a": "initial",
        "b": "end",
        "near": "sustained",
        "far": "interim",
        "early": "interim",
    }


@pytest.mark.parametrize(("day", "stage"), [(373, "interim"), (374, "sustained"), (647, "sustained"), (648, "interim")])
def test_sustained_window_is_nine_to_eighteen_months(tmp_path, day, stage):
    delivery = episode(110).form("a", 100, 4).form("b", day)
    assert stages(tmp_path, delivery)["b"] == stage


def test_sustained_is_after_exit_and_end_goes_before_it(tmp_path):
    assert stages(tmp_path, episode(500).form("a", 50, 4).form("b", 400))["b"] == "mid"
    delivery = episode(430).form("a", 100, 4).form("b", 465).form("c", 600)
    assert stages(tmp_path / "end", delivery) == {"a": "mid", "b": "end", "c": "sustained"}


def test_snapshots_are_the_assessed_stages_only(tmp_path):
    marts = read(tmp_path, Delivery().form("a", 5, 2))
    row = only(marts["aso.snapshot"])
    assert pick(row, "episode_key stage assessment_key day total is_restored") == ["e1", "initial", "a", 5, 2, False]
    assert pick(only(marts["core.fct_episode"]), "has_initial has_mid has_end") == [True, False, False]


def test_change(tmp_path):
    delivery = episode(300).form("a", 0, 2, PHY=None, SAF=3).form("b", 200, 1).form("late", 361, 4)
    delivery.form("last", 360, 2, MEN1=3, MEN2=3, ECO1=4, ECO2=4, SOC=None, SAF=1, form={"assessor_id": "w2"})
    change = read(tmp_path, delivery)["aso.change"]
    assert set(change["domain_code"]) == {"SAF", "LEG", "MEN", "ECO", "TOTAL"}
    names = "initial latest delta is_measurable is_substantial is_worse assessor_changed"
    assert pick(only(change, domain_code="SAF"), names) == [3, 1, -2, False, False, True, True]
    assert pick(only(change, domain_code="LEG"), names) == [2, 2, 0, False, False, False, True]
    assert pick(only(change, domain_code="MEN"), names) == [2, 2.5, 0.5, True, False, False, True]
    assert pick(only(change, domain_code="ECO"), names) == [2, 3, 1, True, True, False, True]
    total = only(
        change, domain_code="TOTAL"
    )  # (3 + 2 + 2 + 2 + 2) / 5 without PHY, (1 + 2 + 2.5 + 3 + 2) / 5 without SOC
    assert pick(total, names) == [pytest.approx(2.2), pytest.approx(2.1), pytest.approx(-0.1), False, False, True, True]


def test_no_change_row_when_either_lacks_the_domain_or_the_form(tmp_path):
    assert read(tmp_path / "one", Delivery().form("a", 0))["aso.change"].empty
    assert read(tmp_path / "late", Delivery().form("a", 100).form("b", 200))["aso.change"].empty
    delivery = Delivery().form("a", 0, SAF=None, LEG=None).form("b", 90, form={"assessor_id": None})
    change = read(tmp_path / "few", delivery)["aso.change"]
    assert list(change["domain_code"]) == ["MEN", "ECO", "SOC", "PHY"]
    assert only(change, domain_code="MEN")["assessor_changed"] is None


def test_thresholds_are_compared_after_rounding(tmp_path):
    delivery = Delivery().form("a", 0, 2).form("b", 90, 2, SAF=3, LEG=3, MEN1=3, ECO1=3)
    total = only(read(tmp_path, delivery)["aso.change"], domain_code="TOTAL")
    assert total["delta"] == pytest.approx(2.5 / 6)
    delivery = Delivery().form("a", 0, 1, PHY=None, SOC=None).form("b", 90, 1, MEN=1, SAF1=2, SAF2=2)
    saf = only(read(tmp_path / "saf", delivery)["aso.change"], domain_code="SAF")
    assert pick(saf, "is_measurable is_substantial") == [True, False]
