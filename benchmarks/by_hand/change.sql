-- Both forms of an episode side by side, turned into a row per domain at the end.
with firsts as (
    select a.* from "build"."intermediate"."int_assessment" as a join "build"."intermediate"."int_stage" as s using (assessment_key) where s.stage = 'initial'
), pairs as (
    select f.episode_key, f.assessor_key, arg_max({'key': a.assessor_key}, a.day).key as latest_assessor, f.saf, f.leg, f.men, f.eco, f.soc, f.phy, f.total,
        (max(a.day) - any_value(f.day))::integer as days_between,
        arg_max({'saf': a.saf, 'leg': a.leg, 'men': a.men, 'eco': a.eco, 'soc': a.soc, 'phy': a.phy, 'total': a.total}, a.day) as latest
    from firsts as f
    join "build"."intermediate"."int_assessment" as a on f.episode_key = a.episode_key and a.day > f.day and a.is_of_the_day
    join "build"."intermediate"."int_episode" as e on e.episode_key = f.episode_key and (e.exit_day is null or a.day <= e.exit_day + 60)
    group by all
), long as (
    select episode_key, days_between, assessor_key != latest_assessor as assessor_changed, unnest([
        {'c': 'SAF', 'i': saf, 'l': latest.saf}, {'c': 'LEG', 'i': leg, 'l': latest.leg}, {'c': 'MEN', 'i': men, 'l': latest.men},
        {'c': 'ECO', 'i': eco, 'l': latest.eco}, {'c': 'SOC', 'i': soc, 'l': latest.soc}, {'c': 'PHY', 'i': phy, 'l': latest.phy},
        {'c': 'TOTAL', 'i': total, 'l': latest.total}]) as d
    from pairs
)
select episode_key, d.c as domain_code, d.i as initial, d.l as latest, d.l - d.i as delta, round(d.l - d.i, 9) >= 0.375 as is_measurable,
    round(d.l - d.i, 9) >= 0.75 as is_substantial, round(d.l - d.i, 9) < 0 as is_worse, assessor_changed, days_between
from long where d.i is not null and d.l is not null
