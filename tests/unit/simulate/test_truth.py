"""What is written down as true is what was simulated."""

import dataclasses
import json

import numpy as np
import pytest

from flows.extract.simulate import Parameters, mechanism, places, write_delivery
from flows.extract.simulate.codes import INDICATORS
from flows.extract.simulate.frame import pick
from flows.extract.simulate.truth import MONTHS, curves

# Whether the scores of a form say restored, from the definition: every scored domain >= 3.0, at least five scored.
FORMS = """
create view domain as
    select assessment_id, avg(score::int) as mean,
        count(score) >= case when code in ('MEN', 'ECO') then 3 else 2 end as ok
    from (select *, indicator_code[:3] as code from n.aso_scores) group by assessment_id, code;
create view form as
    select assessment_id, count(*) filter (ok) as n_domains, coalesce(min(mean) filter (ok) >= 3, false) as is_restored
    from domain group by assessment_id;
create view seen as
    select n_domains, is_restored, assessed_on::date - l.stay_intake::date >= l.restored_day as is_true, l.*
    from form join n.aso_assessments using (assessment_id) join latent l using (episode_id);
"""


@pytest.fixture(scope="module")
def forms(clean, opened):
    connection = opened(n=clean)
    connection.execute(f"create view latent as from '{clean.truth}/latent.parquet'")
    connection.execute(FORMS)
    return connection


@pytest.fixture(scope="module")
def many():
    """60,000 people without any of the delivery around them, and their office effects."""
    parameters, rng = Parameters(), np.random.default_rng(1)
    offices = places.offices(parameters)
    effect = offices["effect"][pick(rng, 60_000, tuple(offices["weight"]))]
    return parameters, mechanism.draw(parameters, rng, rng.standard_normal(60_000), effect)


def test_scores_say_what_is_true(forms):
    wrong = forms.sql("from seen where n_domains >= 5 and is_restored <> is_true").fetchall()
    assert wrong == []
    full, restored, n = forms.sql(
        "select count(*) filter (n_domains >= 5), count(*) filter (is_restored), count(*) from seen"
    ).fetchall()[0]
    assert 0.95 < full / n < 1
    assert 0.15 < restored / n < 0.5


def test_nobody_leaves_as_restored_unseen(forms):
    unseen = """
        select episode_id from n.aftercare_episodes join latent using (episode_id)
        where closure_reason in ('Restored', 'Restoration achieved', 'Successful restoration')
        and (seen_day is null or seen_day < restored_day)"""
    assert forms.sql(unseen).fetchall() == []


def test_label_noise_flips_the_share_it_names(tmp_path, opened, parameters):
    noisy = write_delivery(tmp_path / "noisy", dataclasses.replace(parameters, label_noise=0.1))
    connection = opened(n=noisy)
    connection.execute(f"create view latent as from '{noisy.truth}/latent.parquet'")
    connection.execute(FORMS)
    share = connection.sql("select avg((is_restored <> is_true)::int) from seen where n_domains >= 5").fetchall()[0][0]
    assert 0.07 < share < 0.13


def test_the_first_form_shows_the_needs_at_intake(many):
    parameters, drawn = many
    effects = dict(parameters.indicator_effects)
    assert set(effects) == {"SAF1", "MEN1", "MEN2", "ECO1", "SOC1"}
    fitted = np.linalg.lstsq(np.c_[drawn["base"], np.ones(60_000)], drawn["log_hazard"], rcond=None)[0]
    for item, code in enumerate(INDICATORS):
        assert fitted[item] == pytest.approx(effects.get(code, 0.0), abs=0.01)


def test_the_true_curves_are_those_of_many_people_followed(many):
    parameters, drawn = many
    true = curves(parameters)
    leaves_first = drawn["left_day"] < drawn["restored_day"]
    end = np.minimum(drawn["left_day"], drawn["restored_day"]) / 30.4375
    is_lost = np.isin(drawn["left_reason"], (1, 2))
    for i, month in enumerate(MONTHS):
        assert np.mean((end <= month) & ~leaves_first) == pytest.approx(true["restored"][i], abs=0.007)
        assert np.mean((end <= month) & leaves_first & is_lost) == pytest.approx(true["lost"][i], abs=0.005)
        assert np.mean((end <= month) & leaves_first & ~is_lost) == pytest.approx(true["other_exit"][i], abs=0.005)


def test_therapy_has_the_effect_it_is_said_to_have(many):
    """Restorations observed equal the hazard integrated over time, before and after the first session."""
    parameters, drawn = many
    therapy = drawn["therapy_day"] / 30.4375
    restored, left = drawn["restored_day"] / 30.4375, drawn["left_day"] / 30.4375
    end = np.minimum(restored, left)
    base = (end / parameters.weibull_scale_months) ** parameters.weibull_shape
    before = (np.minimum(end, therapy) / parameters.weibull_scale_months) ** parameters.weibull_shape
    risk, event = np.exp(drawn["log_hazard"]), restored < left
    off = event[therapy >= end].sum() / (risk * before).sum()
    on = event[therapy < end].sum() / (risk * (base - before)).sum()
    assert off == pytest.approx(1.0, abs=0.03)
    assert np.log(on) == pytest.approx(parameters.therapy_effect, abs=0.03)


def test_those_worse_off_get_more_therapy_and_the_crude_contrast_is_too_small(many):
    _, drawn = many
    assert np.corrcoef(drawn["need"], np.log(drawn["therapy_day"]))[0, 1] < -0.3
    assert np.corrcoef(drawn["need"], drawn["log_hazard"])[0, 1] < -0.5
    in_care = np.minimum(drawn["restored_day"], drawn["left_day"]) > 180
    early = drawn["therapy_day"][in_care] < 180
    rate = [(drawn["restored_day"][in_care][e] < drawn["left_day"][in_care][e]).mean() for e in (early, ~early)]
    assert rate[0] - rate[1] < 0.02


def test_therapy_begins_on_its_day(forms):
    first = """
        select min(delivered_on)::date - any_value(stay_intake)::date - floor(any_value(therapy_day))
        from n.health_services join latent using (episode_id)
        where service_type = 'trauma_therapy' and status = 'delivered' and recorded_from_day = 0
        and episode_id in (select episode_id from latent group by stay, episode_id having max(part) = 0)
        group by stay having count(distinct part) = 1"""
    days = [day for (day,) in forms.sql(first).fetchall()]
    assert len(days) > 100
    assert np.mean(np.array(days) == 0) > 0.97


def test_stays_have_the_shape_of_real_ones(tmp_path, opened):
    night = opened(n=write_delivery(tmp_path / "night", Parameters(survivors=1000)))
    shares = """
        with stay as (
            select *, coalesce(exit_date, '2026-11-01')::date - intake_date::date as days,
                exists (from n.aso_assessments a where a.episode_id = e.episode_id
                    and assessed_on::date - intake_date::date between 61 and 330) as has_mid
            from n.aftercare_episodes e)
        select avg(has_mid::int) filter (days > 330),
            avg((coalesce(closure_reason, '') in ('Lost contact', 'Lost to follow-up', 'Unable to locate'))::int),
            count(*) / count(distinct survivor_id) from stay"""
    has_mid, lost, episodes = night.sql(shares).fetchall()[0]
    assert 0.60 < has_mid < 0.90
    assert 0.05 < lost < 0.25
    assert 1.03 < episodes < 1.2
    gaps = """
        select intake_date::date - lag(exit_date::date) over one as gap
        from n.aftercare_episodes window one as (partition by survivor_id, case_id order by intake_date)"""
    continued, anew = night.sql(
        f"select count(*) filter (gap <= 30), count(*) filter (gap > 30) from ({gaps})"
    ).fetchall()[0]
    assert continued > 5
    assert anew > 5
    twice = "from n.aso_assessments group by episode_id, assessed_on having count(distinct entered_at) > 1"
    assert night.sql(f"select 1 {twice}").fetchall()


def test_the_truth_file_says_what_was_simulated(clean, parameters):
    truth = json.loads((clean.truth / "truth.json").read_text())
    assert truth["parameters"]["survivors"] == parameters.survivors
    assert truth["curve"]["months"] == [6, 12, 18, 24, 36]
    assert truth["curve"]["restored"] == sorted(truth["curve"]["restored"])
    assert truth["service_effect"]["log_hazard_ratio"] == parameters.therapy_effect
    better, worse = (truth["curve"]["counterfactual"][key] for key in ("therapy_at_intake", "no_therapy"))
    assert all(a > b for a, b in zip(better, worse, strict=True))
